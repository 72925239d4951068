"""What is remembered of visits: touches, counts, and what a merge and its undoing make of them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pitcairn.profiles.visits import (
    NO_VISITS,
    SAME_VIEW_MS,
    TIMES_KEPT,
    VISIT_GAP_MS,
    PageView,
    VisitRecord,
    joined,
    parted,
    saw,
    viewed,
)

START = 1_800_000_000_000
SITE = "https://acme.example"


def after(*views: PageView, record: VisitRecord = NO_VISITS) -> VisitRecord:
    for view in views:
        record = viewed(record, view)
    return record


def view(path: str, minutes: float = 0, referrer: str = "", **of: Any) -> PageView:
    return PageView(f"{SITE}{path}", referrer, START + int(minutes * 60_000), **of)


def test_first_and_last_touches() -> None:
    record = after(
        view("/"),
        view("/a?utm_source=Ads&UTM_Campaign=spring&utm_source=other&utm_term=", 1, "https://www.search.example/q"),
        view("/b", 2, f"{SITE}/a"),
        view("/c?utm_source=newsletter#x", 3, "https://mail.example/"),
        view("/d?utm_id=7", 4, "not an address"),
    )
    assert record.first_utm == {"source": "Ads", "campaign": "spring"}
    assert record.last_utm == {"source": "newsletter"}
    assert record.first_referrer == "https://www.search.example/q"
    assert record.last_referrer == "https://mail.example/"
    assert (record.visits, record.pages, record.first_at) == (1, 5, START)


def test_a_pause_begins_a_visit() -> None:
    gap = VISIT_GAP_MS / 60_000
    assert after(view("/"), view("/a", gap - 0.01)).visits == 1
    assert after(view("/"), view("/a", gap)).visits == 2
    assert after(view("/"), view("/a", 29), view("/b", 58), view("/c", 100)).visits == 2


def test_one_view_told_several_times_is_one() -> None:
    soon, later = SAME_VIEW_MS / 60_000 / 2, SAME_VIEW_MS / 60_000 * 2
    once = after(view("/"))
    assert after(view("/", soon), view("/", 5, loaded=False), record=once) is once
    assert after(view("/", later), record=once).pages == 2
    assert after(view("/a", soon), record=once).pages == 2
    assert after(view("/a", soon, loaded=False), record=once).pages == 2


def test_what_comes_late_takes_its_place_in_time() -> None:
    record = after(view("/b?utm_source=second", 10), view("/a?utm_source=first", 0))
    assert (record.first_utm, record.last_utm) == ({"source": "first"}, {"source": "second"})
    assert (record.first_at, record.last_at, record.pages, record.visits) == (START, START + 600_000, 2, 1)


def test_only_the_newest_times_of_an_experience_are_kept() -> None:
    record = NO_VISITS
    for at in range(TIMES_KEPT + 5):
        record = saw(record, 3, at)
    assert record.seen == {"3": tuple(range(5, TIMES_KEPT + 5))}


PATHS = st.sampled_from(["/", "/a?utm_source=x", "/b?utm_source=y", "/c"])
REFERRERS = st.sampled_from(["", "https://one.example/", "https://two.example/"])
VIEWS = st.lists(st.builds(view, PATHS, st.integers(0, 300), REFERRERS), max_size=6)


def records(views: list[PageView], times: list[int]) -> VisitRecord:
    record = after(*sorted(views, key=lambda one: one.at))
    for at in times:
        record = saw(record, 3, at)
    return record


RECORDS = st.builds(records, VIEWS, st.lists(st.integers(0, 9), max_size=3, unique=True))


@given(RECORDS, RECORDS)
def test_a_merge_that_is_undone_leaves_what_was(winner: VisitRecord, loser: VisitRecord) -> None:
    both = joined(winner, loser)
    assert (both.visits, both.pages) == (winner.visits + loser.visits, winner.pages + loser.pages)
    back = parted(both, loser, winner)
    # A time that both saw the experience at is one time, and stays with the winner.
    assert back == winner
    assert {key: set(times) for key, times in both.seen.items()} == {
        key: {*winner.seen.get(key, ()), *loser.seen.get(key, ())} for key in {*winner.seen, *loser.seen}
    }


@given(RECORDS, RECORDS, RECORDS)
def test_the_order_of_merges_does_not_matter(a: VisitRecord, b: VisitRecord, c: VisitRecord) -> None:
    left, right = joined(joined(a, b), c), joined(a, joined(b, c))
    assert (left.visits, left.pages, left.first_at, left.last_at, left.seen) == (
        right.visits, right.pages, right.first_at, right.last_at, right.seen,
    )  # fmt: skip
