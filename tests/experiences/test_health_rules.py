"""When a change has lost its element, when it is back, and when an experience costs too much."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from pitcairn.eventstore import ArmCosts, ElementViews, Percentile, Sought
from pitcairn.experiences.health import rules

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
NONE = Sought(views=0, lacking=0)
USUAL = Sought(views=200, lacking=0)


def element(*, last: str, earlier: Sought = USUAL, minutes: Sought = NONE) -> ElementViews:
    """`last` are the last views, the newest first: `.` found it, `x` did not."""
    lacked = tuple(one == "x" for one in last)
    every = minutes if minutes.views > len(lacked) else Sought(views=len(lacked), lacking=sum(lacked))
    total = Sought(views=earlier.views + every.views, lacking=earlier.lacking + every.lacking)
    return ElementViews(
        experience_id=1, selector="h1", page="acme.example/", every=total, week=total, day=total, minutes=minutes,
        last=lacked, last_at=NOW,
    )  # fmt: skip


def test_an_element_is_lost_when_many_of_the_last_views_miss_it() -> None:
    assert rules.lost(element(last="x" * 30)) == 1.0
    assert rules.lost(element(last="x" * 12 + "." * 18)) == 1.0
    assert rules.lost(element(last="x" * 8 + "." * 22)) is None


def test_too_few_views_say_nothing() -> None:
    assert rules.lost(element(last="x" * 19)) is None
    assert rules.lost(element(last="x" * 30, earlier=Sought(views=19, lacking=0))) is None


def test_a_page_that_rightly_has_it_seldom_is_no_alarm() -> None:
    """One that never had it, one that has it for a third of the visitors, and one that wavers."""
    assert rules.lost(element(last="x" * 30, earlier=Sought(views=500, lacking=500))) is None
    assert rules.lost(element(last="x" * 22 + "." * 8, earlier=Sought(views=300, lacking=200))) is None
    assert rules.lost(element(last="x" * 30, earlier=Sought(views=300, lacking=150))) is not None


def test_a_short_fault_of_a_busy_page_is_no_alarm() -> None:
    busy = Sought(views=1_000, lacking=60)
    assert rules.lost(element(last="x" * 30, minutes=busy, earlier=Sought(views=90_000, lacking=0))) is None
    broken = Sought(views=1_000, lacking=600)
    assert rules.lost(element(last="." * 30, minutes=broken, earlier=Sought(views=90_000, lacking=0))) == 1.0


def test_it_is_back_when_the_last_views_find_it_as_before() -> None:
    assert not rules.found_again(element(last="." * 15 + "x" * 15), 1.0)
    assert not rules.found_again(element(last=".x" * 15), 1.0)
    assert rules.found_again(element(last="." * 21 + "x" * 9), 1.0)
    assert not rules.found_again(element(last="x" * 30), 1.0)
    assert rules.found_again(element(last="." * 30, minutes=Sought(views=400, lacking=4)), 1.0)
    assert not rules.found_again(element(last="." * 30, minutes=Sought(views=400, lacking=90)), 1.0)


def test_chance_alone_alarms_nobody() -> None:
    """Ten thousand looks at elements that 60 to 99 of 100 views find, each with other views: no alarm."""
    chance = random.Random(5)
    for _ in range(10_000):
        share = chance.uniform(0.6, 0.99)
        before = sum(chance.random() > share for _ in range(60))
        last = "".join("x" if chance.random() > share else "." for _ in range(30))
        assert rules.lost(element(last=last, earlier=Sought(views=60, lacking=before))) is None


def test_an_element_that_nobody_ever_found() -> None:
    nowhere = [element(last="x" * 30, earlier=NONE), element(last="x" * 20, earlier=NONE)]
    assert rules.never_found(nowhere) == Sought(views=50, lacking=50)
    assert rules.never_found(nowhere[:1]) is None
    assert rules.never_found([*nowhere, element(last="." + "x" * 20)]) is None


def costs(*, hidden: tuple[float, float] = (0, 0), shift: tuple[float, float] = (0, 0), n: int = 500) -> ArmCosts:
    def percentile(value: tuple[float, float]) -> Percentile:
        return Percentile(n=n, value=value[0], low=value[1], high=value[0])

    values: dict[str, Any] = {"late": 0, "lcp_ms": None, "measured": n, "estimated": float(n)}
    return ArmCosts(experience_id=1, personalized=True, hidden_ms=percentile(hidden), shift=percentile(shift), **values)


def test_hiding_for_long() -> None:
    assert rules.hides_too_long(costs(hidden=(390, 310)), 400, firing=False)
    assert not rules.hides_too_long(costs(hidden=(390, 290)), 400, firing=False)
    assert rules.hides_too_long(costs(hidden=(280, 270)), 400, firing=True)
    assert not rules.hides_too_long(costs(hidden=(260, 250)), 400, firing=True)
    assert rules.hides_too_long(costs(hidden=(400, 400), n=99), 400, firing=False) is None


def test_moving_the_page_more_than_control_does() -> None:
    assert rules.moves_too_much(costs(shift=(0.2, 0.15)), None, firing=False)
    assert not rules.moves_too_much(costs(shift=(0.2, 0.15)), costs(shift=(0.1, 0.1)), firing=False)
    assert rules.moves_too_much(costs(shift=(0.2, 0.15)), costs(shift=(0.1, 0.1), n=50), firing=False)
    assert rules.moves_too_much(costs(shift=(0.095, 0.05)), None, firing=True)
    assert not rules.moves_too_much(costs(shift=(0.08, 0.05)), None, firing=True)
    assert rules.moves_too_much(costs(n=50), None, firing=False) is None
