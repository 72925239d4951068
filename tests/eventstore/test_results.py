"""Results: the rule by example, and the SQL against the model on random histories."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore import model
from eventstore.histories import DAY_MS, EVENTS, OFFSETS_MS, START_MS, histories, store_history
from eventstore.model import Exposure, History, Track
from eventstore.rows import fresh_workspace
from pitcairn.eventstore import ArmCount, DayCount, EventStore, ResultsQuery

GOAL = "Demo Requested"
WINDOW_MS = 7 * DAY_MS


def results(
    store: EventStore, history: History, *, until: datetime | None = None, window_seconds: int = 0
) -> list[int]:
    """Store a history alone in a workspace and return [visitors, converted] of all arms together; the model agrees."""
    workspace_id = fresh_workspace()
    store_history(store, workspace_id, history, list(range(2, 2 + len(history.merges))))
    query = ResultsQuery(
        workspace_id=workspace_id,
        experience_id=1,
        events=(GOAL,),
        until=until,
        window_seconds=window_seconds or WINDOW_MS // 1000,
    )
    arms = store.arm_counts(query)
    assert arms == model.arm_counts(history, query)
    return [sum(arm.visitors for arm in arms), sum(arm.converted for arm in arms)]


def exposed(visitor: str = "v1", profile_id: int = 1, at_ms: int = START_MS, **changes: int) -> Exposure:
    return Exposure(visitor=visitor, profile_id=profile_id, at_ms=at_ms, **changes)


def tracked(anonymous_id: str = "v1", profile_id: int = 1, at_ms: int = START_MS + 1000, event: str = GOAL) -> Track:
    return Track(event=event, anonymous_id=anonymous_id, profile_id=profile_id, at_ms=at_ms)


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


def test_the_first_exposure_decides_the_arm(store: EventStore, workspace_id: int) -> None:
    history = History(
        [
            exposed(at_ms=START_MS + 5000, variation_id=2, segment_id=2),
            exposed(at_ms=START_MS, variation_id=0, segment_id=1, batch=2),
        ],
        [tracked(at_ms=START_MS + 1000)],
    )
    store_history(store, workspace_id, history, [])
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=(GOAL,))
    assert store.arm_counts(query) == [ArmCount(segment_id=1, variation_id=0, visitors=1, converted=1)]


def test_an_exposure_that_comes_late_moves_the_window(store: EventStore, workspace_id: int) -> None:
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=(GOAL,))
    history = History([exposed(at_ms=START_MS + 5000)], [tracked(at_ms=START_MS + 1000)])
    store_history(store, workspace_id, history, [])
    assert store.arm_counts(query) == [ArmCount(segment_id=1, variation_id=1, visitors=1, converted=0)]
    store_history(store, workspace_id, History([exposed(at_ms=START_MS, variation_id=0, batch=2)]), [])
    assert store.arm_counts(query) == [ArmCount(segment_id=1, variation_id=0, visitors=1, converted=1)]


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
    assert results(store, History(history.exposures, history.tracks, merges)) == [1, 1]


def test_a_conversion_of_a_person_with_two_browsers(store: EventStore) -> None:
    two = [exposed("v1", 1), exposed("v2", 2, at_ms=START_MS + 2000, variation_id=0)]
    same = [(2, 1)]
    # By its anonymous id it belongs to that browser alone, even where that browser had not been exposed yet.
    assert results(store, History(two, [tracked("v1", 1, START_MS + 3000)], same)) == [2, 1]
    assert results(store, History(two, [tracked("v2", 1, START_MS + 1000)], same)) == [2, 0]
    # Without one it belongs to both, each in its own window.
    assert results(store, History(two, [tracked("", 1, START_MS + 3000)], same)) == [2, 2]
    assert results(store, History(two, [tracked("", 1, START_MS + 1000)], same)) == [2, 1]


def test_a_browser_that_two_people_share(store: EventStore) -> None:
    # The anonymous id speaks before the person does.
    assert results(store, History([exposed("v1", 1)], [tracked("v1", profile_id=2)])) == [1, 1]


def test_what_does_not_count(store: EventStore) -> None:
    for track in [
        Track(GOAL, "v1", 1, START_MS, type="page"),
        Track(GOAL, "v1", 1, START_MS, delivered=False),
        Track(GOAL.lower(), "v1", 1, START_MS),
        Track("", "v1", 1, START_MS),
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
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=())
    assert store.arm_counts(query) == []
    assert store.arm_counts_by_day(query) == []
    store_history(store, workspace_id, History([exposed()], [tracked()]), [])
    assert store.arm_counts(query) == [ArmCount(segment_id=1, variation_id=1, visitors=1, converted=0)]


def test_another_workspace_and_another_experience_stay_out(store: EventStore, workspace_id: int) -> None:
    other = fresh_workspace()
    store_history(store, other, History([exposed()], [tracked()], [(1, 2)]), [2])
    store_history(store, workspace_id, History([exposed(experience_id=2)], [tracked()]), [])
    assert store.arm_counts(ResultsQuery(workspace_id=workspace_id, experience_id=1, events=(GOAL,))) == []


def test_any_names_of_goals_and_visitors(store: EventStore, workspace_id: int) -> None:
    names = ["O'Hara", '"', "\\", "\\'", "a\x00b", "日本語 🦊", "] , ['x", "\n"]
    history = History(
        [exposed(f"visitor {name}", number) for number, name in enumerate(names, 1)],
        [tracked(f"visitor {name}", 99, event=name) for name in names],
    )
    store_history(store, workspace_id, history, [])
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=tuple(names))
    assert store.arm_counts(query) == [ArmCount(segment_id=1, variation_id=1, visitors=8, converted=8)]


def test_days_are_utc_days_of_first_exposure_and_first_conversion(store: EventStore, workspace_id: int) -> None:
    history = History(
        [exposed("v1", 1, START_MS), exposed("v1", 1, START_MS + 3 * DAY_MS), exposed("v2", 2, START_MS + DAY_MS - 1)],
        [
            tracked("v1", 1, START_MS + 4 * DAY_MS),
            tracked("v1", 1, START_MS + 2 * DAY_MS),
            tracked("v2", 2, START_MS + DAY_MS - 1),
        ],
    )
    store_history(store, workspace_id, history, [])
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=(GOAL,))
    assert store.arm_counts_by_day(query) == [
        DayCount(day=date(2026, 3, 1), segment_id=1, variation_id=1, visitors=2, converted=1),
        DayCount(day=date(2026, 3, 3), segment_id=1, variation_id=1, visitors=0, converted=1),
    ]


def test_forgetting_a_merge_brings_back_what_held_before(store: EventStore, workspace_id: int) -> None:
    history = History([exposed(profile_id=1)], [tracked(anonymous_id="", profile_id=2)])
    store_history(store, workspace_id, history, [])
    last = store.last_batch()
    query = ResultsQuery(workspace_id=workspace_id, experience_id=1, events=(GOAL,))
    merges = History(merges=[(1, 2), (2, 3)])
    store_history(store, workspace_id, merges, [last + 1, last + 2])
    assert store.arm_counts(query)[0].converted == 1
    store.forget_batches_after(last + 1)
    assert store.arm_counts(query)[0].converted == 1
    store.forget_batches_after(last)
    assert store.arm_counts(query)[0].converted == 0


untils = st.none() | st.sampled_from(OFFSETS_MS).map(lambda ms: datetime.fromtimestamp((START_MS + ms) / 1000, UTC))
questions = st.builds(
    ResultsQuery,
    workspace_id=st.builds(fresh_workspace),
    experience_id=st.just(1),
    events=st.lists(st.sampled_from(EVENTS), unique=True).map(tuple),
    window_seconds=st.sampled_from([1, 86_400, 2 * 86_400, 7 * 86_400]),
    until=untils,
)


def agrees(store: EventStore, made: tuple[History, list[int]], query: ResultsQuery) -> None:
    history, merge_batches = made
    store_history(store, query.workspace_id, history, merge_batches)
    assert store.arm_counts(query) == model.arm_counts(history, query)
    assert store.arm_counts_by_day(query) == model.arm_counts_by_day(history, query)


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
