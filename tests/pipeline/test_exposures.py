"""Exposures on their way into the event store: verified, counted once, and remembered with the profile."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from django.conf import settings

from pipeline.world import NOON, World, identify, track
from pitcairn.experiences.exposures import EVENT, exposure_id
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiences.timing import Frequency
from pitcairn.profiles.models import Profile
from pitcairn.profiles.visits import VisitRecord

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

VISITOR = "visitor-1"


def exposure(
    world: World,
    nonce: str = "0a",
    *,
    variation: int = 8,
    segment: int = 5,
    experience: int = 3,
    visitor: str = VISITOR,
    reason: str = "assigned",
    **changed: Any,
) -> dict[str, Any]:
    """The call with which the tag reports an exposure of experience 3, segment 5."""
    signed = exposure_id(
        world.workspace.secret.encode(), nonce, experience_id=experience, segment_id=segment, variation_id=variation,
        visitor=visitor, reason=reason,
    )  # fmt: skip
    properties = {
        "experience": "Corporate Website Experiment",
        "audienceSegment": "Small company",
        "personalized": variation != 0,
        "experienceId": experience,
        "audienceSegmentId": segment,
        "variationId": variation or None,
        "visitorId": visitor,
        "exposureId": signed,
        "reason": reason,
        "pageUrl": "https://acme.example/",
    }
    return track(signed, EVENT, anonymousId=visitor, properties=properties) | changed


def arms(world: World, identifier: str = f"anonymous_id:{VISITOR}") -> list[tuple[int, bool, int]]:
    """What the profile was first shown: (experience, personalized, variation)."""
    found = world.profile(identifier).assignments
    return [(one.experience_id, one.personalized, one.variation_id) for one in found]


def test_an_exposure_counts_and_is_remembered(world: World) -> None:
    world.process(exposure(world))
    profile = world.profile(f"anonymous_id:{VISITOR}").item.id
    message_id = exposure(world)["messageId"]
    assert world.exposures() == [(3, 5, 8, True, VISITOR, profile, message_id)]
    assert arms(world) == [(3, True, 8)]
    assert world.message_ids() == [message_id]


def test_control_is_an_exposure_too(world: World) -> None:
    world.process(exposure(world, variation=0))
    assert [row[:5] for row in world.exposures()] == [(3, 5, 0, False, VISITOR)]
    assert arms(world) == [(3, False, 0)]


def test_the_copy_through_analytics_js_is_the_same_exposure(world: World) -> None:
    """With the same messageId, with another one, in the same batch and later."""
    world.process(exposure(world), exposure(world), exposure(world, messageId="ajs-1"))
    world.process(exposure(world), exposure(world, messageId="ajs-2"))
    assert len(world.exposures()) == 1
    assert world.message_ids() == [exposure(world)["messageId"]]
    assert [one.reason for one in world.refusals()] == ["duplicate_message"] * 4


def test_every_page_view_is_an_exposure_of_its_own(world: World) -> None:
    world.process(exposure(world, "0a"), exposure(world, "0b"))
    assert len(world.exposures()) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"variationId": None},
        {"variationId": 9},
        {"experienceId": 4},
        {"visitorId": "visitor-2"},
        {"exposureId": "exp-0a-3-0"},
    ],
)
def test_a_forged_exposure_is_an_ordinary_call(world: World, changed: dict[str, Any]) -> None:
    genuine = exposure(world)
    world.process(exposure(world, properties=genuine["properties"] | changed))
    assert (world.exposures(), arms(world)) == ([], [])
    [message] = world.messages()
    assert (message.event, message.delivered_to) == (EVENT, ["mutiny"])
    assert message.properties == genuine["properties"] | changed


def test_a_forgery_does_not_take_the_place_of_the_exposure(world: World) -> None:
    """Whoever learns an exposure's id can send a call with it first; the exposure counts all the same."""
    genuine = exposure(world)
    world.process(exposure(world, properties=genuine["properties"] | {"variationId": 9}))
    world.process(genuine)
    assert [row[:3] for row in world.exposures()] == [(3, 5, 8)]


@pytest.mark.parametrize("same_batch", [True, False])
@pytest.mark.parametrize("first", ["counted", "not-counted"])
def test_a_copy_that_mutiny_does_not_get_is_no_exposure(world: World, same_batch: bool, first: str) -> None:
    """Through a source that is not connected, or kept from Mutiny: the other copy counts, whichever comes first."""
    counted, other = exposure(world), exposure(world, integrations={"All": False})
    for message in (counted, other) if first == "counted" else (other, counted):
        world.accept(message)
        if not same_batch:
            world.work()
    world.work()
    assert [row[:3] for row in world.exposures()] == [(3, 5, 8)]
    assert arms(world) == [(3, True, 8)]


def test_an_exposure_through_an_unconnected_source_counts_nothing(world: World) -> None:
    world.process(exposure(world), source_id=world.backend)
    assert (world.exposures(), arms(world)) == ([], [])
    assert len(world.messages()) == 1


def test_a_page_call_of_that_name_is_no_exposure(world: World) -> None:
    call = {**exposure(world), "type": "page", "name": EVENT}
    del call["event"]
    world.process(call)
    assert (world.exposures(), arms(world)) == ([], [])


def test_what_was_shown_first_outlives_login_and_merge(world: World) -> None:
    """The known person was in control before; the browser that joins them was personalized later."""
    world.process(identify("m1", anonymousId="visitor-0", userId="u1"))
    world.process(exposure(world, variation=0, visitor="visitor-0", timestamp="2026-11-02T10:00:00Z"))
    world.process(exposure(world, timestamp="2026-11-02T11:00:00Z"))
    assert arms(world) == [(3, True, 8)]
    world.process(identify("m2", anonymousId=VISITOR, userId="u1"))
    assert arms(world) == arms(world, "user_id:u1") == arms(world, "anonymous_id:visitor-0") == [(3, False, 0)]
    world.process(exposure(world, "0b", timestamp="2026-11-02T11:30:00Z"))
    assert arms(world) == [(3, False, 0)]


def test_a_clock_in_the_future_does_not_reach_beyond_receipt(world: World) -> None:
    world.process(exposure(world, variation=0, timestamp="2027-01-01T00:00:00Z"))
    world.process(exposure(world, "0b", timestamp="2026-11-02T12:00:00.001Z"), at=1_793_620_800_001)
    assert arms(world) == [(3, False, 0)]


def stored(world: World, visitor: str = VISITOR) -> dict[str, Any]:
    """What the profile keeps of experiences, as it stands in the store: the side and the variation by key."""
    found = world.profile(f"anonymous_id:{visitor}")
    row = Profile.objects.get(id=found.item.id)
    return {key: (arm, variation) for key, (arm, _, variation, _) in json.loads(row.assignments).items()}


def test_the_holdout_is_remembered_and_stands_outside_every_comparison(world: World) -> None:
    world.process(exposure(world, variation=0, reason="holdout"))
    assert stored(world) == {"0": ("holdout", 0)}
    assert world.rows("SELECT reason FROM exposures WHERE workspace_id = {workspace}") == [("holdout",)]
    assert world.profile(f"anonymous_id:{VISITOR}").assignments == ()


def test_what_is_promoted_assigns_nobody(world: World) -> None:
    """Its visitors were not drawn: they would bend the comparison if it were live again."""
    world.process(exposure(world, reason="promoted"))
    assert stored(world) == {}
    assert world.rows("SELECT reason, personalized FROM exposures WHERE workspace_id = {workspace}") == [
        ("promoted", True)
    ]


@pytest.mark.parametrize(
    ("decided", "said"), [("holdout", "assigned"), ("assigned", "holdout"), ("promoted", "stored")]
)
def test_a_page_cannot_say_another_reason(world: World, decided: str, said: str) -> None:
    told = exposure(world, variation=0 if decided == "holdout" else 8, reason=decided)
    told["properties"]["reason"] = said
    world.process(told)
    assert world.exposures() == []


def test_the_variation_of_a_further_segment_is_kept_beside_the_first(world: World) -> None:
    world.process(
        exposure(world, "0a"),
        exposure(world, "0b", segment=6, variation=9),
        exposure(world, "0c", segment=6, variation=10),
    )
    assert stored(world) == {"3": ("personalized", 8), "3.6": ("personalized", 9)}
    assert arms(world) == [(3, True, 8)]


def test_views_of_what_has_a_cap_are_counted(world: World) -> None:
    made = save_experience(
        workspace_id=world.workspace_id,
        name="Capped",
        segments=[{"name": "All", "variations": [{"changes": [{"type": "hide", "selector": ".x"}]}]}],
        goals=["Signed Up"],
        frequency=Frequency(times=2),
    )
    start_experience(world.workspace_id, made.id)
    once = exposure(world, "0a", experience=made.id)
    world.process(once)
    world.process(once, exposure(world, "0b", experience=made.id), exposure(world, "0c"), at=NOON + 5)
    row = Profile.objects.get(id=world.profile(f"anonymous_id:{VISITOR}").item.id)
    record = msgspec.json.decode(row.visits, type=VisitRecord)
    assert {key: len(times) for key, times in record.seen.items()} == {str(made.id): 2}


def test_page_calls_make_visits(world: World) -> None:
    def page(number: int, url: str, **of: Any) -> dict[str, Any]:
        said = {"url": f"https://acme.example{url}", "referrer": "https://www.search.example/"}
        return {"type": "page", "messageId": f"page-{number}", "anonymousId": VISITOR, "context": {"page": said}, **of}

    properties = {"url": "https://acme.example/b?utm_source=mail", "referrer": "https://acme.example/a"}
    world.process(page(1, "/a?utm_source=ads&utm_campaign=spring"), page(2, "/b", properties=properties))
    world.process(
        track("t-1", context={"page": {"url": "https://acme.example/b?utm_source=mail"}}, anonymousId=VISITOR)
    )
    world.process(page(3, "/c"), at=NOON + 3_600_000)
    row = Profile.objects.get(id=world.profile(f"anonymous_id:{VISITOR}").item.id)
    record = msgspec.json.decode(row.visits, type=VisitRecord)
    assert (record.visits, record.pages, record.first_at) == (2, 3, NOON)
    assert (record.first_utm, record.last_utm) == ({"source": "ads", "campaign": "spring"}, {"source": "mail"})
    assert record.first_referrer == record.last_referrer == "https://www.search.example/"
