"""What speaks against results, found where it comes from: on the real event store."""

from datetime import timedelta
from typing import Any

import pytest

from eventstore.rows import exposure
from experiences.making import HEADLINE, LAUNCH, LOGIN, NOW, SMALL, experience, workspace
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import Experience, ExperienceType
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiments.checks import Check, checks
from pitcairn.experiments.result_values import ExperienceResults
from pitcairn.experiments.results import results
from pitcairn.stats import Because, Split, SplitCheck

pytestmark = pytest.mark.django_db

DAYS = 4


def shown(
    store: EventStore,
    made: Experience,
    counts: dict[int, int],
    *,
    name: str = "",
    days: int = DAYS,
    **of_exposure: Any,
) -> None:
    """So many visitors of each variation id (0 is control), evenly over the days."""
    [segment] = made.segments.all()
    rows = []
    for variation, count in counts.items():
        for number in range(count):
            visitor = f"{made.id}-{name}-{variation}-{number}"
            at = (LAUNCH + timedelta(days=number % days, seconds=number)).timestamp()
            rows.append(
                exposure(
                    made.workspace_id,
                    **{
                        "experience_id": made.id, "segment_id": segment.id, "variation_id": variation,
                        "personalized": bool(variation), "visitor": visitor, "profile_id": 0,
                        "message_id": f"exp-{visitor}", "timestamp": at, "received_at": at,
                    }
                    | of_exposure,
                )
            )  # fmt: skip
    store.insert("exposures", rows)


def check_of(found: ExperienceResults, name: str) -> Check:
    return next(check for check in checks(found) if check.name == name)


def variation(made: Experience) -> int:
    return made.segments.get().variations.get().id


@pytest.mark.parametrize(
    ("kind", "broken", "sound", "words"),
    [
        ("browser", {"browser": "Safari"}, {"browser": "Chrome"}, "control in the browser Safari ("),
        ("device", {"device": "phone"}, {"device": "desktop"}, "control on the device phone ("),
        (
            "page",
            {"page_url": "https://acme.example/pricing?plan=1"},
            {"page_url": "https://acme.example/"},
            "control on the page acme.example/pricing (",
        ),
        ("route", {"route": "server"}, {"route": "tag"}, "control reported by server ("),
        ("returning", {"returning": True}, {"returning": False}, "control among visitors who are returning ("),
        ("first_day", {"timestamp": (LAUNCH + timedelta(days=9)).timestamp()}, {}, "control of the day 2026-11-11 ("),
    ],
)
def test_a_split_that_is_off_names_its_likely_cause(
    embedded_store: EventStore, kind: str, broken: dict[str, Any], sound: dict[str, Any], words: str
) -> None:
    made = experience(workspace())
    one = variation(made)
    shown(embedded_store, made, {0: 900, one: 900}, **sound)
    shown(embedded_store, made, {0: 500, one: 200}, name="lost", **broken)
    found = results(made.id, embedded_store, NOW)
    assert isinstance(found.split, SplitCheck)
    assert found.split.split is Split.MISMATCH
    assert found.causes[0].slice.dimension == kind
    check = check_of(found, "split")
    assert check.serious
    assert check.title == "The split is not as set"
    assert (
        f"Likely cause: 71.4\u00a0% are {words}28\u00a0% of visitors); without them the split is as set." in check.text
    )
    assert found.recommendation is not None
    assert found.recommendation.because is Because.SPLIT_MISMATCH


def test_bots_that_are_left_out_of_one_side_are_a_cause(embedded_store: EventStore) -> None:
    """What takes visitors for bots looks at what they did: those of one side did more."""
    made = experience(workspace())
    one = variation(made)
    shown(embedded_store, made, {0: 1_000, one: 700})
    shown(embedded_store, made, {one: 300}, name="robots", bot=True)
    found = results(made.id, embedded_store, NOW)
    assert isinstance(found.split, SplitCheck)
    assert found.split.split is Split.MISMATCH
    assert found.causes[0].slice.dimension == "bot"
    assert (
        "Likely cause: of the visitors who are taken for bots and left out, 0\u00a0% are control (15\u00a0% of all); with them "
        "the split is as set."
    ) in check_of(found, "split").text


def test_a_redirect_is_the_cause_where_nothing_else_is(embedded_store: EventStore) -> None:
    made = experience(workspace())
    shown(embedded_store, made, {0: 1_000, variation(made): 800})
    plain = check_of(results(made.id, embedded_store, NOW), "split").text
    assert "No browser, device, page or day explains it. One side loses visitors on the way" in plain
    Experience.objects.filter(id=made.id).update(type=ExperienceType.REDIRECT)
    assert "Likely cause: the redirect." in check_of(results(made.id, embedded_store, NOW), "split").text


def test_the_check_on_the_page_is_the_one_for_every_look(embedded_store: EventStore) -> None:
    """At one look this split would be an alarm; who looks every day sees one like it now and then."""
    made = experience(workspace())
    shown(embedded_store, made, {0: 1_000, variation(made): 1_155})
    found = results(made.id, embedded_store, NOW)
    assert isinstance(found.split, SplitCheck)
    assert found.split.at_one_look is Split.MISMATCH
    assert found.split.split is Split.AS_SET
    assert found.causes == ()
    check = check_of(found, "split")
    assert check.ok
    assert "at every look (below 0.001 for one look)" in check.text
    value = found.as_json()["split"]
    assert value["verdict"] == "as_set"
    assert value["fixedHorizon"]["verdict"] == "mismatch"
    assert value["pValue"] > 0.01 > value["fixedHorizon"]["pValue"]


def test_visitors_who_are_gone_again_do_not_undo_an_alarm(embedded_store: EventStore) -> None:
    """What was off for a week is off, though later visitors make the sums even."""
    made = experience(workspace())
    one = variation(made)
    shown(embedded_store, made, {0: 800, one: 500})
    shown(embedded_store, made, {one: 300}, name="later", timestamp=(LAUNCH + timedelta(days=10)).timestamp())
    found = results(made.id, embedded_store, NOW)
    assert isinstance(found.split, SplitCheck)
    assert found.split.at_one_look is Split.AS_SET
    assert isinstance(found.split.always_p_value, float)
    assert found.split.always_p_value < 0.001


def several(weights: tuple[float, ...] = (1, 1, 1)) -> tuple[Experience, list[int]]:
    owner = workspace()
    names = ("Calm", "Bold", "Loud")
    made = save_experience(
        workspace_id=owner.id,
        name="Headline",
        page_url="acme.example/",
        control_share=0.25,
        segments=[
            {
                "name": "Small company",
                "condition": SMALL,
                "allocation": "manual",
                "variations": [
                    {"name": name, "changes": [HEADLINE], "weight": weight}
                    for name, weight in zip(names, weights, strict=True)
                ],
            }
        ],
        goals=[LOGIN],
    )
    start_experience(owner.id, made.id, now=LAUNCH)
    return Experience.objects.get(id=made.id), list(
        made.segments.get().variations.order_by("position").values_list("id", flat=True)
    )


def test_a_variation_that_loses_visitors_is_seen_though_control_has_its_share(embedded_store: EventStore) -> None:
    made, ids = several()
    shown(embedded_store, made, {0: 500, ids[0]: 600, ids[1]: 300, ids[2]: 600})
    found = results(made.id, embedded_store, NOW)
    assert isinstance(found.split, SplitCheck)
    assert found.split.split is Split.AS_SET
    assert [one.check.split for one in found.variation_splits] == [Split.MISMATCH]
    check = check_of(found, "variation_split")
    assert check.serious
    assert check.title == "The variations of “Small company” did not get the visitors they were to get"
    assert "Bold 15\u00a0% of visitors, 25\u00a0% set" in check.text
    assert found.recommendation is not None
    assert found.recommendation.because is Because.SPLIT_MISMATCH


def test_weights_are_the_split_that_was_set(embedded_store: EventStore) -> None:
    made, ids = several((2, 1, 1))
    shown(embedded_store, made, {0: 500, ids[0]: 750, ids[1]: 375, ids[2]: 375})
    found = results(made.id, embedded_store, NOW)
    assert [one.check.split for one in found.variation_splits] == [Split.AS_SET]
    assert "variation_split" not in {check.name for check in checks(found)}


def test_visitors_in_several_variations_stop_the_advice_when_they_are_many(embedded_store: EventStore) -> None:
    made = experience(workspace())
    one = variation(made)
    shown(embedded_store, made, {0: 500, one: 500})
    # The same browsers again, on the other side, a day later.
    [segment] = made.segments.all()
    rows = [
        exposure(
            made.workspace_id, experience_id=made.id, segment_id=segment.id, variation_id=one, visitor=f"{made.id}--0-{number}",
            profile_id=0, message_id=f"again-{made.id}-{number}", timestamp=(LAUNCH + timedelta(days=6)).timestamp(),
        )
        for number in range(100)
    ]  # fmt: skip
    embedded_store.insert("exposures", rows)
    found = results(made.id, embedded_store, NOW)
    assert (found.visitors, found.left.crossed) == (1_000, 100)
    assert found.primary is not None
    assert (found.primary.control.visitors, found.primary.personalized.visitors) == (500, 500)
    check = check_of(found, "crossed")
    assert (check.serious, check.title) == (True, "Visitors saw several variations")
    assert "100 visitors (10\u00a0%)" in check.text
    assert found.recommendation is not None
    assert found.recommendation.because is Because.TOO_MANY_CROSSED


def test_a_few_of_them_are_no_alarm(embedded_store: EventStore) -> None:
    made = experience(workspace())
    one = variation(made)
    shown(embedded_store, made, {0: 500, one: 500})
    shown(embedded_store, made, {one: 5}, name="")
    found = results(made.id, embedded_store, NOW)
    assert found.left.crossed == 0
    assert check_of(found, "crossed").ok
