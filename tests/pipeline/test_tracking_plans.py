"""Tracking plans in the pipeline: what passes, what is told, what is blocked, and what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from pipeline.world import NOON, World, identify, track
from pitcairn.connections.schema.reading import events
from pitcairn.connections.tracking_plans import queries, services
from pitcairn.connections.tracking_plans.queries import ViolationItem
from pitcairn.connections.tracking_plans.rules import Rule
from pitcairn.connections.tracking_plans.violations import MOST_VIOLATIONS
from pitcairn.experiences.exposures import EVENT

pytestmark = pytest.mark.django_db(transaction=True, databases=list(settings.DATABASES))

BOUGHT = Rule(
    type="track",
    event="Bought",
    schema={
        "type": "object",
        "properties": {
            "properties": {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
        },
    },
)
LOCALE = Rule(
    type="common",
    schema={"properties": {"context": {"type": "object", "required": ["locale"]}}},
)
GOOD: dict[str, Any] = {"properties": {"total": 5}, "context": {"locale": "en"}}


def plan(world: World, *rules: Rule, on_violation: str = "warn", on_unplanned: str = "allow") -> int:
    return services.create_plan(
        workspace_id=world.workspace_id,
        name="Plan",
        rules=rules or (BOUGHT,),
        source_ids=[world.website],
        on_violation=on_violation,
        on_unplanned=on_unplanned,
    ).id


def violations(world: World) -> dict[tuple[str, str, str, str], ViolationItem]:
    found = queries.violations(world.workspace_id)
    return {(one.reason, one.event, one.place, one.problem): one for one in found}


def test_a_warning_is_counted_and_stands_on_the_message(world: World) -> None:
    plan(world)
    world.process(track("m1", "Bought", **GOOD), track("m2", "Bought", properties={"total": "5"}))
    world.process(track("m3", "Bought"), at=NOON + 1_000)
    world.process(track("m3", "Bought"), at=NOON + 2_000)
    assert {one.message_id: one.violation for one in world.messages()} == {
        "m1": "",
        "m2": "properties.total is a string, not a number",
        "m3": "properties.total is missing",
    }
    found = violations(world)
    assert set(found) == {
        ("schema_violation", "Bought", "properties.total", "is a string, not a number"),
        ("schema_violation", "Bought", "properties.total", "is missing"),
    }
    missing = found["schema_violation", "Bought", "properties.total", "is missing"]
    assert (missing.count, missing.blocked, missing.message_id) == (1, 0, "m3")
    assert (missing.first_seen_at, missing.last_seen_at) == (NOON + 1_000, NOON + 1_000)


def test_a_blocked_message_is_refused_with_its_text_and_teaches_nothing(world: World) -> None:
    plan(world, on_violation="block")
    sent = track("m1", "Bought", userId="u1", properties={"total": "secret"}, groupId="g", context={"ip": "1.2.3.4"})
    world.process(sent, track("m2", "Bought", userId="u2", **GOOD))
    assert world.message_ids() == ["m2"]
    [refusal] = world.refusals()
    assert (refusal.reason, refusal.message_id, refusal.user_id, refusal.event) == (
        "schema_violation", "m1", "u1", "Bought",
    )  # fmt: skip
    assert refusal.detail == "properties.total is a string, not a number."
    kept = json.loads(refusal.message)
    assert {name: kept[name] for name in sent} == sent
    with pytest.raises(AssertionError, match="points to nobody"):
        world.profile("user_id:u1")
    assert "secret" not in "".join(one.problem for one in queries.violations(world.workspace_id))
    [event] = [one for one in events(world.workspace_id, world.website) if one.event == "Bought"]
    assert (event.count, event.blocked) == (2, 1)


def test_a_blocked_message_can_be_sent_again_when_the_plan_is_right(world: World) -> None:
    made = plan(world, on_violation="block")
    world.process(track("m1", "Bought", properties={"total": "5"}))
    services.update_plan(workspace_id=world.workspace_id, plan_id=made, on_violation="warn")
    world.process(track("m1", "Bought", properties={"total": "5"}))
    assert world.message_ids() == ["m1"]
    assert [one.reason for one in world.refusals()] == ["schema_violation"]


@pytest.mark.parametrize(
    ("on_unplanned", "stored", "reason"),
    [("allow", True, None), ("warn", True, "unplanned"), ("block", False, "unplanned")],
)
def test_events_that_are_not_in_the_plan(world: World, on_unplanned: str, stored: bool, reason: str | None) -> None:
    plan(world, on_unplanned=on_unplanned)
    world.process(track("m1", "Elsewhere"), track("m2", "Bought", **GOOD))
    assert world.message_ids() == (["m1", "m2"] if stored else ["m2"])
    assert {one.reason for one in queries.violations(world.workspace_id)} == ({reason} if reason else set())
    assert world.reasons() == ({} if stored else {"m1": "unplanned"})


def test_the_rule_for_every_message(world: World) -> None:
    plan(world, BOUGHT, LOCALE, on_violation="block", on_unplanned="warn")
    world.process(
        track("planned", "Bought", **GOOD),
        track("common", "Bought", properties={"total": 1}),
        track("both", "Bought"),
        track("unplanned", "Other", context={"locale": "en"}),
        track("unplanned and common", "Other"),
        identify("identify", {"plan": "pro"}, userId="u"),
    )
    assert world.message_ids() == ["planned", "unplanned"]
    assert world.reasons() == {
        "common": "common_schema_violation",
        "both": "schema_violation",
        "unplanned and common": "unplanned_and_schema_violation",
        "identify": "common_schema_violation",
    }


def test_a_type_that_the_plan_says_nothing_about_passes(world: World) -> None:
    plan(world, on_violation="block", on_unplanned="block")
    page = {"type": "page", "name": "Home", "anonymousId": "a", "messageId": "page"}
    world.process(identify("identify", {"plan": "pro"}, userId="u"), page)
    assert world.message_ids() == ["identify", "page"]
    services.put_rule(
        workspace_id=world.workspace_id,
        plan_id=queries.plans(world.workspace_id)[0].id,
        type="page",
        event="Pricing",
        schema={},
    )
    world.process({**page, "messageId": "page 2"}, {**page, "messageId": "page 3", "name": "Pricing"})
    assert world.reasons() == {"page 2": "unplanned"}


def test_pages_without_a_rule_of_their_own_follow_the_one_for_pages(world: World) -> None:
    titled = {"properties": {"properties": {"required": ["title"]}}}
    plan(world, Rule(type="page", schema=titled), Rule(type="page", event="Home", schema={}), on_violation="block")
    page = {"type": "page", "anonymousId": "a"}
    world.process(
        {**page, "messageId": "m1", "name": "Home"},
        {**page, "messageId": "m2", "name": "Pricing"},
        {**page, "messageId": "m3"},
        {**page, "messageId": "m4", "properties": {"title": "T"}},
    )
    assert world.message_ids() == ["m1", "m4"]
    assert world.reasons() == {"m2": "schema_violation", "m3": "schema_violation"}


def test_other_sources_and_our_own_exposures_are_left_alone(world: World) -> None:
    plan(world, BOUGHT, LOCALE, on_violation="block", on_unplanned="block")
    world.process(track("m1", "Anything"), source_id=world.backend)
    world.process(track("m2", EVENT))
    assert world.message_ids() == ["m1", "m2"]


def test_a_plan_holds_from_the_next_batch_on(world: World) -> None:
    world.process(track("m1", "Other"))
    made = plan(world, on_unplanned="block")
    world.process(track("m2", "Other"))
    services.update_plan(workspace_id=world.workspace_id, plan_id=made, source_ids=[])
    world.process(track("m3", "Other"))
    assert world.message_ids() == ["m1", "m3"]


def test_a_plan_that_cannot_be_used_stops_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    from pitcairn.connections.models import TrackingPlan

    made = plan(world, on_violation="block")
    TrackingPlan.objects.filter(id=made).update(rules=[{"type": "track", "event": "Bought", "schema": {"type": "no"}}])
    world.process(track("m1", "Bought"))
    assert world.message_ids() == ["m1"]
    assert "is left out until it is saved again" in caplog.text


def test_how_many_different_violations_are_kept_is_bounded(world: World) -> None:
    plan(world, on_unplanned="warn")
    world.process(*(track(f"m{n}", f"Event {n}") for n in range(MOST_VIOLATIONS + 20)))
    world.process(track("again", "Event 0"))
    found = queries.violations(world.workspace_id)
    assert len(found) == MOST_VIOLATIONS
    assert {one.event: one.count for one in found}["Event 0"] == 2
