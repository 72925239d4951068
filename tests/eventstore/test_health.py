"""What the event store tells about the health of experiences."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from eventstore.rows import vitals
from pitcairn.eventstore import EventStore, Percentile, Sought
from pitcairn.eventstore.health import percentile

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
FOREVER = NOON - timedelta(days=14)


def at(**ago: float) -> float:
    return (NOON - timedelta(**ago)).timestamp()


def test_costs_of_treatment_and_of_control(store: EventStore, workspace_id: int) -> None:
    rows = [
        vitals(workspace_id, received_at=at(hours=1), hidden_ms=n, lcp_ms=1000 + n, shift=n / 1000, share=0.5)
        for n in range(1, 101)
    ]
    rows += [vitals(workspace_id, received_at=at(hours=1), hidden_ms=400, shift=9.0, lcp_ms=9000, late=True)] * 4
    rows += [vitals(workspace_id, received_at=at(hours=1), variation_id=0, lcp_ms=lcp) for lcp in (0, 500, 700)]
    rows += [
        vitals(workspace_id, received_at=at(days=15)),
        vitals(workspace_id, experience_id=2, received_at=at(hours=1)),
    ]
    rows += [vitals(workspace_id + 1, received_at=at(hours=1))]
    store.insert("vitals", rows)
    control, treatment = store.costs(workspace_id, [1], FOREVER, NOON)
    assert (control.personalized, control.measured, control.late) == (False, 3, 0)
    assert control.lcp_ms is not None
    assert control.lcp_ms.n == 2
    assert (treatment.measured, treatment.late, round(treatment.estimated)) == (104, 4, 204)
    assert treatment.hidden_ms is not None
    assert treatment.hidden_ms.n == 104
    assert treatment.hidden_ms.value == 79
    assert treatment.shift is not None
    assert treatment.shift.n == 100
    assert 0.074 < treatment.shift.value < 0.078
    assert treatment.lcp_ms is not None
    assert treatment.lcp_ms.low < 1075 < treatment.lcp_ms.high
    assert store.costs(workspace_id, [3], FOREVER, NOON) == []


def test_costs_by_day(store: EventStore, workspace_id: int) -> None:
    rows = [
        vitals(workspace_id, received_at=at(hours=20), missing=["#a"], lcp_ms=0),
        vitals(workspace_id, received_at=at(hours=2), complete=False, missing=[]),
        vitals(workspace_id, received_at=at(hours=1), found=["#a"], hidden_ms=80),
    ]
    store.insert("vitals", rows)
    before, today = store.costs_by_day(workspace_id, 1, FOREVER, NOON)
    assert (before.day, before.complete, before.lacking, before.lcp_measured) == (date(2026, 11, 1), 1, 1, 0)
    assert (today.day, today.measured, today.complete, today.lacking) == (date(2026, 11, 2), 2, 1, 0)
    assert (today.hidden_ms, today.lcp_ms) == (80, 900)


def test_elements_by_page(store: EventStore, workspace_id: int) -> None:
    """A page of many views by itself, those of few together; the last views one by one, the newest first."""
    shop = [
        vitals(workspace_id, page="acme.example/shop", received_at=at(days=2, minutes=n), found=["#a", "#b"])
        for n in range(60)
    ]
    shop += [
        vitals(workspace_id, page="acme.example/shop", received_at=at(minutes=n), found=["#b"], missing=["#a"])
        for n in (1, 2, 30)
    ]
    rare = [
        vitals(workspace_id, page=f"acme.example/{n}", received_at=at(days=9), missing=["#a"], variation_id=0)
        for n in range(5)
    ]
    untold = [vitals(workspace_id, received_at=at(hours=1), complete=False, missing=["#a"])]
    store.insert("vitals", [*shop, *rare, *untold])
    found = {(one.selector, one.page): one for one in store.element_views(workspace_id, [1], FOREVER, NOON)}
    assert set(found) == {("#a", "acme.example/shop"), ("#b", "acme.example/shop"), ("#a", "")}
    here = found["#a", "acme.example/shop"]
    assert here.every == Sought(views=63, lacking=3)
    assert (here.week, here.day, here.minutes) == (
        Sought(views=63, lacking=3),
        Sought(views=3, lacking=3),
        Sought(views=2, lacking=2),
    )
    assert here.last == (True,) * 3 + (False,) * 27
    assert here.last_at == NOON - timedelta(minutes=1)
    elsewhere = found["#a", ""]
    assert (elsewhere.every, elsewhere.week) == (Sought(views=5, lacking=5), Sought(views=0, lacking=0))


def test_a_percentile_says_between_what_it_lies() -> None:
    """The interval's ranks are binomial: of 100 values the 67th and the 84th, of 10,000 nearly the percentile itself."""
    levels = [float(level) for level in range(60, 91)]
    assert percentile(0, levels) is None
    assert percentile(100, levels) == Percentile(n=100, value=75, low=66, high=84)
    assert percentile(10_000, levels) == Percentile(n=10_000, value=75, low=74, high=76)
