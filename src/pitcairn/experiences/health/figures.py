"""What an experience's page shows of its health: read from the event store, put into words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pitcairn.eventstore import ArmCosts, DayCosts, ElementViews, EventStore, Percentile
from pitcairn.experiences.health import words
from pitcairn.experiences.health.alarms import AlarmItem, alarms_of
from pitcairn.experiences.health.rules import FEWEST_COSTS, FEWEST_VIEWS, enough
from pitcairn.experiences.models import AlarmKind

DAY, WEEK, DAYS_SHOWN = timedelta(days=1), timedelta(days=7), 14
NO_BREAK = "\N{NO-BREAK SPACE}"
UNKNOWN = "–"
MOST_PAGES = 8
"""Of one element, the most visited ones."""


@dataclass(frozen=True, kw_only=True)
class Visits:
    """Of a time: how many were measured, and about how many there were."""

    measured: int
    estimated: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One 75th percentile with and without the experience, in words; `with_note` and `without_note` say between what it lies."""

    name: str
    about: str
    with_it: str
    with_note: str
    without: str
    without_note: str
    difference: str

    @property
    def is_known(self) -> bool:
        return (self.with_it, self.without) != (UNKNOWN, UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class ElementRow:
    """One element on one page. `state` is `bad`, `on`, or empty for too few visits."""

    selector: str
    page: str
    first: bool
    day: str
    day_note: str
    week: str
    week_note: str
    state: str
    state_words: str


@dataclass(frozen=True, kw_only=True)
class DayRow:
    """One UTC day. What was not measured is None."""

    day: date
    visits: int
    hidden_ms: int | None
    lcp_with: int | None
    lcp_without: int | None
    lacking: float | None
    """Percent of the visits that stayed long enough to tell."""


@dataclass(frozen=True, kw_only=True)
class Health:
    answer: str
    day: Visits
    week: Visits
    late: str
    arms: tuple[int, int]
    """Measured visits of 7 days with the experience and without."""
    costs: tuple[Cost, ...]
    """Empty while none of them has enough visits to be told."""
    elements: tuple[ElementRow, ...]
    more_pages: int
    """Pages that have no row."""
    days: tuple[DayRow, ...]
    alarms: tuple[AlarmItem, ...]
    ended: tuple[AlarmItem, ...]


def health(store: EventStore, workspace_id: int, experience_id: int, sought: Sequence[str], now: datetime) -> Health:
    """The health of one experience whose changes are about the elements `sought`."""
    costs = {one.personalized: one for one in store.costs(workspace_id, [experience_id], now - WEEK, now)}
    today = store.costs(workspace_id, [experience_id], now - DAY, now)
    views = store.element_views(workspace_id, [experience_id], now - timedelta(days=DAYS_SHOWN), now)
    by_page = {selector: [one for one in views if one.selector == selector and one.week.views] for selector in sought}
    every = alarms_of(experience_id, now)
    alarms = tuple(item for item in every if not item.ended)
    week = _visits(list(costs.values()))
    elements = tuple(_elements(by_page, alarms))
    first_day = now.astimezone(UTC).date() - timedelta(days=DAYS_SHOWN - 1)
    since = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    shown = tuple(_costs(costs.get(True), costs.get(False)))
    return Health(
        answer=_answer(alarms, elements, week),
        day=_visits(today),
        week=week,
        late=_late(list(costs.values())),
        arms=(costs[True].measured if True in costs else 0, costs[False].measured if False in costs else 0),
        costs=shown if any(cost.is_known for cost in shown) else (),
        elements=elements,
        more_pages=sum(max(0, len(pages) - MOST_PAGES) for pages in by_page.values()),
        days=_days(store.costs_by_day(workspace_id, experience_id, since, now), first_day),
        alarms=alarms,
        ended=tuple(item for item in every if item.ended),
    )


def _visits(arms: Sequence[ArmCosts]) -> Visits:
    return Visits(measured=sum(one.measured for one in arms), estimated=round(sum(one.estimated for one in arms)))


def _answer(alarms: Sequence[AlarmItem], elements: Sequence[ElementRow], week: Visits) -> str:
    if alarms:
        lost = len({item.selector for item in alarms if item.selector})
        if not lost:
            return f"{alarms[0].title}."
        return "An element is not found." if lost == 1 else f"{lost} elements are not found."
    if not week.measured:
        return "No visit was measured in the last 7 days."
    if not elements:
        return "Nothing is wrong."
    if not any(one.state for one in elements):
        return "Too few visits to say whether its elements are found."
    return "Every element is found as usual."


def _late(arms: Sequence[ArmCosts]) -> str:
    """How often the decision came too late, if it did."""
    late, measured = sum(one.late for one in arms), sum(one.measured for one in arms)
    return words.share(late / measured) if late else ""


def _costs(treatment: ArmCosts | None, control: ArmCosts | None) -> Iterator[Cost]:
    yield _cost(
        "Hidden",
        "How long its elements were hidden until it was decided what they say. Control waits as long.",
        "ms",
        treatment.hidden_ms if treatment else None,
        control.hidden_ms if control else None,
    )
    yield _cost(
        "Layout shift",
        "What moved within a tenth of a second of a change. Up to 0.1 is good.",
        "shift",
        treatment.shift if treatment else None,
        control.shift if control else None,
    )
    yield _cost(
        "Largest Contentful Paint",
        "When the largest part of the page was painted. Up to 2.5 s is good.",
        "ms",
        treatment.lcp_ms if treatment else None,
        control.lcp_ms if control else None,
    )


def _cost(name: str, about: str, unit: str, treatment: Percentile | None, control: Percentile | None) -> Cost:
    with_it, with_note = _percentile(treatment, unit)
    without, without_note = _percentile(control, unit)
    return Cost(
        name=name,
        about=about,
        with_it=with_it,
        with_note=with_note,
        without=without,
        without_note=without_note,
        difference=_difference(enough(treatment), enough(control), unit),
    )


def _percentile(value: Percentile | None, unit: str) -> tuple[str, str]:
    if value is None:
        return UNKNOWN, "no visits"
    visits = f"{value.n:,} {'visit' if value.n == 1 else 'visits'}"
    if enough(value) is None:
        return UNKNOWN, f"too few visits: {value.n} of {FEWEST_COSTS}"
    between = words.between(value, unit)
    return (words.ms if unit == "ms" else words.shift)(value.value), f"{between}, {visits}" if between else visits


def _difference(treatment: Percentile | None, control: Percentile | None, unit: str) -> str:
    """With against without, and between what it lies: two independent percentiles, each taken as normal."""
    if treatment is None or control is None:
        return ""
    say = words.ms if unit == "ms" else words.shift
    difference = treatment.value - control.value
    half = math.hypot(treatment.high - treatment.low, control.high - control.low) / 2
    low, high = difference - half, difference + half
    ends = f"between {say(abs(low))} {_way(low)} and {say(abs(high))} {_way(high)}"
    if low <= 0 <= high:
        said = "no difference to be seen" if half == 0 else f"no difference to be seen: {ends}"
    else:
        said = f"{say(abs(difference))} {_way(difference)}: {ends}"
    return said.replace(" ms", f"{NO_BREAK}ms").replace(" s ", f"{NO_BREAK}s ")


def _way(difference: float) -> str:
    return "less" if difference < 0 else "more"


def _elements(by_page: dict[str, list[ElementViews]], alarms: Sequence[AlarmItem]) -> Iterator[ElementRow]:
    """What is wrong comes first, then what most visits looked for."""
    wrong = {(item.selector, item.page) for item in alarms}
    selectors = {item.selector for item in alarms}
    for selector, pages in sorted(by_page.items(), key=lambda item: item[0] not in selectors):
        never = any(item.selector == selector and item.kind is AlarmKind.NEVER_FOUND for item in alarms)
        bad = [one for one in pages if (selector, one.page) in wrong]
        shown = bad + [one for one in pages if (selector, one.page) not in wrong][:MOST_PAGES]
        if not shown:
            yield ElementRow(
                selector=selector, page="", first=True, day=UNKNOWN, day_note="", week=UNKNOWN, week_note="",
                state="", state_words="No visit yet",
            )  # fmt: skip
        for number, one in enumerate(shown):
            yield _element(one, bad=never or (selector, one.page) in wrong, first=number == 0)


def _element(one: ElementViews, *, bad: bool, first: bool) -> ElementRow:
    known = one.every.views >= FEWEST_VIEWS
    if bad:
        state, said = "bad", "Missing"
    elif not known:
        state, said = "", "Too few visits"
    elif one.every.lacking == one.every.views:
        state, said = "off", "Never here"
    else:
        state, said = "on", "Found"
    return ElementRow(
        selector=one.selector,
        page=one.only_page or "pages of few visits",
        first=first,
        day=words.lacking(one.day) if one.day.views else UNKNOWN,
        day_note=f"{one.day.lacking:,} of {one.day.views:,}" if one.day.views else "no visits",
        week=words.lacking(one.week),
        week_note=f"{one.week.lacking:,} of {one.week.views:,}",
        state=state,
        state_words=said,
    )


def _days(costs: Sequence[DayCosts], first: date) -> tuple[DayRow, ...]:
    """Every day of the time, also those without visits; the first ones without are left out."""
    by_day: dict[date, list[DayCosts]] = {}
    for one in costs:
        by_day.setdefault(one.day, []).append(one)
    rows = [_day(first + timedelta(days=number), by_day) for number in range(DAYS_SHOWN)]
    return tuple(itertools.dropwhile(lambda row: not row.visits, rows))


def _day(day: date, by_day: dict[date, list[DayCosts]]) -> DayRow:
    arms = {one.personalized: one for one in by_day.get(day, ())}
    visits = sum(one.measured for one in arms.values())
    complete = sum(one.complete for one in arms.values())
    lacking = sum(one.lacking for one in arms.values())
    treatment = arms.get(True)

    def lcp(arm: DayCosts | None) -> int | None:
        return arm.lcp_ms if arm is not None and arm.lcp_measured >= FEWEST_VIEWS else None

    return DayRow(
        day=day,
        visits=visits,
        hidden_ms=treatment.hidden_ms if treatment is not None and treatment.measured >= FEWEST_VIEWS else None,
        lcp_with=lcp(treatment),
        lcp_without=lcp(arms.get(False)),
        lacking=100 * lacking / complete if complete >= FEWEST_VIEWS else None,
    )
