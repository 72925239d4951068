"""Results on the real stores: what the event store counts, said with its uncertainty."""

import json
from datetime import date, timedelta

import pytest

from experiences.making import LAUNCH, LOGIN, NOW, conversions, experience, segment, visits, workspace
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiences.services import archive_experience
from pitcairn.experiments.chart import charts
from pitcairn.experiments.checks import checks
from pitcairn.experiments.findings import Verdict
from pitcairn.experiments.models import ExperienceGoal
from pitcairn.experiments.page import results_context
from pitcairn.experiments.result_values import ArmResult
from pitcairn.experiments.results import ResultsError, primary_finding, results
from pitcairn.experiments.results_json import rows
from pitcairn.stats import Arm, Estimate, NotComputable, compare, compare_strata, rate

pytestmark = pytest.mark.django_db


def counts(result: ArmResult) -> tuple[int, int]:
    return result.converted, result.visitors


def test_each_segment_and_the_whole(embedded_store: EventStore) -> None:
    made = experience(workspace(), segments=["Small company", "Financial services"])
    visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
    visits(embedded_store, made, control=(6, 150), personalized=(5, 140), position=1)
    found = results(made.id, embedded_store, NOW)

    goal = found.primary
    assert goal is not None
    assert (goal.name, goal.primary, goal.chosen_late) == (LOGIN, True, False)
    assert [(one.name, counts(one.control), counts(one.personalized)) for one in goal.segments] == [
        ("Small company", (20, 500), (45, 500)),
        ("Financial services", (6, 150), (5, 140)),
    ]
    assert (counts(goal.control), counts(goal.personalized)) == ((26, 650), (50, 640))
    assert goal.personalized.rate == rate(Arm(640, 50))
    fixed = compare_strata([(Arm(500, 20), Arm(500, 45)), (Arm(150, 6), Arm(140, 5))])
    assert goal.finding.fixed == fixed
    assert goal.finding.verdict is Verdict.TOO_EARLY
    assert goal.segments[1].finding.verdict is Verdict.TOO_EARLY
    small = segment(made)
    assert [(one.id, one.name, counts(one.result)) for one in goal.segments[0].variations] == [
        (small.variations.get().id, "Personalized", (45, 500))
    ]
    assert (found.visitors, found.as_of) == (1290, NOW)


def test_every_goal_is_judged_and_the_primary_comes_first(embedded_store: EventStore) -> None:
    made = experience(workspace(), goals=[LOGIN, "Signed Up"])
    visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
    conversions(embedded_store, made, "Signed Up", 9, arm="c")
    conversions(embedded_store, made, "Signed Up", 3, arm="p")
    found = results(made.id, embedded_store, NOW)
    assert [(one.name, one.converted, one.visitors) for one in found.goals] == [
        (LOGIN, 65, 1000),
        ("Signed Up", 12, 1000),
    ]


def test_the_series_is_cumulative_and_has_every_day(embedded_store: EventStore) -> None:
    made = experience(workspace())
    visits(embedded_store, made, control=(2, 50), personalized=(5, 60))
    visits(embedded_store, made, control=(1, 10), personalized=(0, 20), at=LAUNCH + timedelta(days=3), prefix="later-")
    goal = results(made.id, embedded_store, LAUNCH + timedelta(days=5)).primary
    assert goal is not None
    assert [(day.day.day, counts(day.control), counts(day.personalized)) for day in goal.series] == [
        (2, (2, 50), (5, 60)),
        (3, (2, 50), (5, 60)),
        (4, (2, 50), (5, 60)),
        (5, (3, 60), (5, 80)),
        (6, (3, 60), (5, 80)),
        (7, (3, 60), (5, 80)),
    ]
    assert goal.series[-1].control.rate == goal.control.rate
    assert goal.finding.days_to_narrow is not None


def test_the_series_of_what_ended_stops(embedded_store: EventStore) -> None:
    made = experience(workspace())
    visits(embedded_store, made, control=(20, 500), personalized=(24, 500))
    archive_experience(made.workspace_id, made.id, now=LAUNCH + timedelta(days=2))
    goal = results(made.id, embedded_store, LAUNCH + timedelta(days=200)).primary
    assert goal is not None
    # The last visitors could convert for seven days more.
    assert (goal.series[0].day, goal.series[-1].day) == (date(2026, 11, 2), date(2026, 11, 11))
    assert goal.finding.verdict is Verdict.UNDECIDED


def test_a_deleted_segment_keeps_its_numbers(embedded_store: EventStore) -> None:
    made = experience(workspace(), segments=["Kept", "Gone"])
    visits(embedded_store, made, control=(1, 10), personalized=(2, 10))
    visits(embedded_store, made, control=(3, 30), personalized=(4, 30), position=1)
    gone = segment(made, 1)
    gone_id = gone.id
    AudienceSegment.objects.filter(id=gone_id).delete()
    goal = results(made.id, embedded_store, NOW).primary
    assert goal is not None
    assert [(one.name, one.control.visitors) for one in goal.segments] == [
        ("Kept", 10),
        (f"Deleted segment {gone_id}", 30),
    ]
    assert goal.visitors == 80


def test_nothing_yet(embedded_store: EventStore) -> None:
    made = experience(workspace())
    found = results(made.id, embedded_store, NOW)
    goal = found.primary
    assert goal is not None
    assert (goal.finding.verdict, goal.series, found.visitors) == (Verdict.NO_VISITORS, (), 0)
    assert isinstance(goal.personalized.rate, NotComputable)
    assert (checks(found), charts(goal.series)) == ((), ())
    assert [segment.name for segment in goal.segments] == ["Small company"]


def test_no_goal_no_verdict(embedded_store: EventStore) -> None:
    made = experience(workspace(), goals=[], started=None)
    found = results(made.id, embedded_store, NOW)
    assert (found.goals, found.primary, found.visitors) == ((), None, 0)
    with pytest.raises(ResultsError, match="no experience 987654321"):
        results(987654321, embedded_store, NOW)


def test_the_future_does_not_count_yet(embedded_store: EventStore) -> None:
    made = experience(workspace())
    visits(embedded_store, made, control=(2, 50), personalized=(5, 60))
    visits(embedded_store, made, control=(9, 10), personalized=(9, 20), at=NOW + timedelta(days=1), prefix="future-")
    assert results(made.id, embedded_store, NOW).visitors == 110
    assert results(made.id, embedded_store, NOW + timedelta(days=2)).visitors == 140


def test_visitors_who_still_have_time(embedded_store: EventStore) -> None:
    made = experience(workspace())
    visits(embedded_store, made, control=(2, 50), personalized=(5, 60))
    visits(embedded_store, made, control=(1, 10), personalized=(0, 20), at=NOW - timedelta(days=3), prefix="later-")
    found = results(made.id, embedded_store, NOW)
    assert found.inside_window == 30


def test_one_query_says_what_the_results_say(embedded_store: EventStore) -> None:
    made = experience(workspace(), segments=["A", "B"])
    visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
    found = results(made.id, embedded_store, NOW)
    finding = primary_finding(found.experience, embedded_store, NOW)
    assert finding is not None
    assert found.primary is not None
    assert (finding.verdict, finding.fixed) == (found.primary.finding.verdict, found.primary.finding.fixed)


class TestJSON:
    def test_the_same_numbers_in_camel_case(self, embedded_store: EventStore) -> None:
        made = experience(workspace(), segments=["Small company", "Financial services"], goals=[LOGIN, "Signed Up"])
        visits(embedded_store, made, control=(40, 500), personalized=(100, 500))
        value = json.loads(json.dumps(results(made.id, embedded_store, NOW).as_json()))
        assert value["experience"] == {
            "id": made.id,
            "name": "Corporate Website Experiment",
            "state": "live",
            "page": "acme.example/",
            "controlShare": 0.5,
            "startedAt": "2026-11-02T09:00:00.000Z",
            "promotedAt": None,
            "archivedAt": None,
        }
        assert (value["asOf"], value["visitors"]) == ("2026-11-22T09:00:00.000Z", 1000)
        assert value["recommendation"].startswith("Show the personalized page to everyone: ")
        goal = value["goals"][0]
        assert goal["attributionWindowDays"] == 7
        assert (goal["name"], goal["primary"], goal["verdict"]) == (LOGIN, True, "better")
        expected = compare(Arm(500, 40), Arm(500, 100))
        assert isinstance(expected.lift, Estimate)
        fixed = goal["fixedHorizon"]
        assert fixed["lift"] == {"value": expected.lift.value, "low": expected.lift.low, "high": expected.lift.high}
        assert fixed["pValue"] == expected.p_value
        # What holds at every look is wider than what holds once.
        assert 0 < goal["lift"]["low"] < expected.lift.low < expected.lift.high < goal["lift"]["high"]
        assert expected.p_value < goal["pValue"] < 0.05
        assert goal["chanceToBeBetter"] > 0.99
        assert goal["personalized"]["visitors"] == 500
        assert goal["segments"][0]["audienceSegment"] == {"id": segment(made).id, "name": "Small company"}
        assert goal["segments"][0]["variations"][0]["personalized"]["converted"] == 100
        empty = goal["segments"][1]
        assert empty["verdict"] == "no_visitors"
        assert empty["pValue"] is None
        assert empty["personalized"]["rate"] == {"notComputable": "there are no visitors yet", "atLeast": None}
        assert goal["series"][0]["day"] == "2026-11-02"
        assert goal["series"][-1]["control"]["visitors"] == 500
        assert {check["name"] for check in value["checks"]} >= {"split", "looks", "window", "counted_once", "left_out"}

    def test_rows_for_a_table(self, embedded_store: EventStore) -> None:
        made = experience(workspace())
        visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
        table = list(rows(results(made.id, embedded_store, NOW)))
        assert [
            (row["audience_segment"], row["arm"], row["visitors"], row["converted"])
            for row in table
            if not row["breakdown"]
        ] == [
            ("", "personalized", 500, 45),
            ("", "control", 500, 20),
            ("Small company", "Personalized", 500, 45),
            ("Small company", "control", 500, 20),
        ]
        browser = [row for row in table if row["breakdown"] == "browser"]
        assert [(row["part"], row["arm"], row["converted"]) for row in browser] == [
            ("Firefox", "personalized", 45),
            ("Firefox", "control", 20),
        ]
        assert table[0]["lift"] == pytest.approx(1.25)
        assert table[1]["lift"] is None


class TestChecks:
    def named(self, made: Experience, store: EventStore) -> dict[str, tuple[bool, str]]:
        return {one.name: (one.ok, f"{one.title}: {one.text}") for one in checks(results(made.id, store, NOW))}

    def test_a_clean_experiment(self, embedded_store: EventStore) -> None:
        made = experience(workspace())
        visits(embedded_store, made, control=(30, 500), personalized=(45, 510))
        found = self.named(made, embedded_store)
        assert {name for name, (ok, _) in found.items() if not ok} == set()
        assert "The split is as set" in found["split"][1]

    def test_a_split_that_is_off(self, embedded_store: EventStore) -> None:
        made = experience(workspace())
        visits(embedded_store, made, control=(20, 400), personalized=(45, 600))
        ok, text = self.named(made, embedded_store)["split"]
        assert not ok
        assert "40\u00a0% of visitors in control, 50\u00a0% set" in text
        # Everyone has one browser, one device and one day: none of them explains it.
        assert "loses visitors" in text
        assert [one.name for one in checks(results(made.id, embedded_store, NOW)) if one.serious] == ["split"]

    def test_a_split_too_small_to_judge(self, embedded_store: EventStore) -> None:
        made = experience(workspace())
        visits(embedded_store, made, control=(0, 0), personalized=(2, 8))
        ok, text = self.named(made, embedded_store)["split"]
        assert ok
        assert "Too few visitors" in text

    def test_edited_after_launch(self, embedded_store: EventStore) -> None:
        made = experience(workspace())
        visits(embedded_store, made, control=(20, 400), personalized=(45, 600))
        Experience.objects.filter(id=made.id).update(updated_at=LAUNCH + timedelta(days=4))
        found = self.named(made, embedded_store)
        assert found["edited"][0] is False
        assert found["edited"][1].startswith("Edited on 6 November, after launch: ")

    def test_a_goal_chosen_late_and_more_than_one(self, embedded_store: EventStore) -> None:
        made = experience(workspace(), goals=[LOGIN, "Signed Up"])
        visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
        ExperienceGoal.objects.filter(goal__name="Signed Up").update(chosen_at=LAUNCH + timedelta(days=1))
        found = self.named(made, embedded_store)
        assert found["chosen_late"][1].startswith("Goal chosen after launch: Signed Up was chosen")
        assert found["several"][0] is False


class TestPage:
    def test_the_answer_comes_from_the_primary_goal_or_the_chosen_one(self, embedded_store: EventStore) -> None:
        made = experience(workspace(), goals=[LOGIN, "Signed Up"])
        visits(embedded_store, made, control=(40, 500), personalized=(100, 500))
        found = results(made.id, embedded_store, NOW)
        assert results_context(found)["answer"]["emphasis"] == "150\u00a0% more visitors"
        assert results_context(found)["answer"]["tone"] == "good"
        assert results_context(found, "Signed Up")["goal"].name == "Signed Up"
        assert results_context(found, "Unknown")["goal"].name == LOGIN

    def test_the_sum_is_shown_only_where_there_is_something_to_sum(self, embedded_store: EventStore) -> None:
        owner = workspace()
        one, two = experience(owner), experience(owner, name="Two", segments=["A", "B"])
        for made in (one, two):
            visits(embedded_store, made, control=(20, 500), personalized=(45, 500))
        names = [
            [row.name for row in results_context(results(made.id, embedded_store, NOW))["rows"]] for made in (one, two)
        ]
        assert names == [["Small company"], ["A", "B", "All segments"]]
