"""FQL's words: a text is cut into names, texts, numbers and signs, each with the place where it stands."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum

from pitcairn.connections.filters.fql_error import FQLError

MAX_BYTES = 5 * 1024
"""Segment's limit for the FQL of a filter."""


class Kind(Enum):
    """What a word is. The value is what it is called in an error."""

    NAME = "a name"
    TEXT = "a text"
    NUMBER = "a number"
    SIGN = "a sign"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    value: str | int | float
    """A name or a text without its escapes, a number, or a sign as written."""
    position: int
    plain: bool = True
    """A name without escapes: only such a one can be a word of the language, such as `and`."""

    @property
    def words(self) -> str:
        """What an error calls it."""
        match self.kind:
            case Kind.END:
                return "the end"
            case Kind.TEXT:
                return f"the text {_short(str(self.value))!r}"
            case Kind.NUMBER:
                return f"the number {_short(str(self.value))}"
            case Kind.SIGN:
                return f"'{self.value}'"
            case Kind.NAME:
                return _short(str(self.value))


_SPACE = re.compile(r"[ \t\r\n]+")
_SIGN = re.compile(r"!=|<=|>=|[!=<>()\[\],.]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_NAME = re.compile(r"(?:[A-Za-z0-9_-]|\\[\s\S])+")
_ESCAPED = re.compile(r"\\([\s\S])")
_STARTS_NAME = re.compile(r"[A-Za-z_\\]")
_STARTS_NUMBER = re.compile(r"[+-]?\d", re.ASCII)
_STARTS_NAME_AFTER_DOT = re.compile(r"[A-Za-z0-9_\\-]")
_TEXTS = {quote: re.compile(rf"{quote}((?:[^\\{quote}]|\\[\s\S])*){quote}") for quote in "'\""}


def tokenize(source: str) -> list[Token]:
    """The words of `source`, with one that says END behind them. Raises `FQLError`."""
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise FQLError(f"The FQL has {size:,} bytes; use at most {MAX_BYTES:,}.", source, 0)
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        if space := _SPACE.match(source, position):
            position = space.end()
            continue
        after_dot = bool(tokens) and tokens[-1].kind is Kind.SIGN and tokens[-1].value == "."
        token, position = _token(source, position, after_dot=after_dot)
        tokens.append(token)
    tokens.append(Token(Kind.END, "", len(source)))
    return tokens


def _token(source: str, position: int, *, after_dot: bool) -> tuple[Token, int]:
    character = source[position]
    if character in _TEXTS:
        return _text(source, position)
    if after_dot and _STARTS_NAME_AFTER_DOT.match(source, position):
        return _name(source, position)
    if _STARTS_NUMBER.match(source, position):
        return _number(source, position)
    if _STARTS_NAME.match(source, position):
        return _name(source, position)
    sign = _SIGN.match(source, position)
    if sign is None:
        raise FQLError(_unknown(character), source, position)
    return Token(Kind.SIGN, sign[0], position), sign.end()


def _text(source: str, position: int) -> tuple[Token, int]:
    """A backslash stays, so that patterns keep theirs; only before the text's own quote it means the quote itself."""
    quote = source[position]
    found = _TEXTS[quote].match(source, position)
    if found is None:
        raise FQLError(f"The text that begins here does not end. Close it with {quote}.", source, position)
    value = _ESCAPED.sub(lambda pair: pair[1] if pair[1] == quote else pair[0], found[1])
    return Token(Kind.TEXT, value, position), found.end()


def _name(source: str, position: int) -> tuple[Token, int]:
    found = _NAME.match(source, position)
    if found is None:
        raise FQLError("Expected a character behind the backslash; the FQL ends here.", source, len(source))
    value = _ESCAPED.sub(r"\1", found[0])
    return Token(Kind.NAME, value, position, plain="\\" not in found[0]), found.end()


def _number(source: str, position: int) -> tuple[Token, int]:
    found = _NUMBER.match(source, position)
    assert found is not None
    behind = source[found.end() : found.end() + 1]
    if behind == "." or _STARTS_NAME_AFTER_DOT.match(behind):
        raise FQLError(
            f"The number {_short(found[0])} cannot go on with {behind!r}. "
            "A name that begins with a digit needs a backslash before it.",
            source,
            found.end(),
        )
    text = found[0]
    try:
        value: int | float = float(text) if set(text) & set(".eE") else int(text)
    except ValueError:  # int() takes no more than some thousand digits
        value = math.inf
    if abs(value) >= 2**1024:
        raise FQLError(f"The number {_short(text)} is too large.", source, position)
    return Token(Kind.NUMBER, value, position), found.end()


def _unknown(character: str) -> str:
    hint = {
        "&": "Write and.",
        "|": "Write or.",
        "“": "Use plain quotes, ' or \".",
        "”": "Use plain quotes, ' or \".",
        "‘": "Use plain quotes, ' or \".",
        "’": "Use plain quotes, ' or \".",
        "*": "Patterns stand in quotes, in match( … ).",
    }.get(character, "In a name it needs a backslash before it.")
    return f"{character} means nothing here. {hint}"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
