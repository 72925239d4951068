"""The condition tree: what is asked, of which fact, and how.

A condition is a tree of frozen values: leaves ask one question of one fact (`Leaf`) or of what somebody did (`Events`), and
the nodes above them join questions (`All`, `AnyOf`, `Not`, `Users`). The tree is only data; `parsing` makes it from JSON,
`evaluation` compiles it for one visit, `history` for one history, `sql` for all of them, `description` puts it into words.

Where what is allowed: `places`. A visit has no events; what an event says (`property`, `context`) can only be
asked inside the `where` of `Events` and `Follow`; `Users` stands only in the condition of an account.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

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

MAX_FOLLOWS = 5
"""Steps after one event: each is a search through its own kind of events for every event it may follow."""

MAX_INTEGER = 2**63 - 1
"""Whole numbers beyond this do not survive every JSON reader on the way."""

Scalar: TypeAlias = str | int | float | bool


class Unit(StrEnum):
    """What spans of time are counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"


UNIT_MS = {Unit.MINUTES: 60_000, Unit.HOURS: 3_600_000, Unit.DAYS: 86_400_000, Unit.WEEKS: 604_800_000}

LONGEST_SPAN_MS = 10 * 366 * 86_400_000
"""Ten years: further back nobody means anything, and no moment leaves the range of the event store's clock."""


class Span(msgspec.Struct, frozen=True):
    """A length of time. A day is 24 hours, as Segment counts them."""

    amount: int
    unit: Unit

    @property
    def ms(self) -> int:
        return self.amount * UNIT_MS[self.unit]


class Reference(msgspec.Struct, frozen=True):
    """A value that is looked up: of the person's trait, or, inside a `Follow`, of a property of the event it follows.

    `kind` is "trait" or "parent". A leaf whose reference leads to nothing is false, as one whose fact is absent.
    """

    kind: Literal["trait", "parent"]
    name: str


Value: TypeAlias = Scalar | tuple[Scalar, ...] | Span | Reference | None


class Fact(StrEnum):
    """What a leaf asks about."""

    TRAIT = "trait"
    PAGE = "page"
    UTM = "utm"
    REFERRER = "referrer"
    DEVICE = "device"
    COUNTRY = "country"
    LANGUAGE = "language"
    AUDIENCE = "audience"
    """Membership of the audience with this key: true or false, never absent."""
    ACCOUNT = "account"
    """A trait of an account: the person's own, or in the condition of an account that one's. With several accounts, any."""
    PROPERTY = "property"
    CONTEXT = "context"
    FIRST_UTM = "first_utm"
    """Of the first campaign that is known of the visitor; `utm` is the page's own."""
    LAST_UTM = "last_utm"
    FIRST_REFERRER = "first_referrer"
    LAST_REFERRER = "last_referrer"
    VISIT = "visit"
    TIME = "time"
    """The time of day where the visitor is."""
    LOCATION = "location"
    COMPANY = "company"
    """What the IP data says of the company the visitor's address belongs to."""


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
    BEFORE_DATE = "before_date"
    AFTER_DATE = "after_date"
    WITHIN_LAST = "within_last"
    WITHIN_NEXT = "within_next"
    BEFORE_LAST = "before_last"
    AFTER_NEXT = "after_next"


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """One question: does the fact `fact`, or its part `name`, compare with `value` as `operator` says?

    `name` is "" for a fact without parts. `value` is None for `exists` and `absent`, a tuple for `one_of` and
    `none_of`, a text or a tuple of texts for `contains` and `omits`, a number for the four that order, a text for
    `starts_with`, `ends_with` and `matches`, any single value for `equals` and `differs`, an ISO 8601 text with `Z` or an
    offset for `before_date` and `after_date`, and a `Span` for the four that compare with now. A `Reference` may stand for
    a single value.
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


class Window(msgspec.Struct, frozen=True):
    """Events whose age is at least `newest` (none: also those dated in the future) and below `oldest` (none: of any age).

    Or, with `session` alone: those of the session that goes on. It ends when nothing that counts has come for that long,
    so it reaches back from the newest event that counts as long as each came less than `session` after the one before,
    and is empty once the newest is as old.
    """

    oldest: Span | None = None
    newest: Span | None = None
    session: Span | None = None


class Measure(StrEnum):
    """What of the events is compared."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    MODE = "mode"
    """The value that occurs most often, at least twice; of several the first in order."""
    FIRST = "first"
    LAST = "last"
    UNIQUE = "unique"
    """The list of the different values, in order: for computed traits alone, no condition compares it."""
    UNIQUE_COUNT = "unique_count"


class Follow(msgspec.Struct, frozen=True, kw_only=True):
    """What came, or did not come, after an event: later than it, and at most `within` later.

    That something did not come is known, and counts, once `within` is over.
    """

    did: bool
    event: str
    type: str = "track"
    where: Condition = All()
    within: Span


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """A question about what somebody did: the events named `event` of this `type` (track, page or screen; an empty name is
    every name) in the `window` that fulfil `where` and after which everything in `then` happened or did not.

    `measure` makes a value of them: their count, or what it says of the values of `property` (numbers alone for sum,
    average, minimum and maximum; without any value there is none, and the question is answered with no; a unique count is
    then 0). `operator` and `value` compare it; a count with `at_least`, `at_most`, `equals`, and the other two that order.
    """

    event: str
    type: str = "track"
    where: Condition = All()
    window: Window = Window()
    then: tuple[Follow, ...] = ()
    measure: Measure = Measure.COUNT
    property: str = ""
    operator: Operator = Operator.AT_LEAST
    value: Value = 1


class Users(msgspec.Struct, frozen=True):
    """In the condition of an account: whether the condition holds for any, for all (of at least one) or for none of its users."""

    quantifier: Literal["any", "all", "none"]
    condition: Condition


Condition: TypeAlias = All | AnyOf | Not | Leaf | Events | Users

ORDERING = frozenset({Operator.LESS_THAN, Operator.AT_MOST, Operator.GREATER_THAN, Operator.AT_LEAST})
PRESENCE = frozenset({Operator.EXISTS, Operator.ABSENT})
MOMENTS = frozenset({Operator.BEFORE_DATE, Operator.AFTER_DATE})
SPANS = frozenset({Operator.WITHIN_LAST, Operator.WITHIN_NEXT, Operator.BEFORE_LAST, Operator.AFTER_NEXT})
LISTS = frozenset({Operator.ONE_OF, Operator.NONE_OF})
REFERABLE = frozenset({Operator.EQUALS, Operator.DIFFERS}) | ORDERING | MOMENTS
"""Operators whose value may be a reference."""
NUMBER_MEASURES = frozenset(
    {Measure.COUNT, Measure.SUM, Measure.AVERAGE, Measure.MINIMUM, Measure.MAXIMUM, Measure.UNIQUE_COUNT}
)
"""Measures that are numbers, and so only compare with numbers."""
EVENT_TYPES = ("track", "page", "screen")

UTM = ("source", "medium", "campaign", "term", "content")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NAMES: dict[Fact, tuple[str, ...]] = {
    Fact.PAGE: ("url", "host", "path"),
    Fact.UTM: UTM,
    Fact.REFERRER: ("url", "host"),
    Fact.DEVICE: ("type", "browser", "os"),
    Fact.COUNTRY: (),
    Fact.LANGUAGE: (),
    Fact.FIRST_UTM: UTM,
    Fact.LAST_UTM: UTM,
    Fact.FIRST_REFERRER: ("url", "host"),
    Fact.LAST_REFERRER: ("url", "host"),
    Fact.VISIT: ("number", "pages", "returning", "first_seen"),
    Fact.TIME: ("hour", "weekday"),
    Fact.LOCATION: ("continent", "region", "city", "postal_code", "time_zone"),
}
"""The parts of each fact with a fixed set of them; the page also has `query.<parameter>`, and facts not here have any."""

DEVICE_TYPES = ("desktop", "mobile", "tablet", "bot")
QUERY_PREFIX = "query."
