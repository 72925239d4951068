"""The pages of filters and mapping, as a browser without a script uses them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from pages import message, mutiny, source, text
from pitcairn.connections import queries_filters, services_filters
from pitcairn.connections.models import Destination
from pitcairn.eventstore import EventStore
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def destination(workspace: Workspace) -> Destination:
    made: Destination = mutiny(workspace, source(workspace).id)
    return made


def address(destination: Destination, rest: str = "filters/") -> str:
    return f"/connections/destinations/{destination.id}/{rest}"


def given(**more: str) -> dict[str, str]:
    """The form of a filter, filled in."""
    form = {"title": "No tests", "source": "", "scope": "some", "condition": "event = 'Test'", "action": "drop"}
    return {**form, "percent": "10", "path": "", "drop_paths": "", "allow_paths": "", "do": "save", **more}


def stored(store: EventStore, workspace: Workspace, destination: Destination, **fields: Any) -> str:
    """A message of the destination's source; returns its id."""
    row = message(workspace, destination.sources.get().id, **fields)
    store.insert("messages", [row])
    return str(row["message_id"])


def test_making_a_filter(client: Client, workspace: Workspace, destination: Destination) -> None:
    assert "Everything is sent" in text(client.get(address(destination)))
    assert "New filter" in text(client.get(address(destination, "filters/new/")))
    page = client.post(address(destination, "filters/new/"), given(), follow=True)
    assert page.redirect_chain == [(address(destination), 302)]
    said = text(page)
    for words in ("No tests is saved", "event = 'Test'", "Drops them", "Every source", "Enabled"):
        assert words in said
    (made,) = queries_filters.filters(workspace.id, destination.id)
    assert (made.condition, made.action) == ("event = 'Test'", {"type": "drop"})


@pytest.mark.parametrize(
    ("form", "condition", "action"),
    [
        (given(action="only_send"), "event = 'Test'", {"type": "only_send"}),
        (given(scope="all"), "all", {"type": "drop"}),
        (given(action="sample", percent="12.5"), "event = 'Test'", {"type": "sample", "percent": 0.125}),
        (
            given(action="sample", percent="0", path=" userId "),
            "event = 'Test'",
            {"type": "sample", "percent": 0, "path": "userId"},
        ),
        (
            given(action="drop_properties", drop_paths="context.ip\r\n\r\n properties.card.number\r\nuserId\r\n"),
            "event = 'Test'",
            {"type": "drop_properties", "fields": {"context": ["ip"], "properties": ["card.number"], "": ["userId"]}},
        ),
        (
            given(action="allow_properties", allow_paths="properties.total", drop_paths="..."),
            "event = 'Test'",
            {"type": "allow_properties", "fields": {"properties": ["total"]}},
        ),
    ],
)
def test_every_action_can_be_chosen_and_edited(
    client: Client, workspace: Workspace, destination: Destination, form: dict[str, str], condition: str, action: Any
) -> None:
    client.post(address(destination, "filters/new/"), form)
    (made,) = queries_filters.filters(workspace.id, destination.id)
    assert (made.condition, made.action) == (condition, action)
    page = client.get(address(destination, f"filters/{made.id}/"))
    assert f'name="action" value="{form["action"]}" checked' in page.content.decode()
    # Saved again as the page shows it, it is the same.
    shown = page.context["form"]
    again = {name: "" if shown[name].value() is None else str(shown[name].value()) for name in shown.fields}
    client.post(address(destination, f"filters/{made.id}/"), {**again, "do": "save"})
    (same,) = queries_filters.filters(workspace.id, destination.id)
    assert same == made


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "Say in a few words what the filter is for"),
        ({"condition": "event = "}, "Line 1, column 8: Expected a name, a value or a function; found the end."),
        ({"condition": "type = 'a'\r\nand ("}, "Line 2, column 6: Expected a name"),
        ({"condition": ""}, "The FQL is empty"),
        ({"action": "sample", "percent": ""}, "Give a number from 0 to 100."),
        ({"action": "sample", "percent": "101"}, "Give 0 to 100 percent."),
        ({"action": "sample", "path": "a..b"}, "has a dot with no name beside it"),
        ({"action": "drop_properties"}, "Name at least one field."),
        ({"action": "drop_properties", "drop_paths": "messageId"}, "messageId cannot be dropped"),
        ({"action": "allow_properties", "allow_paths": "a."}, "has a dot with no name beside it"),
        ({"action": "mask"}, "Select a valid choice"),
    ],
)
def test_what_was_typed_is_still_there_beside_the_error(
    client: Client, workspace: Workspace, destination: Destination, wrong: dict[str, str], said: str
) -> None:
    page = client.post(address(destination, "filters/new/"), given(**wrong))
    assert page.status_code == 422
    assert said in text(page)
    assert queries_filters.filters(workspace.id, destination.id) == []
    if "condition" in wrong:
        assert " ".join(wrong["condition"].split()) in text(page)
        assert b"<mark>" in page.content
    else:
        assert "event = 'Test'" in text(page)


def test_trying_a_filter_before_it_is_saved(
    client: Client, workspace: Workspace, destination: Destination, store: EventStore
) -> None:
    order = stored(
        store, workspace, destination, properties=json.dumps({"total": 5, "coupon": "X"}), context='{"ip": "1"}'
    )
    new = address(destination, "filters/new/")

    def tried(**more: str) -> Any:
        page = client.post(new, given(do="try", message=order, **more))
        assert page.status_code == 200
        return page

    assert "Does not match: sent as it came" in text(tried())
    assert "Matches: not sent" in text(tried(condition="properties.total = 5"))
    assert "Does not match: not sent" in text(tried(action="only_send"))
    page = tried(scope="all", action="drop_properties", drop_paths="properties.coupon\ncontext.ip")
    assert "Matches: sent with changes" in text(page)
    content = page.content.decode()
    assert "<del>    &quot;coupon&quot;: &quot;X&quot;</del>" in content
    assert "<del>    &quot;ip&quot;: &quot;1&quot;</del>" in content
    assert content.count("<del>") == 2
    assert "Line 1, column 8: Expected" in text(tried(condition="event ="))
    assert queries_filters.filters(workspace.id, destination.id) == []


def test_trying_a_message_of_ones_own(client: Client, destination: Destination) -> None:
    new = address(destination, "filters/new/")
    own = {"message": "own", "own": '{"type": "track", "event": "Test"}'}
    assert "Matches: not sent" in text(client.post(new, given(do="try", **own)))
    for wrong, said in {
        "{": "The message is no JSON: ",
        "[1]": "The message is no JSON object",
        "[" * 20_000: "nested too deep",
        "x" * 70_000: "The message has 70,000 characters",
    }.items():
        assert said in text(client.post(new, given(do="try", message="own", own=wrong)))


def test_the_list_shows_what_all_filters_make_of_a_message(
    client: Client, workspace: Workspace, destination: Destination, store: EventStore
) -> None:
    first = stored(store, workspace, destination, event="Order Completed", properties='{"total": 5}')
    second = stored(store, workspace, destination, event="Test")
    make = {"workspace_id": workspace.id, "destination_id": destination.id}
    services_filters.create_filter(**make, title="No tests", condition="event = 'Test'", action={"type": "drop"})
    services_filters.create_filter(**make, title="Off", condition="all", action={"type": "drop"}, enabled=False)
    services_filters.set_mapping(**make, rules=[{"to": "properties.revenue", "from": "properties.total"}])
    page = client.get(address(destination), {"message": first})
    assert "Sent with changes" in text(page)
    assert "<ins>    &quot;revenue&quot;: 5</ins>" in page.content.decode()
    assert "Not sent: stopped by No tests" in text(client.get(address(destination), {"message": second}))
    assert "This message is not in the event store" in text(client.get(address(destination), {"message": "gone"}))


def test_without_messages_the_list_shows_an_example(client: Client, destination: Destination) -> None:
    page = client.get(address(destination))
    assert "No message of its sources is in the event store yet" in text(page)
    assert "Sent as it came" in text(page)
    assert b'name="own"' not in page.content


def test_messages_of_other_workspaces_and_sources_are_not_offered(
    client: Client, workspace: Workspace, destination: Destination, store: EventStore
) -> None:
    other = Workspace.objects.create(id=workspace.id + 500_000, name="Elsewhere")
    theirs = message(other, source(other).id, event="Secret of others")
    store.insert("messages", [theirs, message(workspace, source(workspace, "Unconnected").id, event="Not for it")])
    page = text(client.get(address(destination), {"message": theirs["message_id"]}))
    assert "Secret of others" not in page
    assert "Not for it" not in page


def test_disabling_enabling_and_deleting(client: Client, workspace: Workspace, destination: Destination) -> None:
    client.post(address(destination, "filters/new/"), given())
    (made,) = queries_filters.filters(workspace.id, destination.id)
    enabled = address(destination, f"filters/{made.id}/enabled/")
    assert "No tests is disabled" in text(client.post(enabled, {"enabled": "no"}, follow=True))
    assert "No tests is enabled" in text(client.post(enabled, {"enabled": "yes"}, follow=True))
    assert "No tests is deleted" in text(client.post(address(destination, f"filters/{made.id}/delete/"), follow=True))
    assert queries_filters.filters(workspace.id, destination.id) == []
    assert client.get(address(destination, f"filters/{made.id}/")).status_code == 404


def test_a_filter_is_found_only_under_its_destination(
    client: Client, workspace: Workspace, destination: Destination
) -> None:
    client.post(address(destination, "filters/new/"), given())
    (made,) = queries_filters.filters(workspace.id, destination.id)
    other = mutiny(workspace)
    assert client.get(address(other, f"filters/{made.id}/")).status_code == 404
    assert client.post(address(other, f"filters/{made.id}/delete/")).status_code == 404
    assert queries_filters.filters(workspace.id, destination.id) == [made]


def test_a_viewer_sees_filters_and_mapping_and_no_buttons(
    client: Client, viewer_client: Client, destination: Destination, workspace: Workspace, store: EventStore
) -> None:
    client.post(address(destination, "filters/new/"), given())
    rules = [{"remove": "context.ip", "when": "type = 'page'"}]
    services_filters.set_mapping(workspace_id=workspace.id, destination_id=destination.id, rules=rules)
    filters, mapping = viewer_client.get(address(destination)), viewer_client.get(address(destination, "mapping/"))
    assert "No tests" in text(filters)
    assert "Take out" in text(mapping)
    for page in (filters, mapping):
        assert "Save" not in text(page)
        assert "New filter" not in text(page)
    assert viewer_client.post(address(destination, "filters/new/"), given()).status_code == 403


def row(place: str, kind: str = "from", value: str = "", when: str = "") -> dict[str, str]:
    return {"place": place, "kind": kind, "value": value, "when": when}


def rows(*some: dict[str, str], do: str = "save", **more: str) -> dict[str, Any]:
    columns = {name: [each[name] for each in some] for name in ("place", "kind", "value", "when")}
    return {**columns, "do": do, **more}


def test_a_mapping_row_by_row(client: Client, workspace: Workspace, destination: Destination) -> None:
    page = address(destination, "mapping/")
    assert "Messages are sent as they are" in text(client.get(page))
    assert client.post(page, rows(do="add")).content.decode().count('name="place"') == 1
    some = [
        row("traits.email", "from", "properties.email", "type = 'track'"),
        row("traits.name", "template", "{{ traits.first }}\r\n{{ traits.last }}"),
        row("context.beta", "value", "true"),
        row("context.text", "value", '"true"'),
        row("context.app", "value", "shop"),
        row("context.ip", "remove", "left over"),
        row(""),
    ]
    saved = client.post(page, rows(*some), follow=True)
    assert "The mapping is saved" in text(saved)
    expected = [
        {"to": "traits.email", "from": "properties.email", "when": "type = 'track'"},
        {"to": "traits.name", "template": "{{ traits.first }}\n{{ traits.last }}"},
        {"to": "context.beta", "value": True},
        {"to": "context.text", "value": "true"},
        {"to": "context.app", "value": "shop"},
        {"remove": "context.ip"},
    ]
    assert queries_filters.mapping(workspace.id, destination.id) == expected
    # Saved again as the page shows it, it is the same.
    shown = [row(r.place, r.kind, r.value, r.when) for r in saved.context["form"].rows]
    client.post(page, rows(*shown))
    assert queries_filters.mapping(workspace.id, destination.id) == expected


def test_rows_are_moved_and_removed_before_anything_is_saved(
    client: Client, workspace: Workspace, destination: Destination
) -> None:
    page = address(destination, "mapping/")

    def places(do: str) -> list[str]:
        response = client.post(page, rows(row("a"), row("b"), row("c"), do=do))
        assert response.status_code == 200
        return [each.place for each in response.context["form"].rows]

    assert places("up 2") == ["a", "c", "b"]
    assert places("down 0") == ["b", "a", "c"]
    assert places("remove 1") == ["a", "c"]
    assert places("add") == ["a", "b", "c", ""]
    for nonsense in ("up 0", "down 2", "remove 9", "remove x", "remove -1", "fly 1", ""):
        assert places(nonsense) == ["a", "b", "c"]
    assert queries_filters.mapping(workspace.id, destination.id) == []


def test_an_error_stands_in_its_row(client: Client, workspace: Workspace, destination: Destination) -> None:
    page = client.post(
        address(destination, "mapping/"),
        rows(row("traits.a", "from", "b"), row("messageId", "value", "x"), row("c", "value", "x", "type ==")),
    )
    assert page.status_code == 422
    assert [sorted(each.errors) for each in page.context["form"].rows] == [[], ["place"], ["when"]]
    assert "messageId cannot be written" in text(page)
    assert "Line 1, column 7: Expected" in text(page)
    assert queries_filters.mapping(workspace.id, destination.id) == []


def test_trying_a_mapping_before_it_is_saved(client: Client, destination: Destination) -> None:
    own = {"message": "own", "own": '{"type": "track", "properties": {"total": 5}}'}
    some = row("properties.revenue", "from", "properties.total")
    page = client.post(address(destination, "mapping/"), rows(some, do="try", **own))
    assert "Sent with changes" in text(page)
    assert "<ins>    &quot;revenue&quot;: 5</ins>" in page.content.decode()
    page = client.post(address(destination, "mapping/"), rows(some, row("type", "remove"), do="try", **own))
    assert "Rule 2: type cannot be removed" in text(page)
