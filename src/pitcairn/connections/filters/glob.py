"""FQL's patterns: `*`, `?`, `[abc]`, `[a-z]`, `[^a-z]` and `\\x` for x itself, matched over the whole text."""

from __future__ import annotations

import functools
import re

from pitcairn.connections.filters.fql_lexer import MAX_BYTES


class GlobError(ValueError):
    """A pattern that cannot be read. The text says why."""


def compile_glob(pattern: str) -> re.Pattern[str]:
    """A regular expression for `fullmatch`. Raises `GlobError`.

    Every piece between two stars is fixed where it is found first, in an atomic group: that is always right for such
    patterns, and a text made of one repeated letter cannot make the search explode.
    """
    first, *rest = _pieces(pattern)
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + f".*{last}", re.DOTALL)


@functools.lru_cache(maxsize=256)
def known_glob(pattern: str) -> re.Pattern[str] | None:
    """For patterns that come out of messages: None for one that cannot be read, or that no filter could hold."""
    if len(pattern) > MAX_BYTES:
        return None
    try:
        return compile_glob(pattern)
    except GlobError:
        return None


def _pieces(pattern: str) -> list[str]:
    """What stands between the stars, each as a regular expression."""
    pieces = [""]
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            pieces.append("")
        elif character == "?":
            pieces[-1] += "."
        elif character == "[":
            piece, position = _class(pattern, position)
            pieces[-1] += piece
        else:
            if character == "\\":
                character, position = _escaped(pattern, position)
            pieces[-1] += re.escape(character)
    return pieces


def _class(pattern: str, position: int) -> tuple[str, int]:
    """What stands in brackets; `position` is behind the opening one, and comes back behind the closing one."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    empty = True
    while empty or not pattern.startswith("]", position):
        low, position = _member(pattern, position)
        high = low
        if pattern.startswith("-", position):
            high, position = _member(pattern, position + 1)
        empty = False
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    if not ranges:
        return ("." if negated else "(?!)"), position + 1
    return f"[{'^' if negated else ''}{''.join(ranges)}]", position + 1


def _member(pattern: str, position: int) -> tuple[str, int]:
    if position >= len(pattern):
        raise GlobError("a [ is not closed by a ]")
    character = pattern[position]
    if character in "]-":
        raise GlobError(f"between [ and ] a {character} needs a backslash before it")
    if character == "\\":
        return _escaped(pattern, position + 1)
    return character, position + 1


def _escaped(pattern: str, position: int) -> tuple[str, int]:
    if position >= len(pattern):
        raise GlobError("it ends in a backslash with nothing behind it")
    return pattern[position], position + 1
