"""Exposures on their way into the event store: verified, counted once, and remembered with the profile."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from pipeline.world import World, identify, track
from pitcairn.experiences.exposures import EVENT, exposure_id

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

VISITOR = "visitor-1"


def exposure(
    world: World, nonce: str = "0a", *, variation: int = 8, visitor: str = VISITOR, **changed: Any
) -> dict[str, Any]:
    """The call with which the tag reports an exposure of experience 3, segment 5."""
    signed = exposure_id(
        world.workspace.secret.encode(), nonce, experience_id=3, segment_id=5, variation_id=variation, visitor=visitor
    )
    properties = {
        "experience": "Corporate Website Experiment",
        "audienceSegment": "Small company",
        "personalized": variation != 0,
        "experienceId": 3,
        "audienceSegmentId": 5,
        "variationId": variation or None,
        "visitorId": visitor,
        "exposureId": signed,
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
