"""What a variation writes on a page, with its tokens filled in for one visitor.

What a workspace marked as public is filled in for everybody: anybody can say in a browser that they are somebody else, and
would be shown what is known of them. Other traits of a person are filled in only for one whose identity is proven, and only
those that are theirs (`profiles/proofs.py`); an account's are not, since nobody proves whose account it is. A change that a
value would make unsafe (an address that runs code, say) is written as for a visitor of whom nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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

NOTHING_PROVEN: Mapping[str, Any] = {}

_Written = TextChange | HTMLChange | InsertChange | AttributeChange


class Copy:
    """The changes of a variation, compiled. Made once per snapshot; `filled` is a function of what is known of a visitor."""

    def __init__(self, changes: Sequence[Change], public: frozenset[str]) -> None:
        self._changes = changes
        self._texts: dict[int, tuple[_Written, Text]] = {}
        for index, change in enumerate(changes):
            if isinstance(change, _Written) and change.value is not None and has_tokens(change.value):
                self._texts[index] = change, Text(change.value, html=isinstance(change, HTMLChange | InsertChange))
        every = frozenset[str]().union(*(text.names for _, text in self._texts.values()))
        self.names = every & public
        self.private = private_names(every, public)

    def __bool__(self) -> bool:
        """Whether there are tokens at all."""
        return bool(self._texts)

    def filled(self, facts: Facts | None = None, proven: Mapping[str, Any] = NOTHING_PROVEN) -> list[Change]:
        """The changes for a visitor; without facts, for one of whom nothing is known. `proven` are their own traits."""
        values = said_values(self.names, self.private, facts, proven) if facts is not None else {}
        filled = list(self._changes)
        for index, (change, text) in self._texts.items():
            filled[index] = _written(change, text, values)
        return filled


def private_names(names: frozenset[str], public: frozenset[str]) -> frozenset[str]:
    """Those that are said to the person alone, if that is proven."""
    return frozenset(name for name in names - public if name.startswith("traits."))


def said_values(
    names: Iterable[str], private: Iterable[str], facts: Facts, proven: Mapping[str, Any]
) -> dict[str, str]:
    """What tokens of these names say to a visitor."""
    values = {name: value_at(name, facts.traits, facts.accounts) for name in names}
    if proven:
        values |= {name: value_at(name, proven, ()) for name in private}
    return {name: value for name, value in values.items() if value is not None}


class Sayable(msgspec.Struct, frozen=True):
    """What a workspace's pages may say: `public` to everybody, and with `proves` to each person what is theirs."""

    public: frozenset[str] = frozenset()
    proves: bool = False
    """Some source can prove who a visitor is."""

    def problems(self, names: frozenset[str]) -> Iterator[str]:
        """Of each name that may not be said, what to do."""
        for name in sorted(names - self.public - (private_names(names, self.public) if self.proves else frozenset())):
            problem = f"{name} is not public, so no page may say it; an owner can mark it as public in the settings"
            proof = ", or let a source prove who its visitors are (Proven identity, in the source's settings)"
            yield problem + (proof if name.startswith("traits.") else "")


def public_problems(changes: Sequence[Change], sayable: Sayable) -> Iterable[tuple[int, str]]:
    """By number of the change: tokens that name a trait which may not be said."""
    for index, change in enumerate(changes):
        if isinstance(change, _Written) and change.value is not None and has_tokens(change.value):
            try:
                names = Text(change.value, html=False).names
            except TokenError:
                continue  # It is a problem of the change itself, and told as one.
            for problem in sayable.problems(names):
                yield index, problem


def _written(change: _Written, text: Text, values: dict[str, str]) -> Change:
    written = msgspec.structs.replace(change, value=text.render(values))
    try:
        check_written(written)
    except ChangeError:
        return msgspec.structs.replace(change, value=text.render({}))
    return written
