"""Why the condition of a visit holds or does not: the tree again, with the value that each question saw."""

from __future__ import annotations

from typing import Any

import msgspec

from pitcairn.conditions.description import describe
from pitcairn.conditions.evaluation import compile_condition, reader
from pitcairn.conditions.facts import Facts, path_reader
from pitcairn.conditions.tree import All, AnyOf, Condition, Fact, Leaf, Not


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a condition for one visit: its words, its answer, the value that a question saw (None: absent), and the
    parts it joins."""

    words: str
    holds: bool
    asks: bool = False
    value: Any = None
    inner: tuple[Seen, ...] = ()


def explain_visit(condition: Condition, facts: Facts) -> Seen:
    """Each part is answered by the function that decides with it. Raises `ConditionError` as `compile_condition` does."""
    words, holds = describe(condition), compile_condition(condition)(facts)
    match condition:
        case All(conditions) | AnyOf(conditions):
            return Seen(words=words, holds=holds, inner=tuple(explain_visit(part, facts) for part in conditions))
        case Not(part):
            return Seen(words=words, holds=holds, inner=(explain_visit(part, facts),))
        case Leaf():
            return Seen(words=words, holds=holds, asks=True, value=_found(condition, facts))
        case _:
            raise AssertionError(f"{condition} is not asked of a visit")


def _found(leaf: Leaf, facts: Facts) -> Any:
    if leaf.fact is Fact.ACCOUNT:
        read = path_reader(leaf.name)
        values = [value for account in facts.accounts if (value := read(account)) is not None]
        return values[0] if len(values) == 1 else values or None
    return reader(leaf.fact, leaf.name)(facts)
