"""Tokens in what a change writes: `{{ account.name | default: "your team" }}`, in Liquid, rendered for each visitor here.

A token names a trait of the person (`traits.first_name`, `traits.company.name`) or of an account they belong to
(`account.name`), and may pass it through filters. There are no tags: no loops, no assignments, no includes. A value that is
not a text or a number, or that is not known, is nothing, for which `default` stands in. In HTML every value is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError

MAX_VALUE_LENGTH = 200
"""Of one trait as it is put into a page: a name or a number, not a document."""
MAX_RENDERED_LENGTH = 40_000
"""Twice what a change may hold."""
MAX_TOKENS = 50

FILTERS = frozenset({
    "append", "capitalize", "ceil", "default", "downcase", "escape", "floor", "prepend", "replace", "round", "strip",
    "truncate", "truncatewords", "upcase", "url_encode",
})  # fmt: skip
ROOTS = ("traits", "account")
_EXAMPLE = '{{ account.name | default: "your team" }}'


class TokenError(ValueError):
    """A text with tokens is not usable. The text says what to write instead."""


class _Environment(Environment):
    output_stream_limit = MAX_RENDERED_LENGTH


def _environment(*, autoescape: bool) -> Environment:
    environment = _Environment(autoescape=autoescape)
    for name in set(environment.filters) - FILTERS:
        del environment.filters[name]
    return environment


_HTML, _PLAIN = _environment(autoescape=True), _environment(autoescape=False)


class Text:
    """A text with its tokens compiled. `names` are the traits that it says, as people write them: `account.name`."""

    def __init__(self, source: str, *, html: bool) -> None:
        """Raises TokenError for what is no token, or not one that is allowed here."""
        if "{%" in source:
            raise TokenError(f"it holds '{{%', and only tokens are read here; write one such as {_EXAMPLE}")
        try:
            self._template: BoundTemplate = (_HTML if html else _PLAIN).from_string(source)
            found = self._template.analyze()
        except LiquidError as error:
            raise TokenError(f"a token in it cannot be read: {error.message}; write it as {_EXAMPLE}") from None
        except RecursionError:
            raise TokenError(f"a token in it is nested too deep; write it as {_EXAMPLE}") from None
        if found.tags:
            raise TokenError(f"it holds {next(iter(found.tags))!r}, and only tokens are read here, such as {_EXAMPLE}")
        if unknown := set(found.filters) - FILTERS:
            raise TokenError(f"there is no filter {min(unknown)!r}; use one of {', '.join(sorted(FILTERS))}")
        variables = [one for several in found.variables.values() for one in several]
        if len(variables) > MAX_TOKENS:
            raise TokenError(f"{len(variables)} tokens are too many; the limit is {MAX_TOKENS}")
        self._paths = [_path(one.segments) for one in variables]
        self.names = frozenset(".".join(path) for path in self._paths)

    def render(self, values: Mapping[str, str]) -> str:
        """The text for somebody; `values` are the traits that may be said, by name. Names that are not in it are unknown."""
        context: dict[str, Any] = {}
        for path in self._paths:
            value = values.get(".".join(path))
            if value is None:
                continue
            at = context
            for step in path[:-1]:
                at = at.setdefault(step, {})
                if not isinstance(at, dict):
                    break
            else:
                at[path[-1]] = value
        try:
            return self._template.render(**context)
        except LiquidError:
            # A filter that a value does not fit, or a text grown too long. Without values it was rendered when it was saved.
            return self._template.render() if context else ""


def has_tokens(source: str | None) -> bool:
    return source is not None and ("{{" in source or "{%" in source)


def value_at(name: str, traits: Mapping[str, Any], accounts: Sequence[Mapping[str, Any]]) -> str | None:
    """What a token of this name says of somebody: of several accounts, the first that has it. None when it is not known."""
    root, _, rest = name.partition(".")
    for of in (traits,) if root == "traits" else accounts:
        found: Any = of
        # A trait's own name may hold dots; the longest one that is there is meant.
        if rest in of:
            found = of[rest]
        else:
            for step in rest.split("."):
                found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            continue
        text = "".join(character for character in str(found) if character.isprintable() or character == " ").strip()
        if text:
            return text[:MAX_VALUE_LENGTH]
    return None


def _path(segments: Sequence[Any]) -> tuple[str, ...]:
    if len(segments) < 2 or segments[0] not in ROOTS or not all(isinstance(one, str) for one in segments):
        shown = ".".join(map(str, segments))
        raise TokenError(
            f"{shown!r} names no trait; write traits.first_name for a person's, or account.name for an account's"
        )
    return tuple(segments)
