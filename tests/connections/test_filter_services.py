"""What can and cannot be done to filters and mappings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pages import mutiny, source
from pitcairn.connections import queries_filters, services_filters
from pitcairn.connections.models import Destination, DestinationFilter
from pitcairn.connections.services import ConnectionsError
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.queries import configuration_revision

pytestmark = pytest.mark.django_db

DROP = {"type": "drop"}


def create(workspace: Workspace, destination: Destination, **more: Any) -> DestinationFilter:
    given: dict[str, Any] = {"title": "No tests", "condition": "event = 'Test'", "action": DROP}
    return services_filters.create_filter(workspace_id=workspace.id, destination_id=destination.id, **(given | more))


def refused(text: str, field: str = "") -> Any:
    def about(error: ConnectionsError) -> bool:
        return error.field == field

    return pytest.raises(ConnectionsError, match=re.escape(text), check=about)


def test_a_filter_is_made_changed_and_taken_away(workspace: Workspace) -> None:
    website = source(workspace)
    destination = mutiny(workspace, website.id)
    made = create(workspace, destination, title="  No tests  ", condition=" event = 'Test'\n")
    assert (made.title, made.condition, made.enabled, made.source) == ("No tests", "event = 'Test'", True, None)
    services_filters.update_filter(
        workspace_id=workspace.id, filter_id=made.id, title="Half", condition="all",
        action={"type": "sample", "percent": 0.5}, source_id=website.id,
    )  # fmt: skip
    (item,) = queries_filters.filters(workspace.id, destination.id)
    assert (item.title, item.everything, item.source, item.action_words) == (
        "Half",
        True,
        "Website",
        "Sends 50 % of them",
    )
    services_filters.set_filter_enabled(workspace_id=workspace.id, filter_id=made.id, enabled=False)
    assert not queries_filters.filters(workspace.id, destination.id)[0].enabled
    services_filters.delete_filter(workspace_id=workspace.id, filter_id=made.id)
    assert queries_filters.filters(workspace.id, destination.id) == []


def test_what_a_filter_cannot_be(workspace: Workspace) -> None:
    destination = mutiny(workspace)
    with refused("The title is empty", "title"):
        create(workspace, destination, title="  ")
    with refused("The title has 65 characters; use at most 64", "title"):
        create(workspace, destination, title="x" * 65)
    with refused("Line 1, column 8: Expected a name, a value or a function; found the end.", "condition"):
        create(workspace, destination, condition="event = ")
    with refused("The FQL has 5,121 bytes; use at most 5,120", "condition"):
        create(workspace, destination, condition="a" * 5_121)
    with refused("'mask' is not an action", "action"):
        create(workspace, destination, action={"type": "mask"})
    theirs = source(Workspace.objects.create(name="Elsewhere"))
    with refused(f"There is no source {theirs.id} in this workspace", "source_id"):
        create(workspace, destination, source_id=theirs.id)
    assert not DestinationFilter.objects.exists()


def test_the_longest_filter_fits(workspace: Workspace) -> None:
    made = create(workspace, mutiny(workspace), title="x" * 64, condition="a" * 5_120)
    assert DestinationFilter.objects.get(id=made.id).condition == "a" * 5_120


def test_ten_filters_are_the_most(workspace: Workspace) -> None:
    destination = mutiny(workspace)
    for number in range(10):
        create(workspace, destination, title=f"Filter {number}")
    with refused("Mutiny has 10 filters, which is the most there can be"):
        create(workspace, destination)
    assert len(queries_filters.filters(workspace.id, destination.id)) == 10


def test_filters_are_listed_in_the_order_in_which_they_apply(workspace: Workspace) -> None:
    destination = mutiny(workspace)
    for kind in ("allow_properties", "drop_properties", "only_send", "sample"):
        fields = {"fields": {"properties": ["a", "b.c"], "": ["userId"]}} if "properties" in kind else {}
        percent = {"percent": 0.125, "path": "userId"} if kind == "sample" else {}
        create(workspace, destination, title=kind, action={"type": kind, **fields, **percent})
    found = queries_filters.filters(workspace.id, destination.id)
    assert [(item.title, item.action_words) for item in found] == [
        ("sample", "Sends 12.5 % of them, chosen by userId"),
        ("only_send", "Sends only these"),
        ("drop_properties", "Takes out properties.a, properties.b.c, userId"),
        ("allow_properties", "Keeps only properties.a, properties.b.c, userId"),
    ]


def test_a_mapping_is_checked_before_it_is_kept(workspace: Workspace) -> None:
    destination = mutiny(workspace)
    rules = [{"to": "traits.email", "from": "properties.email"}]
    services_filters.set_mapping(workspace_id=workspace.id, destination_id=destination.id, rules=rules)
    with refused("Rule 1: type cannot be removed", "mapping"):
        services_filters.set_mapping(
            workspace_id=workspace.id, destination_id=destination.id, rules=[{"remove": "type"}]
        )
    assert queries_filters.mapping(workspace.id, destination.id) == rules


def test_every_change_grows_the_revision_and_a_refused_one_does_not(workspace: Workspace) -> None:
    destination = mutiny(workspace)
    given = {"title": "T", "condition": "all", "action": DROP, "source_id": None}
    made = create(workspace, destination)
    changes: list[Callable[[], Any]] = [
        lambda: create(workspace, destination),
        lambda: services_filters.update_filter(workspace_id=workspace.id, filter_id=made.id, **given),
        lambda: services_filters.set_filter_enabled(workspace_id=workspace.id, filter_id=made.id, enabled=False),
        lambda: services_filters.set_mapping(workspace_id=workspace.id, destination_id=destination.id, rules=[]),
        lambda: services_filters.delete_filter(workspace_id=workspace.id, filter_id=made.id),
    ]
    for change in changes:
        before = configuration_revision()
        change()
        assert configuration_revision() > before
    before = configuration_revision()
    with refused("The title is empty", "title"):
        create(workspace, destination, title="")
    assert configuration_revision() == before


def test_things_of_another_workspace_are_not_there(workspace: Workspace) -> None:
    other = Workspace.objects.create(name="Elsewhere")
    theirs = mutiny(other)
    made = create(other, theirs)
    given = {"title": "T", "condition": "all", "action": DROP, "source_id": None}
    for change in (
        lambda: create(workspace, theirs),
        lambda: services_filters.update_filter(workspace_id=workspace.id, filter_id=made.id, **given),
        lambda: services_filters.set_filter_enabled(workspace_id=workspace.id, filter_id=made.id, enabled=False),
        lambda: services_filters.delete_filter(workspace_id=workspace.id, filter_id=made.id),
        lambda: services_filters.set_mapping(workspace_id=workspace.id, destination_id=theirs.id, rules=[]),
    ):
        with refused("in this workspace"):
            change()
    assert queries_filters.filters(workspace.id, theirs.id) == []
    assert queries_filters.mapping(workspace.id, theirs.id) == []
    assert DestinationFilter.objects.get(id=made.id).title == "No tests"
