"""When a person was in an audience, and what a computed trait was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pitcairn.dashboard.times import from_ms
from pitcairn.engage.queries import MembershipItem
from pitcairn.profiles.views.words import words

STRIP_WIDTH = 160
SMALLEST = 2
"""Narrower, a time could not be seen."""

SHORTEST_SPAN = timedelta(days=1)
"""What the strip shows at least, so that who entered a minute ago does not seem to have been there for ever."""


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A time during which a membership or a computed trait had one value; without an end it still has."""

    words: str
    member: bool
    since: datetime
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A time in the audience on the strip, in its units from the left."""

    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What one audience or computed trait says of the person; `spells` are newest first, the first is now.

    `bars` are the times in the audience between `first` and now, on a strip of `STRIP_WIDTH`.
    """

    item: MembershipItem
    audience: bool
    spells: tuple[Spell, ...]
    bars: tuple[Bar, ...]
    first: datetime

    @property
    def now(self) -> Spell:
        return self.spells[0]


def membership(item: MembershipItem, now: datetime) -> Membership:
    audience = item.kind == "audience"
    times = [(item.value, item.since, None), *((past.value, past.since, past.until) for past in item.history)]
    spells = tuple(
        Spell(
            words=("In" if value is True else "Out") if audience else "no value" if value is None else words(value),
            member=value is not None and value is not False,
            since=from_ms(since),
            until=None if until is None else from_ms(until),
        )
        for value, since, until in times
    )
    first = min(spells[-1].since, now - SHORTEST_SPAN)
    scale = STRIP_WIDTH / (now - first).total_seconds()
    bars = []
    for spell in spells if audience else ():
        if spell.member:
            width = max(((spell.until or now) - spell.since).total_seconds() * scale, SMALLEST)
            x = min((spell.since - first).total_seconds() * scale, STRIP_WIDTH - width)
            bars.append(Bar(x=round(x, 1), width=round(width, 1)))
    return Membership(item=item, audience=audience, spells=spells, bars=tuple(bars), first=first)
