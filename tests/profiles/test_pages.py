"""People: finding somebody, and everything about one person."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from django.test import Client

from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pages import message, person, source, text
from pitcairn.edge import inbox
from pitcairn.edge.deletions import read_deletion
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience, Variation
from pitcairn.profiles import queries
from pitcairn.profiles.deletions import kept_user_id
from pitcairn.profiles.models import Deletion, Merge, Profile
from pitcairn.profiles.views.words import flat
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


def names(page: Any) -> list[str]:
    return re.findall(r'<a href="/people/\d+/">([^<]+)</a>', page.content.decode())


def test_people_are_listed_by_when_they_were_seen(client: Client, workspace: Workspace) -> None:
    assert "Nobody yet" in text(client.get("/people/"))
    person(workspace, {"user_id": ["usr_1"]}, {"name": "Seen before"}, seen=now_ms() - HOUR_MS)
    person(workspace, {"anonymous_id": ["7f3a0000-aaaa"]}, seen=now_ms())
    person(workspace, {"user_id": ["usr_2"], "email": ["li@acme.example"]}, seen=now_ms() - 2 * HOUR_MS)
    person(workspace, {"user_id": ["usr_3"]}, {"firstName": "Ana", "lastName": "Lima"}, seen=now_ms() - 3 * HOUR_MS)
    person(workspace, {"user_id": ["usr_4"]}, {"name": "Elsewhere now"}, merged_into=1)
    page = client.get("/people/")
    assert names(page) == ["Anonymous 7f3a0000", "Seen before", "li@acme.example", "Ana Lima"]
    assert "1 hour ago" in text(page)


def test_somebody_is_found_by_any_identifier(client: Client, workspace: Workspace) -> None:
    person(
        workspace,
        {"user_id": ["usr_10037"], "email": ["bruno@acme.example"], "anonymous_id": ["a-1", "b-2"], "phone": ["+351"]},
        {"name": "Bruno"},
    )
    person(workspace, {"user_id": ["usr_10038"]}, {"name": "Chiara"})
    for text_ in ("usr_10037", "bruno@acme.example", " Bruno@Acme.Example ", "b-2", "+351", "bruno@"):
        assert names(client.get("/people/", {"q": text_})) == ["Bruno"], text_
    assert set(names(client.get("/people/", {"q": "usr_1003"}))) == {"Bruno", "Chiara"}
    for text_ in ("usr_9", "runo", "%", "_", "'; --"):
        page = client.get("/people/", {"q": text_})
        assert names(page) == [], text_
        assert "Nobody is known by this" in text(page)


def test_nobody_of_another_workspace_is_found(client: Client, workspace: Workspace) -> None:
    person(Workspace.objects.create(name="Elsewhere"), {"user_id": ["usr_1"]})
    assert names(client.get("/people/", {"q": "usr_1"})) == []
    assert names(client.get("/people/")) == []


def test_an_exact_match_comes_before_beginnings(workspace: Workspace) -> None:
    for index in range(30):
        person(workspace, {"user_id": [f"usr_1{index}"]})
    exact = person(workspace, {"user_id": ["usr_1"]})
    found = queries.search(workspace.id, "usr_1", limit=5)
    assert found[0].id == exact
    assert len(found) == 5


def test_pages_of_people(client: Client, workspace: Workspace) -> None:
    for index in range(60):
        person(workspace, {"user_id": [f"usr_{index}"]}, seen=now_ms() - index * HOUR_MS)
    first = client.get("/people/")
    assert len(names(first)) == 50
    link = next(part for part in first.content.decode().split('"') if "before=" in part)
    second = client.get(link)
    assert names(second) == [f"usr_{index}" for index in range(50, 60)]


def test_one_person(client: Client, workspace: Workspace, store: EventStore) -> None:
    website = source(workspace)
    bruno = person(
        workspace,
        {"user_id": ["usr_1"], "email": ["bruno@acme.example"], "anonymous_id": ["anon-1"]},
        {
            "name": "Bruno Sato",
            "company": {"name": "Acorn", "employee_count": 112},
            "score": 3.5,
            "tags": ["a"],
            "vip": True,
        },
        source_id=website.id,
        personalization=json.dumps({"company": {}}),
    )
    store.insert(
        "messages",
        [
            message(
                workspace,
                website.id,
                message_id="m-1",
                profile_id=bruno,
                event="Signed Up",
                properties='{"plan": "team"}',
            ),
            message(
                workspace,
                website.id,
                message_id="m-2",
                profile_id=bruno,
                type="identify",
                event="",
                traits='{"plan": "team"}',
            ),
            message(
                workspace,
                website.id,
                message_id="m-3",
                profile_id=bruno,
                event="Mutiny Experience Viewed",
                properties='{"experience": "Welcome", "audienceSegment": "Small company", "personalized": false}',
            ),
            message(workspace, website.id, message_id="m-4", profile_id=bruno + 1, event="Somebody else"),
        ],
    )
    page = client.get(f"/people/{bruno}/")
    said = text(page)
    for part in (
        "Known person at Acorn",
        "company. employee_ count 112",
        "score 3.5",
        'tags ["a"]',
        "vip true",
        "Email bruno@acme.example",
        "Anonymous id anon-1",
        "plan: team on /pricing",
        "Welcome: Small company, control",
        "not given to Mutiny",
    ):
        assert part in said, part
    assert said.count("not given to Mutiny") == 4
    assert "Somebody else" not in said


def test_everything_known_of_a_person_can_be_taken_away(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    one = person(workspace, {"user_id": ["usr_1"]}, {"plan": "frée"})
    store.insert(
        "messages",
        [message(workspace, source(workspace).id, message_id="m-1", profile_id=one, event="Signed Up")],
    )
    assert f"/people/{one}/export/" in client.get(f"/people/{one}/").content.decode()
    answer = client.get(f"/people/{one}/export/")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="person-{one}.json"'
    taken = json.loads(answer.content)
    assert [(item["type"], item["value"]) for item in taken["identifiers"]] == [("user_id", "usr_1")]
    assert [(trait["name"], trait["value"]) for trait in taken["traits"]] == [("plan", "frée")]
    assert [sent["event"] for sent in taken["messages"]] == ["Signed Up"]
    assert client.get(f"/people/{person(workspace, {}, merged_into=one)}/export/").status_code == 404


def test_an_anonymous_visitor(client: Client, workspace: Workspace, store: EventStore) -> None:
    visitor = person(workspace, {"anonymous_id": ["7f3a0000-aaaa-bbbb"]})
    said = text(client.get(f"/people/{visitor}/"))
    for part in ("Anonymous 7f3a0000", "Anonymous visitor", "None yet. Identify calls bring them.", "No messages"):
        assert part in said


def test_experiences_seen_are_named(client: Client, workspace: Workspace, store: EventStore) -> None:
    experience = Experience.objects.create(workspace=workspace, name="Welcome", page_url="example.com/")
    segment = AudienceSegment.objects.create(experience=experience, name="Small company")
    variation = Variation.objects.create(segment=segment, name="Shorter headline", changes=[])
    at = now_ms()
    one = person(
        workspace,
        {"user_id": ["usr_1"]},
        assignments=json.dumps(
            {
                str(experience.id): ["personalized", segment.id, variation.id, at],
                "999999": ["control", 888888, 0, at - HOUR_MS],
            }
        ),
    )
    said = text(client.get(f"/people/{one}/"))
    for part in ("Welcome Small company", "Shorter headline", "Experience 999999", "Segment 888888", "Control"):
        assert part in said, part


def test_a_merged_profile_leads_to_the_one_it_is_now(client: Client, workspace: Workspace, store: EventStore) -> None:
    website = source(workspace)
    winner = person(workspace, {"user_id": ["usr_1"]})
    middle = person(workspace, {}, merged_into=winner)
    loser = person(workspace, {}, merged_into=middle)
    for lost, won in ((loser, middle), (middle, winner)):
        Merge.objects.create(
            workspace_id=workspace.id, winner_id=won, loser_id=lost, merged_at=now_ms(), message_id="m-merge"
        )
    store.insert(
        "messages",
        [
            message(workspace, website.id, message_id=f"m-{found}", profile_id=found, event=f"By {found}")
            for found in (winner, middle, loser)
        ],
    )
    page = client.get(f"/people/{loser}/", follow=True)
    assert page.redirect_chain[0][0].startswith(f"/people/{winner}/")
    said = text(page)
    assert f"Profile {loser} was merged into this one" in said
    for found in (winner, middle, loser):
        assert f"By {found}" in said
    history = text(client.get(f"/people/{loser}/identity/", follow=True))
    assert f"Profile {loser} joined profile {middle}" in history
    assert f"Profile {middle} joined this one" in history


def test_profiles_that_merged_in_a_circle_are_an_end_not_a_loop(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {})
    two = person(workspace, {}, merged_into=one)
    Profile.objects.filter(id=one).update(merged_into=two)
    assert client.get(f"/people/{one}/").status_code == 404


def test_without_an_event_store_the_person_is_still_there(client: Client, workspace: Workspace) -> None:
    one = person(workspace, {"user_id": ["usr_1"]}, {"plan": "free"})
    said = text(client.get(f"/people/{one}/"))
    assert "The timeline cannot be shown" in said
    assert "plan free" in said


def test_what_people_send_is_shown_and_never_run(client: Client, workspace: Workspace, store: EventStore) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    one = person(workspace, {"user_id": [hostile]}, {"name": hostile, hostile: hostile})
    store.insert(
        "messages",
        [message(workspace, source(workspace).id, message_id=hostile, profile_id=one, event=hostile, user_id=hostile)],
    )
    for address in (f"/people/{one}/", "/people/", "/connections/debugger/", f"/people/?q={hostile}"):
        page = client.get(address)
        assert b"<img src=x" not in page.content, address
        assert b"&lt;img src=x" in page.content, address


def test_traits_are_named_as_conditions_name_them() -> None:
    assert flat("company", {"name": "Acorn", "size": {"people": 3}}) == [
        ("company.name", "Acorn"),
        ("company.size.people", 3),
    ]
    assert flat("empty", {}) == [("empty", {})]
    assert flat("list", [{"a": 1}]) == [("list", [{"a": 1}])]


def test_who_an_identifier_points_to(workspace: Workspace) -> None:
    one = person(workspace, {"email": ["bruno@acme.example"]})
    assert queries.profile_of(workspace.id, "email", "bruno@acme.example") == one
    assert queries.profile_of(workspace.id, "user_id", "bruno@acme.example") is None
    assert queries.count_profiles(workspace.id) == 1


@pytest.mark.django_db(databases="__all__", transaction=True)  # the inbox commits by itself
def test_deleting_a_person_asks_for_the_name_and_leaves_it_to_the_pipeline(
    client: Client, workspace: Workspace
) -> None:
    profile_id = person(workspace, {"user_id": ["ana"]}, {"name": "Ana Lima"})
    assert f"/people/{profile_id}/delete/" in client.get(f"/people/{profile_id}/").content.decode()
    address = f"/people/{profile_id}/delete/"
    page = text(client.get(address))
    for said in ("1 identifier and 1 trait", "cannot be undone", "Refuse later messages too", "user id ana"):
        assert said in page
    for typed, said in (("", "The name is missing"), ("Ana", "'Ana' is not the name")):
        page = client.post(address, {"name": typed, "suppress": "yes"})
        assert page.status_code == 422
        assert said in text(page)
    assert inbox.read_after(0, 10) == []
    page = client.post(address, {"name": "Ana Lima", "suppress": "yes"}, follow=True)
    assert "Ana Lima is being deleted, and refused from now on." in text(page)
    [entry] = inbox.read_after(0, 10)
    deletion = read_deletion(entry.requests[0].items[0])
    assert (deletion.workspace_id, deletion.profile_id, deletion.suppress) == (workspace.id, profile_id, True)


def test_who_was_deleted_can_be_taken_again(client: Client, workspace: Workspace) -> None:
    assert "Nobody was deleted" in text(client.get("/people/identity/deleted/"))
    Deletion.objects.create(workspace_id=workspace.id, user_id="ana", suppressed=True, requested_at=1, erased_at=2)
    Deletion.objects.create(workspace_id=workspace.id, user_id="", requested_at=3)
    Deletion.objects.create(workspace_id=workspace.id + 10**6, user_id="theirs", suppressed=True, requested_at=3)
    page = text(client.get("/people/identity/deleted/"))
    assert "ana Refused" in page
    assert "an anonymous visitor Taken" in page
    assert "under way" in page
    assert "theirs" not in page
    page = client.post("/people/identity/deleted/allow/", {"user_id": "ana"}, follow=True)
    assert "Messages of ana are taken again" in text(page)
    assert not Deletion.objects.filter(workspace_id=workspace.id, suppressed=True).exists()
    client.post("/people/identity/deleted/allow/", {"user_id": "theirs"})
    assert Deletion.objects.filter(suppressed=True).exists()


def test_of_an_email_address_only_a_digest_is_shown_and_it_can_still_be_taken_again(
    client: Client, workspace: Workspace
) -> None:
    kept = kept_user_id(workspace.id, "ana@acme.example")
    Deletion.objects.create(workspace_id=workspace.id, user_id=kept, suppressed=True, requested_at=1, erased_at=2)
    page = text(client.get("/people/identity/deleted/"))
    assert f"an email address digest {kept.removeprefix('digest:')[:8]} Refused" in page
    assert "Take somebody's messages again" in page
    page = text(client.post("/people/identity/deleted/allow/", {"user_id": " "}, follow=True))
    assert "The user id is missing" in page
    page = text(client.post("/people/identity/deleted/allow/", {"user_id": "ana@acme.example"}, follow=True))
    assert "Messages of ana@acme.example are taken again" in page
    assert not Deletion.objects.filter(workspace_id=workspace.id, suppressed=True).exists()
