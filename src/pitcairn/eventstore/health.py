"""What the event store tells about the health of experiences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from pitcairn.eventstore import health_queries
from pitcairn.eventstore.health_queries import LEVELS
from pitcairn.eventstore.records import from_ms, to_ms

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MINUTES = timedelta(minutes=15)
FEWEST_VIEWS = 50
"""A page of fewer complete views is looked at together with the others of its kind."""
MOST_PAGES = 100
_Z = 1.96
"""Of a 95 % interval."""


class Percentile(msgspec.Struct, frozen=True, kw_only=True):
    """The 75th percentile of `n` views: its estimate and its 95 % interval, which holds whatever the distribution is."""

    n: int
    value: float
    low: float
    high: float


class ArmCosts(msgspec.Struct, frozen=True, kw_only=True):
    """What views of one arm of an experience cost. `measured` were told; `estimated` is how many there were in all.

    `late` were decided too late. A percentile is None where nothing was measured.
    """

    experience_id: int
    personalized: bool
    measured: int
    estimated: float
    late: int
    hidden_ms: Percentile | None
    shift: Percentile | None
    lcp_ms: Percentile | None


class DayCosts(msgspec.Struct, frozen=True, kw_only=True):
    """The same of one UTC day, 75th percentiles alone; `lacking` of the `complete` views did not find some element."""

    day: date
    personalized: bool
    measured: int
    estimated: float
    hidden_ms: int
    lcp_measured: int
    lcp_ms: int
    complete: int
    lacking: int


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """So many views looked for an element, and so many did not find it."""

    views: int
    lacking: int


class ElementViews(msgspec.Struct, frozen=True, kw_only=True):
    """One element on one page (host and path; "" for all pages of few views). `last` are the last views, the newest first.

    `only_page` is the page's name also where the pages of few views are one.
    """

    experience_id: int
    selector: str
    page: str
    every: Sought
    week: Sought
    day: Sought
    minutes: Sought
    last: tuple[bool, ...]
    """Whether each of them lacked it."""
    last_at: datetime
    only_page: str = ""


class HealthReads:
    """The part of `EventStore` that reads vitals."""

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def costs(
        self, workspace_id: int, experience_ids: Sequence[int], since: datetime, until: datetime
    ) -> list[ArmCosts]:
        """What these experiences cost in views of `since` <= t < `until`; arms without views are left out."""
        parameters = _in_time(workspace_id, experience_ids, since, until)
        return [
            ArmCosts(
                experience_id=experience_id,
                personalized=bool(personalized),
                measured=measured,
                estimated=estimated,
                late=late,
                hidden_ms=percentile(measured, hidden),
                shift=percentile(in_time, shift),
                lcp_ms=percentile(painted, lcp),
            )
            for experience_id, personalized, measured, estimated, late, hidden, in_time, shift, painted, lcp in (
                self._rows(health_queries.COSTS, parameters)
            )
        ]

    def costs_by_day(self, workspace_id: int, experience_id: int, since: datetime, until: datetime) -> list[DayCosts]:
        """By UTC day; days and arms without views are left out."""
        rows = self._rows(health_queries.COSTS_BY_DAY, _in_time(workspace_id, [experience_id], since, until))
        return [
            DayCosts(
                day=day,
                personalized=bool(personalized),
                measured=measured,
                estimated=estimated,
                hidden_ms=int(hidden),
                lcp_measured=painted,
                lcp_ms=int(lcp) if painted else 0,
                complete=complete,
                lacking=lacking,
            )
            for day, personalized, measured, estimated, hidden, painted, lcp, complete, lacking in rows
        ]

    def element_views(
        self, workspace_id: int, experience_ids: Sequence[int], since: datetime, until: datetime
    ) -> list[ElementViews]:
        """Every element that complete views of these experiences looked for, by page."""
        parameters = {
            **_in_time(workspace_id, experience_ids, since, until),
            "week": to_ms(until - WEEK),
            "day": to_ms(until - DAY),
            "minutes": to_ms(until - MINUTES),
            "fewest_views": FEWEST_VIEWS,
            "most_pages": MOST_PAGES,
        }
        return [
            ElementViews(
                experience_id=row[0],
                selector=row[1],
                page=row[2],
                every=Sought(views=row[3], lacking=row[4]),
                week=Sought(views=row[5], lacking=row[6]),
                day=Sought(views=row[7], lacking=row[8]),
                minutes=Sought(views=row[9], lacking=row[10]),
                last=tuple(view % 2 == 1 for view in row[11]),
                last_at=from_ms(row[12]),
                only_page=row[13],
            )
            for row in self._rows(health_queries.ELEMENTS, parameters)
        ]


def percentile(n: int, quantiles: Sequence[float]) -> Percentile | None:
    """The 75th percentile of `n` values whose quantiles at `LEVELS` these are, with its interval; None of nothing.

    The ranks between which it lies are binomial, and are rounded outwards to the levels there are. Few values have an
    interval that reaches beyond the levels: then it is as wide as they are, and too narrow by a little (n < 72).
    """
    if not n:
        return None
    half = _Z * math.sqrt(0.75 * 0.25 / n)
    low = max(0, math.floor(round((0.75 - half - LEVELS[0]) * 100, 6)))
    high = min(len(LEVELS) - 1, math.ceil(round((0.75 + half - LEVELS[0]) * 100, 6)))
    return Percentile(n=n, value=float(quantiles[15]), low=float(quantiles[low]), high=float(quantiles[high]))


def _in_time(workspace_id: int, experience_ids: Sequence[int], since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "experience_ids": list(experience_ids),
        "since": to_ms(since),
        "until": to_ms(until),
    }
