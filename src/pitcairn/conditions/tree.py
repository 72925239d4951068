"""The condition tree: what is asked, of which fact, and how.

A condition is a tree of frozen values: leaves ask one question of one fact (`Leaf`), and the nodes above them join
questions (`All`, `AnyOf`, `Not`). The tree is only data; `parsing` makes it from JSON, `evaluation` compiles it,
`description` puts it into words.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

MAX_DEPTH = 20
"""Nested nodes, the leaf included. Nobody reads deeper trees, and recursion over them stays far from Python's limit."""

MAX_NODES = 500
"""Nodes of a tree, leaves included. Segment stops at 50 questions; 500 keeps one decision far below a millisecond."""

MAX_VALUES = 10_000
"""Values of one list. Lists of target accounts are long, and looking one up costs the same however long the list is."""

MAX_TEXT = 2_000
"""Characters of one value: as long as browsers and servers accept addresses."""

MAX_NAME = 500
"""Characters of the name of a fact."""

MAX_INTEGER = 2**63 - 1
"""Whole numbers beyond this do not survive every JSON reader on the way."""

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None


class Fact(StrEnum):
    """What a leaf asks about."""

    TRAIT = "trait"
    PAGE = "page"
    UTM = "utm"
    REFERRER = "referrer"
    DEVICE = "device"
    COUNTRY = "country"
    LANGUAGE = "language"


class Operator(StrEnum):
    """How a leaf compares. The words are those of Segment's audience query language, and `matches`."""

    EQUALS = "equals"
    DIFFERS = "differs"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    GREATER_THAN = "greater_than"
    AT_LEAST = "at_least"
    CONTAINS = "contains"
    OMITS = "omits"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    EXISTS = "exists"
    ABSENT = "absent"
    MATCHES = "matches"


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One question: does the fact `fact`, or its part `name`, compare with `value` as `operator` says?

    `name` is "" for a fact without parts. `value` is None for `exists` and `absent`, a tuple for `one_of` and
    `none_of`, a text or a tuple of texts for `contains` and `omits`, a number for the four that order, a text for
    `starts_with`, `ends_with` and `matches`, and any single value for `equals` and `differs`.
    """

    fact: Fact
    name: str = ""
    operator: Operator
    value: Value = None


class All(msgspec.Struct, frozen=True):
    """True when every condition is; without conditions it is always true."""

    conditions: tuple[Condition, ...] = ()


class AnyOf(msgspec.Struct, frozen=True):
    """True when at least one condition is. Parsing refuses an empty one, which would never be true."""

    conditions: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True):
    """True when the condition is not, so also where the fact it asks about is absent."""

    condition: Condition


Condition: TypeAlias = All | AnyOf | Not | Leaf

ORDERING = frozenset({Operator.LESS_THAN, Operator.AT_MOST, Operator.GREATER_THAN, Operator.AT_LEAST})
PRESENCE = frozenset({Operator.EXISTS, Operator.ABSENT})
LISTS = frozenset({Operator.ONE_OF, Operator.NONE_OF})

NAMES: dict[Fact, tuple[str, ...]] = {
    Fact.PAGE: ("url", "host", "path"),
    Fact.UTM: ("source", "medium", "campaign", "term", "content"),
    Fact.REFERRER: ("url", "host"),
    Fact.DEVICE: ("type", "browser", "os"),
    Fact.COUNTRY: (),
    Fact.LANGUAGE: (),
}
"""The parts of each fact with a fixed set of them; traits have any, and the page also has `query.<parameter>`."""

DEVICE_TYPES = ("desktop", "mobile", "tablet", "bot")
QUERY_PREFIX = "query."
