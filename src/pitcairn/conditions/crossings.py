"""What changes the answer to a condition by time alone.

An answer that depends on now changes when something reaches an age: an event enters or leaves a window, a time to follow
it is over, a session ends, a date goes by. Whoever looks again at just those moments never needs to look at everybody.
"""

from __future__ import annotations

import msgspec

from pitcairn.conditions.places import audiences_in, check_place, walk
from pitcairn.conditions.tree import SPANS, Condition, Events, Fact, Leaf, Operator, Span

__all__ = ["Crossing", "account_moments", "audiences_in", "check_place", "crossings", "moment_traits"]


class Crossing(msgspec.Struct, frozen=True):
    """At `timestamp + age_ms` of an event of this type and name ("" is every name) the answer may change."""

    type: str
    event: str
    age_ms: int


def crossings(condition: Condition) -> frozenset[Crossing]:
    """The ages of events at which the answer may change by time alone: at the age the new answer holds, not before."""
    found: set[Crossing] = set()
    for _, node in walk(condition):
        if isinstance(node, Events):
            window = node.window
            ages = [span.ms for span in (window.oldest, window.newest, window.session) if span is not None]
            ages += [follow.within.ms + 1 for follow in node.then if not follow.did]
            found.update(Crossing(node.type, node.event, age) for age in ages)
    return frozenset(found)


def moment_traits(condition: Condition) -> frozenset[tuple[str, int]]:
    """Traits of persons that are compared with now: (name, offset in ms). The answer may change when now reaches the
    moment in the trait plus the offset, which is negative for what lies ahead of the moment."""
    return _moments(condition, Fact.TRAIT)


def account_moments(condition: Condition) -> frozenset[tuple[str, int]]:
    """The same for traits of accounts."""
    return _moments(condition, Fact.ACCOUNT)


def _moments(condition: Condition, fact: Fact) -> frozenset[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for _, node in walk(condition):
        if isinstance(node, Leaf) and node.fact is fact and node.operator in SPANS and isinstance(node.value, Span):
            ahead = node.operator in {Operator.WITHIN_NEXT, Operator.AFTER_NEXT}
            found.add((node.name, -node.value.ms if ahead else node.value.ms))
            if node.operator in {Operator.WITHIN_NEXT, Operator.WITHIN_LAST}:
                found.add((node.name, 0))
    return frozenset(found)
