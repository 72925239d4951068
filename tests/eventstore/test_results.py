"""Results: the rule by example, and the SQL against the model on random histories."""

import math
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore import model
from eventstore.histories import DAY_MS, EVENTS, OFFSETS_MS, START_MS, histories, store_history
from eventstore.model import Event, Exposure, History
from eventstore.rows import exposure as exposure_row
from eventstore.rows import fresh_workspace, message
from pitcairn.conditions import All, Fact, Leaf, Operator
from pitcairn.eventstore import EventStore, GoalQuery, ResultCell, ResultsQuery

GOAL = "Demo Requested"
WINDOW_MS = 7 * DAY_MS


def asked(workspace_id: int, *, until: datetime | None = None, **changes: Any) -> ResultsQuery:
    goal = GoalQuery(**{"event": GOAL, **changes})
    return ResultsQuery(workspace_id=workspace_id, experience_id=1, goals=(goal,), until=until)


def arms(cells: list[ResultCell]) -> dict[tuple[int, int], tuple[int, int]]:
    """Units and converted by segment and variation, of whom results count, for the first goal."""
    found: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for cell in cells:
        if cell.kind == "first_day" and cell.goal == 0 and not cell.excluded:
            units, converted = found[cell.segment_id, cell.variation_id]
            found[cell.segment_id, cell.variation_id] = (units + cell.units, converted + cell.converted)
    return dict(found)


def results(store: EventStore, history: History, *, until: datetime | None = None, **goal: Any) -> list[int]:
    """Store a history alone in a workspace and return [units, converted] of all arms together; the model agrees."""
    workspace_id = fresh_workspace()
    store_history(store, workspace_id, history, list(range(2, 2 + len(history.merges))))
    query = asked(workspace_id, until=until, **goal)
    cells = store.results(query)
    compare(cells, history, query)
    assert arms(store.results_by_day(query)) == arms(cells)
    return [sum(column) for column in zip(*arms(cells).values(), strict=True)] or [0, 0]


def compare(cells: list[ResultCell], history: History, query: ResultsQuery) -> None:
    """The cells are those of the model: every unit in one cell of every kind, with its moments."""
    expected: dict[tuple[Any, ...], list[tuple[model.Unit, int]]] = defaultdict(list)
    for unit in model.units(history, query):
        first = unit.first
        excluded = "bot" if first.bot else "internal" if first.internal else ""
        for goal, converted_ms in enumerate(unit.converted_ms):
            epoch = sum(start.timestamp() * 1000 <= first.at_ms for start in query.epochs)
            key = (goal, excluded, first.segment_id, first.variation_id, epoch)
            parts = {
                "first_day": str(model.day(first.at_ms)),
                "converted_day": str(date(1970, 1, 1) if converted_ms is None else model.day(converted_ms)),
                "browser": first.browser,
                "device": "desktop",
                "page": "example.com/",
                "route": "tag",
                "returning": "returning" if first.returning else "new",
            }
            for kind, part in parts.items():
                expected[kind, *key, part].append((unit, goal))
    found = {
        (one.kind, one.goal, one.excluded, one.segment_id, one.variation_id, one.epoch, one.part): one for one in cells
    }
    assert found.keys() == expected.keys()
    for key, members in expected.items():
        cell = found[key]
        values = [unit.values[goal] for unit, goal in members]
        before = [unit.before[goal] for unit, goal in members]
        n = len(members)
        mean, before_mean = sum(values) / n, sum(before) / n
        assert cell.units == n
        assert cell.visitors == sum(unit.visitors for unit, _ in members)
        assert cell.converted == sum(unit.converted_ms[goal] is not None for unit, goal in members)
        assert cell.crossed == sum(unit.crossed for unit, _ in members)
        moments = [
            mean,
            sum((one - mean) ** 2 for one in values) / n,
            before_mean,
            sum((one - before_mean) ** 2 for one in before) / n,
            sum((y - mean) * (x - before_mean) for y, x in zip(values, before, strict=True)) / n,
        ]
        got = [cell.mean, cell.variance, cell.before_mean, cell.before_variance, cell.covariance]
        assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(got, moments, strict=True)), (
            key,
            got,
        )


def exposed(visitor: str = "v1", profile_id: int = 1, at_ms: int = START_MS, **changes: Any) -> Exposure:
    return Exposure(visitor=visitor, profile_id=profile_id, at_ms=at_ms, **changes)


def tracked(
    anonymous_id: str = "v1", profile_id: int = 1, at_ms: int = START_MS + 1000, event: str = GOAL, **changes: Any
) -> Event:
    return Event(event=event, anonymous_id=anonymous_id, profile_id=profile_id, at_ms=at_ms, **changes)


@pytest.mark.parametrize(
    ("since_first_ms", "converted"),
    [(-1, 0), (0, 1), (1, 1), (WINDOW_MS - 1, 1), (WINDOW_MS, 0), (WINDOW_MS + 1, 0)],
)
def test_the_window_is_half_open(store: EventStore, since_first_ms: int, converted: int) -> None:
    history = History([exposed()], [tracked(at_ms=START_MS + since_first_ms)])
    assert results(store, history) == [1, converted]


def test_a_shorter_window(store: EventStore) -> None:
    history = History([exposed()], [tracked(at_ms=START_MS + 60_000)])
    assert results(store, history, window_seconds=60) == [1, 0]
    assert results(store, history, window_seconds=61) == [1, 1]


def test_a_visitor_converts_once(store: EventStore) -> None:
    assert results(store, History([exposed()], [tracked(), tracked(), tracked(at_ms=START_MS + 5000)])) == [1, 1]


def test_the_first_exposure_decides_and_who_crosses_is_not_dropped(store: EventStore, workspace_id: int) -> None:
    history = History(
        [
            exposed(at_ms=START_MS + 5000, variation_id=2, segment_id=2),
            exposed(at_ms=START_MS, variation_id=0, segment_id=1, batch=2),
        ],
        [tracked(at_ms=START_MS + 1000)],
    )
    store_history(store, workspace_id, history, [])
    cells = store.results(asked(workspace_id))
    assert arms(cells) == {(1, 0): (1, 1)}
    assert {cell.crossed for cell in cells} == {1}


def test_an_exposure_that_comes_late_moves_the_window(store: EventStore, workspace_id: int) -> None:
    history = History([exposed(at_ms=START_MS + 5000)], [tracked(at_ms=START_MS + 1000)])
    store_history(store, workspace_id, history, [])
    assert arms(store.results(asked(workspace_id))) == {(1, 1): (1, 0)}
    store_history(store, workspace_id, History([exposed(at_ms=START_MS, variation_id=0, batch=2)]), [])
    assert arms(store.results(asked(workspace_id))) == {(1, 0): (1, 1)}


def test_a_conversion_with_the_user_id_alone_belongs_to_the_person(store: EventStore) -> None:
    assert results(store, History([exposed()], [tracked(anonymous_id="")])) == [1, 1]
    assert results(store, History([exposed()], [tracked(anonymous_id="", profile_id=2)])) == [1, 0]
    assert results(store, History([exposed()], [tracked(anonymous_id="unexposed")])) == [1, 1]


def test_a_conversion_of_nobody_belongs_to_nobody(store: EventStore) -> None:
    assert results(store, History([exposed(profile_id=0)], [tracked(anonymous_id="", profile_id=0)])) == [1, 0]
    assert results(store, History([exposed(profile_id=0)], [tracked(profile_id=0)])) == [1, 1]


@pytest.mark.parametrize("merges", [[(1, 2)], [(2, 1)], [(1, 3), (2, 3)], [(1, 3), (3, 2)], [(2, 3), (3, 4), (1, 4)]])
def test_a_merge_after_the_fact_joins_both_sides(store: EventStore, merges: list[tuple[int, int]]) -> None:
    history = History([exposed(profile_id=1)], [tracked(anonymous_id="", profile_id=2)])
    assert results(store, history) == [1, 0]
    assert results(store, History(history.exposures, history.events, merges)) == [1, 1]


def test_a_person_with_two_browsers_counts_once_in_the_arm_of_the_earliest_exposure(
    store: EventStore, workspace_id: int
) -> None:
    two = [exposed("v1", 1, START_MS + 2000), exposed("v2", 2, variation_id=0)]
    did = [tracked("v1", 1, START_MS + 3000)]
    assert results(store, History(two, did)) == [2, 1]
    assert results(store, History(two, did, [(2, 1)])) == [1, 1]
    store_history(store, workspace_id, History(two, did, [(2, 1)]), [2])
    cells = store.results(asked(workspace_id))
    assert arms(cells) == {(1, 0): (1, 1)}
    assert {(cell.visitors, cell.crossed) for cell in cells} == {(2, 1)}


def test_the_holdout_and_the_promoted_are_no_part_of_the_comparison(store: EventStore) -> None:
    seen = [exposed(), exposed("v2", 2, reason="holdout"), exposed("v3", 3, reason="promoted")]
    assert results(store, History(seen, [tracked("v2", 2)])) == [1, 0]


def test_bots_and_internal_traffic_are_told_apart(store: EventStore, workspace_id: int) -> None:
    seen = [exposed(), exposed("v2", 2, bot=True), exposed("v3", 3, internal=True)]
    store_history(store, workspace_id, History(seen, [tracked("v2", 2)]), [])
    cells = store.results(asked(workspace_id))
    assert arms(cells) == {(1, 1): (1, 0)}
    assert {(one.excluded, one.units, one.converted) for one in cells} == {
        ("", 1, 0),
        ("bot", 1, 1),
        ("internal", 1, 0),
    }


def test_a_goal_with_a_condition_counts_the_events_that_fulfil_it(store: EventStore) -> None:
    large = Leaf(fact=Fact.PROPERTY, name="amount", operator=Operator.AT_LEAST, value=40)
    assert results(store, History([exposed()], [tracked(amount=39.5), tracked()]), where=large) == [1, 0]
    assert results(store, History([exposed()], [tracked(amount=39.5), tracked(amount=40)]), where=large) == [1, 1]


def test_a_numeric_goal_adds_up_what_is_inside_the_window_and_before(store: EventStore, workspace_id: int) -> None:
    spent = [
        tracked(at_ms=START_MS + at, amount=amount)
        for at, amount in [(-5, 7), (0, 10), (WINDOW_MS - 1, 5), (WINDOW_MS, 99)]
    ]
    store_history(store, workspace_id, History([exposed(), exposed("v2", 2)], spent), [])
    first, *_ = store.results(asked(workspace_id, value="amount"))
    assert (first.units, first.converted, first.mean, first.variance) == (2, 1, 7.5, 56.25)
    assert (first.before_mean, first.covariance) == (3.5, 26.25)


def test_large_values_keep_their_variance(store: EventStore, workspace_id: int) -> None:
    """A sum of squares in floating point says 0 here."""
    visitors = [exposed(f"v{number}", number) for number in range(1, 101)]
    spent = [tracked(f"v{number}", number, amount=1e9 + number % 2) for number in range(1, 101)]
    store_history(store, workspace_id, History(visitors, spent), [])
    first, *_ = store.results(asked(workspace_id, value="amount"))
    assert first.variance == pytest.approx(0.25)


def test_a_page_view_counts_by_its_address(store: EventStore, workspace_id: int) -> None:
    store.insert(
        "exposures", [exposure_row(workspace_id, visitor=f"v{number}", profile_id=number) for number in range(1, 7)]
    )
    addresses = [
        "https://example.com/thanks?from=ad#top", "https://EXAMPLE.com/thanks/", "https://example.com:443/thanks",
        "https://example.com/thanks/more", "https://other.com/thanks", "",
    ]  # fmt: skip
    rows = [
        message(
            workspace_id, type="page", event="", anonymous_id=f"v{number}", profile_id=number, message_id=f"m{number}",
            delivered_to=[], properties=f'{{"url":"{address}"}}',
        )
        for number, address in enumerate(addresses, 1)
    ]  # fmt: skip
    store.insert("messages", rows)
    query = asked(workspace_id, type="page", event="", page=r"^example\.com/thanks/*$")
    assert arms(store.results(query)) == {(1, 1): (6, 3)}


def test_accounts_are_summed_over_pairs_of_cells(store: EventStore, workspace_id: int) -> None:
    history = History(
        [exposed(f"v{number}", number) for number in range(1, 5)],
        [tracked("v1", 1), tracked("v2", 2), tracked("v4", 4)],
    )
    store_history(store, workspace_id, history, [])
    people = [(1, 1, [9]), (2, 1, [5]), (2, 2, [12, 9])]
    store.insert(
        "people",
        [
            {"workspace_id": workspace_id, "profile_id": profile, "batch": batch, "traits": "", "identified": True,
             "accounts": accounts, "alive": True}
            for profile, batch, accounts in people
        ],
    )  # fmt: skip
    whole, sums = store.account_products(asked(workspace_id))
    # Account 9 with visitors 1 and 2, and two people without account.
    assert (sums.one, sums.other, sums.accounts, sums.size, sums.total) == ((1, 0, True), (1, 0, True), 3, 4, 3)
    assert (sums.nn, sums.yy, sums.ny, sums.yn) == (6, 5, 5, 5)
    assert (whole.one, whole.accounts, whole.nn) == ((0, 0, True), 3, 6)


def test_an_account_of_several_arms_and_times_is_one(store: EventStore, workspace_id: int) -> None:
    later = START_MS + 100_000
    history = History(
        [
            exposed("v1", 1),
            exposed("v2", 2, variation_id=0),
            exposed("v3", 3, at_ms=later, variation_id=2),
            exposed("v4", 4, at_ms=later, variation_id=0),
        ],
        [tracked("v1", 1), tracked("v3", 3, at_ms=later + 1)],
    )
    store_history(store, workspace_id, history, [])
    store.insert(
        "people",
        [
            {"workspace_id": workspace_id, "profile_id": profile, "batch": 1, "traits": "", "identified": True,
             "accounts": [9], "alive": True}
            for profile in (1, 2, 3)
        ],
    )  # fmt: skip
    starts = tuple(datetime.fromtimestamp(at / 1000, UTC) for at in (START_MS - 1, later - 1))
    found = {
        (row.one, row.other): row
        for row in store.account_products(msgspec.structs.replace(asked(workspace_id), epochs=starts))
    }
    early, control, late = (1, 1, True), (1, 1, False), (1, 2, True)
    assert found[early, late].yy == found[late, early].yy == 1
    assert (found[early, control].nn, found[early, control].yn, found[early, control].ny) == (1, 1, 0)
    assert found[early, early].accounts == 1
    # The person without account is none of account 9's.
    assert found[(1, 2, False), (1, 2, False)].nn == 1
    assert ((1, 2, False), late) not in found
    assert (found[(0, 0, True), (0, 0, True)].accounts, found[(0, 0, True), (0, 0, True)].nn) == (1, 4)
    assert (found[(0, 0, False), (0, 0, False)].accounts, found[(0, 0, False), (0, 0, False)].nn) == (2, 2)


def test_reports_without_a_decision_are_counted(store: EventStore, workspace_id: int) -> None:
    store.insert("exposures", [exposure_row(workspace_id, message_id="good")])
    report = {"event": "Mutiny Experience Viewed", "properties": '{"experienceId":1}'}
    rows = [message(workspace_id, message_id=one, **report) for one in ("good", "forged")]
    store.insert(
        "messages", [*rows, message(workspace_id, message_id="other", **report | {"properties": '{"experienceId":2}'})]
    )
    assert store.unassigned_exposures(asked(workspace_id)) == 1


def test_the_version_grows_with_what_matters(store: EventStore, workspace_id: int) -> None:
    query = asked(workspace_id)
    assert store.results_version(query) == (0, 0)
    store_history(store, workspace_id, History([exposed(batch=3)]), [])
    assert store.results_version(query) == (3, 0)


def test_what_came_lately_is_counted_by_report(store: EventStore, workspace_id: int) -> None:
    history = History(
        [
            exposed("before", 1, START_MS - 1),
            exposed("v1", 2, START_MS),
            exposed("v1", 2, START_MS + 1),
            exposed("robot", 3, START_MS, bot=True),
            exposed("held out", 4, START_MS, reason="holdout"),
            exposed("phone", 6, START_MS - 1),
        ],
        [
            tracked("", 6),
            tracked("laptop", 7),
            tracked("", 8),
            tracked("v1", 2, START_MS - 1),
            tracked("v1", 2, START_MS),
            tracked("before", 1, START_MS + 1),
            tracked("robot", 3, START_MS + 1),
            tracked("held out", 4, START_MS + 1),
            tracked("nobody", 5, START_MS + 1),
            tracked("v1", 2, START_MS + 1, "Another"),
        ],
        [(6, 7)],
    )
    store_history(store, workspace_id, history, [2])
    since = datetime.fromtimestamp(START_MS / 1000, UTC)
    assert store.results_since(asked(workspace_id), since) == (2, 4)
    assert store.results_since(asked(workspace_id, until=since), since) == (0, 0)


def test_a_browser_that_two_people_share(store: EventStore) -> None:
    # The anonymous id speaks before the person does.
    assert results(store, History([exposed("v1", 1)], [tracked("v1", profile_id=2)])) == [1, 1]


def test_what_does_not_count(store: EventStore) -> None:
    for track in [
        Event(GOAL, "v1", 1, START_MS, type="page"),
        Event(GOAL, "v1", 1, START_MS, delivered=False),
        Event(GOAL.lower(), "v1", 1, START_MS),
        Event("", "v1", 1, START_MS),
    ]:
        assert results(store, History([exposed()], [track])) == [1, 0]


def test_until_leaves_out_what_came_from_then_on(store: EventStore) -> None:
    history = History([exposed(), exposed("v2", 2, START_MS + 2000)], [tracked(at_ms=START_MS + 1000)])
    second = datetime.fromtimestamp(START_MS / 1000 + 1, UTC)
    assert results(store, history, until=datetime.fromtimestamp(START_MS / 1000, UTC)) == [0, 0]
    assert results(store, history, until=second) == [1, 0]
    assert results(store, history, until=second.replace(microsecond=1000)) == [1, 1]
    assert results(store, history, until=datetime.fromtimestamp(START_MS / 1000 + 2.001, UTC)) == [2, 1]


def test_no_goals_and_no_exposures(store: EventStore, workspace_id: int) -> None:
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, goals=())
    assert store.results(query) == []
    assert store.account_products(query) == []
    store_history(store, workspace_id, History([exposed()], [tracked()]), [])
    assert arms(store.results(query)) == {(1, 1): (1, 0)}


def test_another_workspace_and_another_experience_stay_out(store: EventStore, workspace_id: int) -> None:
    other = fresh_workspace()
    store_history(store, other, History([exposed()], [tracked()], [(1, 2)]), [2])
    store_history(store, workspace_id, History([exposed(experience_id=2)], [tracked()]), [])
    assert store.results(asked(workspace_id)) == []


def test_any_names_of_goals_and_visitors(store: EventStore, workspace_id: int) -> None:
    names = ["O'Hara", '"', "\\", "\\'", "a\x00b", "日本語 🦊", "] , ['x", "\n"]
    history = History(
        [exposed(f"visitor {name}", number) for number, name in enumerate(names, 1)],
        [tracked(f"visitor {name}", 99, event=name) for name in names],
    )
    store_history(store, workspace_id, history, [])
    goals = tuple(GoalQuery(event=name) for name in names)
    cells = store.results(ResultsQuery(workspace_id=workspace_id, experience_id=1, goals=goals))
    assert [(cell.units, cell.converted) for cell in cells if cell.kind == "browser"] == [(8, 1)] * 8


def test_forgetting_a_merge_brings_back_what_held_before(store: EventStore, workspace_id: int) -> None:
    history = History([exposed(profile_id=1)], [tracked(anonymous_id="", profile_id=2)])
    store_history(store, workspace_id, history, [])
    last = store.last_batch()
    query = asked(workspace_id)
    merges = History(merges=[(1, 2), (2, 3)])
    store_history(store, workspace_id, merges, [last + 1, last + 2])
    assert arms(store.results(query)) == {(1, 1): (1, 1)}
    store.forget_batches_after(last + 1)
    assert arms(store.results(query)) == {(1, 1): (1, 1)}
    store.forget_batches_after(last)
    assert arms(store.results(query)) == {(1, 1): (1, 0)}


untils = st.none() | st.sampled_from(OFFSETS_MS).map(lambda ms: datetime.fromtimestamp((START_MS + ms) / 1000, UTC))
goals = st.builds(
    GoalQuery,
    type=st.sampled_from(["track", "track", "page"]),
    event=st.sampled_from([*EVENTS, ""]),
    where=st.sampled_from([All(), Leaf(fact=Fact.PROPERTY, name="amount", operator=Operator.AT_LEAST, value=2)]),
    value=st.sampled_from(["", "amount"]),
    window_seconds=st.sampled_from([1, 86_400, 2 * 86_400, 7 * 86_400]),
)
questions = st.builds(
    ResultsQuery,
    workspace_id=st.builds(fresh_workspace),
    experience_id=st.just(1),
    goals=st.lists(goals, max_size=3, min_size=1).map(tuple),
    until=untils,
    before_seconds=st.sampled_from([1, 86_400]),
    epochs=st.lists(untils.filter(bool), max_size=3).map(tuple),
)


def agrees(store: EventStore, made: tuple[History, list[int]], query: ResultsQuery) -> None:
    history, merge_batches = made
    store_history(store, query.workspace_id, history, merge_batches)
    compare(store.results(query), history, query)


@settings(
    max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(made=histories(), query=questions)
def test_the_sql_agrees_with_the_model(
    embedded_store: EventStore, made: tuple[History, list[int]], query: ResultsQuery
) -> None:
    agrees(embedded_store, made, query)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(made=histories(), query=questions)
def test_the_sql_agrees_with_the_model_over_the_wire(
    server_store: EventStore, made: tuple[History, list[int]], query: ResultsQuery
) -> None:
    agrees(server_store, made, query)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(made=histories(), query=questions)
def test_the_sql_agrees_with_the_model_at_length(
    embedded_store: EventStore, made: tuple[History, list[int]], query: ResultsQuery
) -> None:
    agrees(embedded_store, made, query)
