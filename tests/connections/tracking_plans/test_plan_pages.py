"""The pages of schemas and tracking plans: what they say, what they change, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from pages import message, source, text
from pitcairn.connections.removal import delete_source
from pitcairn.connections.schema.reading import events
from pitcairn.connections.schema.recording import Observations, save
from pitcairn.connections.tracking_plans import queries, services
from pitcairn.connections.tracking_plans.checking import Problem, Violation
from pitcairn.connections.tracking_plans.rules import Rule
from pitcairn.connections.tracking_plans.violations import Violations
from pitcairn.eventstore import EventStore
from pitcairn.wire.message import Message
from pitcairn.wire.reasons import DropReason
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.queries import configuration_revision

pytestmark = pytest.mark.django_db(databases=list(settings.DATABASES))

NOW = 1_793_620_800_000
SCHEMA = {"type": "object", "properties": {"properties": {"type": "object", "required": ["total"]}}}


def sent(event: str, properties: dict[str, Any] | None = None, kind: str = "track") -> Message:
    return Message(kind, f"id of {event}", "u", "", event, NOW, None, None, NOW, properties, None, None, None, {})


def seen(workspace: Workspace, source_id: int, *messages: Message) -> None:
    observations = Observations(len(messages))
    for one in messages:
        observations.add(workspace.id, source_id, one)
    with connection.cursor() as cursor:
        save(cursor, observations)


def plan(workspace: Workspace, *source_ids: int, **fields: Any) -> int:
    given: dict[str, Any] = {"name": "Shop", "rules": [Rule(type="track", event="Bought", schema=SCHEMA)]}
    return services.create_plan(workspace_id=workspace.id, source_ids=source_ids, **{**given, **fields}).id


def broken(workspace: Workspace, plan_id: int, source_id: int) -> None:
    violations = Violations()
    problem = (Problem("properties.total", "is missing"),)
    violations.add(
        workspace.id, source_id, sent("Bought"), Violation(plan_id, DropReason.SCHEMA_VIOLATION, problem, False)
    )
    with connection.cursor() as cursor:
        violations.save(cursor)


def upload(value: object) -> SimpleUploadedFile:
    return SimpleUploadedFile("plan.json", json.dumps(value).encode(), "application/json")


def test_the_schema_of_a_source(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    address = f"/connections/sources/{made.id}/schema/"
    assert "Nothing was seen yet" in text(client.get(address))
    seen(
        workspace,
        made.id,
        sent("Bought", {"total": 5, "cart": {"id": "c"}}),
        sent("Bought", {"total": "5"}),
        sent("Landing", None, "page"),
    )
    store.insert("messages", [message(workspace, made.id, event="Bought", message_id=f"m-{n}") for n in range(1_200)])
    page = text(client.get(address))
    assert "2 events" in page
    assert "1,200" in page
    assert "1 of 2 events" in text(client.get(address, {"q": "bou"}))
    assert "Landing" not in text(client.get(address, {"type": "track"}))
    assert "No event matches" in text(client.get(address, {"q": "nothing"}))
    [bought] = [one for one in events(workspace.id, made.id) if one.event == "Bought"]
    detail = text(client.get(f"{address}{bought.id}/"))
    for said in ("Track, 2 messages", "1,200 in 30 days", "total", "string", "integer", "50 %", "cart.id", "100 %"):
        assert said in detail


def test_the_list_can_be_sorted_and_turned(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    seen(workspace, made.id, *(sent(f"Event {n:03}") for n in range(120)), sent("Event 119"))
    address = f"/connections/sources/{made.id}/schema/"
    first, second = (text(client.get(address, {"sort": "name", "page": page})) for page in (1, 2))
    assert "Event 000" in first
    assert "Event 119" not in first
    assert "Event 119" in second
    assert "Event 119" in text(client.get(address, {"sort": "count"}))
    for odd in ({"sort": "x"}, {"page": "999"}, {"page": "x"}, {"type": "x"}):
        assert client.get(address, odd).status_code == 200


def test_an_event_can_be_forgotten(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    seen(workspace, made.id, sent("Bought"))
    [event] = events(workspace.id, made.id)
    page = client.post(f"/connections/sources/{made.id}/schema/{event.id}/forget/", follow=True)
    assert "Bought is out of the schema" in text(page)
    assert events(workspace.id, made.id) == []


def test_what_the_plan_says_of_each_event(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    seen(workspace, made.id, sent("Bought"), sent("Other"), sent("Landing", None, "page"))
    made_plan = plan(workspace, made.id)
    broken(workspace, made_plan, made.id)
    page = text(client.get(f"/connections/sources/{made.id}/schema/"))
    for said in ("Follows the tracking plan Shop", "Breaks its rule", "Not planned", "1 not in the plan"):
        assert said in page
    [other] = [one for one in events(workspace.id, made.id) if one.event == "Other"]
    assert "has no rule for it" in text(client.get(f"/connections/sources/{made.id}/schema/{other.id}/"))
    [bought] = [one for one in events(workspace.id, made.id) if one.event == "Bought"]
    assert "properties.total is missing" in text(client.get(f"/connections/sources/{made.id}/schema/{bought.id}/"))


def test_a_plan_from_what_was_seen(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    nothing = client.post("/connections/tracking-plans/new/", {"way": "seen", "source": made.id})
    assert nothing.status_code == 422
    assert "Nothing was seen of this source yet" in text(nothing)
    seen(workspace, made.id, sent("Bought", {"total": 5, "coupon": "x"}), sent("Bought", {"total": 5}))
    page = client.post(
        "/connections/tracking-plans/new/", {"way": "seen", "source": made.id, "require": "on"}, follow=True
    )
    assert "Website plan has 1 rule." in text(page)
    [item] = queries.plans(workspace.id)
    assert (item.name, item.sources, item.on_violation, item.on_unplanned) == ("Website plan", (), "warn", "allow")
    inside = item.rules[0].schema["properties"]["properties"]
    assert (inside["properties"], inside["required"]) == (
        {"total": {"type": "integer"}, "coupon": {"type": "string"}},
        ["total"],
    )
    assert "2 properties, 1 required" in text(client.get(f"/connections/tracking-plans/{item.id}/"))


def test_export_and_import(client: Client, workspace: Workspace) -> None:
    exported = client.get(f"/connections/tracking-plans/{plan(workspace, on_violation='block')}/export/")
    assert exported["Content-Disposition"] == 'attachment; filename="shop.json"'
    page = client.post(
        "/connections/tracking-plans/new/", {"way": "file", "file": upload(exported.json())}, follow=True
    )
    assert "Shop 2 is imported with 1 rule." in text(page)
    first, second = queries.plans(workspace.id)
    assert (second.rules, second.on_violation) == (first.rules, "block")
    for value, said in (("x", "holds no rules"), ({"rules": [{"type": "track"}]}, "needs the name of its event")):
        refused = client.post("/connections/tracking-plans/new/", {"way": "file", "file": upload(value)})
        assert refused.status_code == 422
        assert said in text(refused)
    assert client.post("/connections/tracking-plans/new/", {"way": "file"}).status_code == 422


def test_rules_are_added_from_a_file(client: Client, workspace: Workspace) -> None:
    made = plan(workspace)
    new = {
        "rules": [{"type": "track", "event": "Bought", "schema": {}}, {"type": "track", "event": "Other", "schema": {}}]
    }
    address = f"/connections/tracking-plans/{made}/add/"
    assert "1 rule is added" in text(client.post(address, {"way": "file", "file": upload(new)}, follow=True))
    page = client.post(address, {"way": "file", "file": upload(new), "replace": "on"}, follow=True)
    assert "No rule is added, 1 changed" in text(page)


def test_writing_changing_and_removing_a_rule(client: Client, workspace: Workspace) -> None:
    made = plan(workspace, rules=())
    address = f"/connections/tracking-plans/{made}/rule/"
    revision = configuration_revision()
    page = client.post(address, {"type": "track", "event": " Bought ", "schema": json.dumps(SCHEMA)}, follow=True)
    assert "The rule for Bought is saved" in text(page)
    assert configuration_revision() > revision
    for typed, said in (
        ({"schema": '{\n  "a": \n}'}, "Line 3, column 1: this is not JSON"),
        ({"schema": '{"a": NaN}'}, "NaN is not JSON"),
        ({"schema": '{"type": "no"}'}, "cannot be used: at type"),
        ({"event": ""}, "needs the name of its event"),
        ({}, "already has a rule for 'Bought'"),
    ):
        refused = client.post(address, {"type": "track", "event": "Bought", "schema": "{}", **typed})
        assert refused.status_code == 422
        assert said in text(refused)
    edit = f"{address}?edit=1&type=track&event=Bought"
    assert "&quot;total&quot;" in client.get(edit).content.decode()
    client.post(edit, {"type": "page", "event": "", "schema": "{}"})
    item = queries.plan(workspace.id, made)
    assert item is not None
    assert [(rule.key, rule.schema) for rule in item.rules] == [(("page", ""), {})]
    assert client.get(edit).status_code == 404
    assert "The rule for Page calls is removed" in text(
        client.post(f"{address}remove/", {"type": "page", "event": ""}, follow=True)
    )


def test_settings_and_the_one_plan_of_a_source(client: Client, workspace: Workspace) -> None:
    website, backend = source(workspace), source(workspace, "Backend", "server")
    one, two = plan(workspace, website.id, backend.id), plan(workspace, name="Other")
    assert "leaves Shop" in text(client.get(f"/connections/tracking-plans/{two}/settings/"))
    given = {"name": "Other", "on_violation": "block", "on_unplanned": "warn", "source": [website.id]}
    page = client.post(f"/connections/tracking-plans/{two}/settings/", given, follow=True)
    assert "Blocks what breaks a rule, warns of unplanned events, on Website" in text(page)
    first, second = queries.plan(workspace.id, one), queries.plan(workspace.id, two)
    assert first is not None
    assert second is not None
    assert ([name for _, name in first.sources], [name for _, name in second.sources]) == (["Backend"], ["Website"])
    for wrong, said in (
        ({"name": "Shop"}, "already a tracking plan called"),
        ({"on_violation": "x"}, ""),
        ({"source": [9**9]}, ""),
    ):
        refused = client.post(f"/connections/tracking-plans/{two}/settings/", {**given, **wrong})
        assert refused.status_code == 422
        assert said in text(refused)


def test_violations_are_listed_and_cleared(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    made_plan = plan(workspace, made.id)
    address = f"/connections/tracking-plans/{made_plan}/violations/"
    assert "Nothing broke the plan" in text(client.get(address))
    broken(workspace, made_plan, made.id)
    page = client.get(address)
    assert "properties.total is missing" in text(page)
    assert b"?q=id%20of%20Bought" in page.content
    assert "counted anew" in text(client.post(f"{address}clear/", follow=True))
    assert queries.violations(workspace.id) == []


def test_trying_a_plan_on_recent_messages(client: Client, workspace: Workspace, store: EventStore) -> None:
    made = source(workspace)
    address = f"/connections/tracking-plans/{plan(workspace, on_violation='block', on_unplanned='warn')}/try/"
    assert "has sent no message that was taken" in text(client.get(address))
    store.insert("messages", [message(workspace, made.id, event="Bought", message_id="m-1", properties='{"total": 5}')])
    assert "The one message is as planned" in text(client.get(address))
    store.insert("messages", [message(workspace, made.id, event="Bought", message_id=f"b-{n}") for n in range(3)])
    store.insert("messages", [message(workspace, made.id, event="Other", message_id="o-1")])
    page = text(client.get(address))
    for said in (
        "4 of 5 messages break the plan; 3 would be blocked",
        "properties.total is missing",
        "is not in the plan",
    ):
        assert said in page


def test_deleting_a_plan_asks_for_its_name(client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    made_plan = plan(workspace, made.id)
    broken(workspace, made_plan, made.id)
    address = f"/connections/tracking-plans/{made_plan}/delete/"
    assert client.post(address, {"name": "shop"}).status_code == 422
    assert "Shop is deleted" in text(client.post(address, {"name": "Shop"}, follow=True))
    assert (queries.plans(workspace.id), queries.violations(workspace.id)) == ([], [])


def test_a_viewer_sees_and_changes_nothing(viewer_client: Client, workspace: Workspace) -> None:
    made = source(workspace)
    seen(workspace, made.id, sent("Bought"))
    made_plan = plan(workspace, made.id)
    for address in (
        f"sources/{made.id}/schema/",
        "tracking-plans/",
        *(f"tracking-plans/{made_plan}/{tab}" for tab in ("", "violations/", "try/", "settings/")),
    ):
        assert viewer_client.get(f"/connections/{address}").status_code == 200
    assert (
        viewer_client.post(
            f"/connections/tracking-plans/{made_plan}/rule/remove/", {"type": "track", "event": "Bought"}
        ).status_code
        == 403
    )
    assert "Save" not in text(viewer_client.get(f"/connections/tracking-plans/{made_plan}/settings/"))


def test_another_workspace_finds_nothing(client: Client, workspace: Workspace) -> None:
    elsewhere = Workspace.objects.create(name="Elsewhere")
    theirs = source(elsewhere)
    seen(elsewhere, theirs.id, sent("Bought"))
    their_plan = plan(elsewhere, theirs.id)
    [event] = events(elsewhere.id, theirs.id)
    tabs = ("", "rule/", "add/", "violations/", "try/", "settings/", "delete/", "export/")
    for address in (
        f"sources/{theirs.id}/schema/",
        f"sources/{theirs.id}/schema/{event.id}/",
        *(f"tracking-plans/{their_plan}/{tab}" for tab in tabs),
    ):
        assert client.get(f"/connections/{address}").status_code == 404
    ours = source(workspace)
    assert client.get(f"/connections/sources/{ours.id}/schema/{event.id}/").status_code == 404
    assert client.post(f"/connections/sources/{ours.id}/schema/{event.id}/forget/").status_code == 404
    with pytest.raises(services.PlanError, match="There is no source"):
        plan(workspace, theirs.id)


def test_what_was_seen_goes_with_its_source(workspace: Workspace) -> None:
    made, kept = source(workspace), source(workspace, "Kept")
    for one in (made, kept):
        seen(workspace, one.id, sent("Bought"))
        broken(workspace, plan(workspace, one.id, name=f"Plan of {one.name}"), one.id)
    delete_source(workspace_id=workspace.id, source_id=made.id)
    assert events(workspace.id, made.id) == []
    assert {one.source_id for one in queries.violations(workspace.id)} == {kept.id}
    assert len(events(workspace.id, kept.id)) == 1
