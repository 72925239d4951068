"""What a variation writes on a page, with its tokens filled in for one visitor.

Only what a workspace marked as public is ever filled in: anybody can say in a browser that they are somebody else, and would
be shown what is known of them. A change that a value would make unsafe (an address that runs code, say) is written as for a
visitor of whom nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pitcairn.conditions import Facts
from pitcairn.experiences.changes import (
    AttributeChange,
    Change,
    ChangeError,
    HTMLChange,
    InsertChange,
    TextChange,
    check_written,
)
from pitcairn.experiences.tokens import Text, TokenError, has_tokens, value_at

_Written = TextChange | HTMLChange | InsertChange | AttributeChange


class Copy:
    """The changes of a variation, compiled. Made once per snapshot; `filled` is a function of what is known of a visitor."""

    def __init__(self, changes: Sequence[Change], public: frozenset[str]) -> None:
        self._changes = changes
        self._texts: dict[int, tuple[_Written, Text]] = {}
        for index, change in enumerate(changes):
            if isinstance(change, _Written) and change.value is not None and has_tokens(change.value):
                self._texts[index] = change, Text(change.value, html=isinstance(change, HTMLChange | InsertChange))
        self.names = frozenset[str]().union(*(text.names for _, text in self._texts.values())) & public

    def __bool__(self) -> bool:
        """Whether there are tokens at all."""
        return bool(self._texts)

    def filled(self, facts: Facts | None = None) -> list[Change]:
        """The changes for a visitor; without facts, for one of whom nothing is known."""
        values: dict[str, str] = {}
        for name in self.names if facts is not None else ():
            if (value := value_at(name, facts.traits, facts.accounts)) is not None:  # type: ignore[union-attr]
                values[name] = value
        filled = list(self._changes)
        for index, (change, text) in self._texts.items():
            filled[index] = _written(change, text, values)
        return filled


def public_problems(changes: Sequence[Change], public: frozenset[str]) -> Iterable[tuple[int, str]]:
    """By number of the change: tokens that name a trait which may not be said."""
    for index, change in enumerate(changes):
        if isinstance(change, _Written) and change.value is not None and has_tokens(change.value):
            try:
                names = Text(change.value, html=False).names
            except TokenError:
                continue  # It is a problem of the change itself, and told as one.
            for name in sorted(names - public):
                yield (
                    index,
                    f"{name} is not public, so no page may say it; an owner can mark it as public in the settings",
                )


def _written(change: _Written, text: Text, values: dict[str, str]) -> Change:
    written = msgspec.structs.replace(change, value=text.render(values))
    try:
        check_written(written)
    except ChangeError:
        return msgspec.structs.replace(change, value=text.render({}))
    return written
