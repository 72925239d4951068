"""Personal links: whom they are made for, how they end, and the CSV of them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from hosted.making import live_page
from pages import message, person
from pitcairn.engage.models import Value
from pitcairn.engage.services import create_audience
from pitcairn.eventstore import EventStore
from pitcairn.hosted import links, services
from pitcairn.hosted.content import HostedError
from pitcairn.hosted.models import HostedLink, HostedPage
from pitcairn.hosted.queries import hosted_page
from pitcairn.hosted.queries_links import general_visits, link_page, links_csv
from pitcairn.hosted.serving import opened_by_link
from pitcairn.hosted.tokens import GENERAL, reference
from pitcairn.profiles.models import Account, Profile
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def page(workspace: Workspace) -> HostedPage:
    return live_page(workspace)


def account(workspace: Workspace, group_id: str, **traits: str) -> int:
    text = json.dumps({name: [value, 1, 0] for name, value in traits.items()})
    made = Account.objects.create(
        workspace_id=workspace.id, group_id=group_id, traits=text, created_at=1, last_seen_at=1
    )
    return made.id


def test_one_recipient_has_one_link(workspace: Workspace, page: HostedPage) -> None:
    ada = person(workspace, {"user_id": ["u1"], "email": ["ada@acme.example"]})
    assert links.make_link_for(workspace.id, page.id, "user_id:u1") == links.Made(made=1)
    assert links.make_link_for(workspace.id, page.id, "email: Ada@Acme.example ") == links.Made(known=1)
    link = HostedLink.objects.get(page=page)
    assert (link.profile_id, link.account_id, link.expires_at) == (ada, None, None)
    account(workspace, "acorn")
    assert links.make_link_for(workspace.id, page.id, "group_id:acorn").made == 1
    assert links.revoke_link(workspace.id, page.id, link.id)
    assert not links.revoke_link(workspace.id, page.id, link.id)
    assert links.make_link_for(workspace.id, page.id, "user_id:u1").made == 1
    for unknown in ("user_id:u2", "u1", "user_id:", "", "group_id:oak"):
        with pytest.raises(HostedError, match="nobody is known as"):
            links.make_link_for(workspace.id, page.id, unknown)


def test_who_was_merged_is_one_recipient(workspace: Workspace, page: HostedPage) -> None:
    ada = person(workspace, {"user_id": ["u1"]})
    person(workspace, {"user_id": ["old"]}, merged_into=ada)
    links.make_link_for(workspace.id, page.id, "user_id:u1")
    assert links.make_link_for(workspace.id, page.id, "user_id:old") == links.Made(known=1)


def test_a_link_ends_and_a_new_one_can_be_made(workspace: Workspace, page: HostedPage) -> None:
    ada = person(workspace, {"user_id": ["u1"]})
    links.make_links(workspace.id, page.id, people=[ada], days=7, now=NOW)
    link = HostedLink.objects.get(page=page)
    just_before = NOW + timedelta(days=7) - timedelta(seconds=1)
    opened = opened_by_link("for-you", link.token, just_before)
    assert opened is not None
    assert (opened.profile_id, opened.reference) == (ada, reference(link.token))
    assert opened_by_link("for-you", link.token, NOW + timedelta(days=7)) is None
    assert opened_by_link("elsewhere", link.token, just_before) is None
    assert links.make_links(workspace.id, page.id, people=[ada], now=NOW + timedelta(days=8)).made == 1
    with pytest.raises(HostedError, match="lifetimes"):
        links.make_links(workspace.id, page.id, people=[ada], days=3)


def test_everybody_in_an_audience(workspace: Workspace, page: HostedPage) -> None:
    condition = {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}
    audience = create_audience(workspace.id, "On pro", condition)
    with pytest.raises(HostedError, match="nobody is in this audience"):
        links.make_links_for_audience(workspace.id, page.id, audience.id)
    members = [person(workspace, {"user_id": [f"m{number}"]}) for number in range(3)]
    for profile_id, value in zip(members, ("true", "true", "false"), strict=True):
        Value.objects.create(
            workspace_id=workspace.id, computation_id=audience.id, profile_id=profile_id, value=value, since=1
        )
    assert links.make_links_for_audience(workspace.id, page.id, audience.id).made == 2
    assert set(HostedLink.objects.values_list("profile_id", flat=True)) == set(members[:2])
    elsewhere = Workspace.objects.create(name="Elsewhere")
    theirs = create_audience(elsewhere.id, "Theirs", condition)
    with pytest.raises(HostedError, match="choose one of the workspace's audiences"):
        links.make_links_for_audience(workspace.id, page.id, theirs.id)


def test_a_file_gives_links_to_those_who_are_known(workspace: Workspace, page: HostedPage) -> None:
    person(workspace, {"email": ["ada@acme.example"]})
    person(workspace, {"user_id": ["u2"]})
    account(workspace, "acorn")
    text = b"Email,user_id,group_id,domain\nADA@acme.example,,,acme.example\nnew@acme.example,,,\n,u2,,\n,,acorn,\n"
    made = links.make_links_for_file(workspace.id, page.id, io.BytesIO(text))
    assert made == links.Made(made=3, unknown=["new@acme.example"])
    for wrong, problem in (
        (b"name\nAda\n", "No column says who is meant"),
        (b"domain\nacme.example\n", "one column has to be called"),
        (b"email\nnew@acme.example\n", "nobody in the file is known here"),
        (b"email\n" + b"a@b.example\n" * (links.MAX_FILE_ROWS + 1), "divide it"),
    ):
        with pytest.raises(HostedError, match=problem):
            links.make_links_for_file(workspace.id, page.id, io.BytesIO(wrong))


def test_there_is_a_limit(workspace: Workspace, page: HostedPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "MAX_LINKS", 2)
    people = [person(workspace, {"user_id": [f"u{number}"]}) for number in range(3)]
    with pytest.raises(HostedError, match="at most 2 links"):
        links.make_links(workspace.id, page.id, people=people)
    assert not HostedLink.objects.exists()


def test_an_archived_page_and_another_workspaces_get_none(workspace: Workspace, page: HostedPage) -> None:
    ada = person(workspace, {"user_id": ["u1"]})
    other = Workspace.objects.create(name="Other")
    with pytest.raises(HostedError, match="no hosted page"):
        links.make_links(other.id, page.id, people=[ada])
    services.archive_page(workspace.id, page.id)
    with pytest.raises(HostedError, match="archived"):
        links.make_links(workspace.id, page.id, people=[ada])


def test_the_csv_is_for_a_mail_merge(workspace: Workspace, page: HostedPage) -> None:
    person(workspace, {"user_id": ["u1"], "email": ["ada@acme.example"]}, {"name": "=HYPERLINK(1)"})
    account(workspace, "acorn", name="Acorn, Ltd")
    gone = person(workspace, {"user_id": ["gone"]})
    for recipient in ("user_id:u1", "group_id:acorn", "user_id:gone"):
        links.make_link_for(workspace.id, page.id, recipient, days=30)
    Profile.objects.filter(id=gone).delete()
    revoked = person(workspace, {"user_id": ["revoked"]})
    links.make_links(workspace.id, page.id, people=[revoked])
    links.revoke_link(workspace.id, page.id, HostedLink.objects.get(profile_id=revoked).id)
    outline = hosted_page(workspace.id, page.id)
    assert outline is not None
    rows = list(csv.DictReader(io.StringIO("".join(links_csv(outline, workspace.id, "https://p.example")))))
    assert [(row["name"], row["email"], row["user_id"], row["group_id"]) for row in rows] == [
        ("'=HYPERLINK(1)", "ada@acme.example", "u1", ""),
        ("Acorn, Ltd", "", "", "acorn"),
    ]
    token = HostedLink.objects.exclude(profile_id=None).earliest("id").token
    assert rows[0]["link"] == f"https://p.example/p/for-you/{token}"
    assert rows[0]["expires_at"]


def test_what_became_of_each_link(workspace: Workspace, page: HostedPage, store: EventStore) -> None:
    for number in range(2):
        person(workspace, {"user_id": [f"u{number}"]})
        links.make_link_for(workspace.id, page.id, f"user_id:u{number}")
    seen, never = (reference(one.token) for one in HostedLink.objects.filter(page=page).order_by("id"))
    at = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()

    def visit(link: str, visitor: str, hour: int, **fields: object) -> dict[str, object]:
        properties = json.dumps({"hostedPageId": fields.pop("page_id", page.id), "hostedLink": link})
        given = {"type": "page", "event": "For you", "anonymous_id": visitor, "properties": properties} | fields
        return message(workspace, page.source_id or 0, timestamp=at + 3600 * hour, **given)

    click = {"type": "track", "event": "Hosted Page Clicked"}
    rows = [
        visit(seen, "a", 0),
        visit(seen, "a", 1),
        visit(seen, "b", 2),
        visit(seen, "b", 3, **click),
        visit(GENERAL, "c", 4),
        visit(seen, "d", 5, page_id=page.id + 1),  # Another page's.
        visit(seen, "e", 6, event="Another page"),
        visit("unheard-of", "f", 7),
    ]
    store.insert("messages", rows)
    outline = hosted_page(workspace.id, page.id)
    assert outline is not None
    second, first = link_page(outline, store, workspace.id).links
    assert second.visits is None
    assert first.visits is not None
    assert (first.visits.views, first.visits.visitors, first.visits.clicks) == (3, 2, 1)
    assert first.visits.seen_at == datetime(2026, 5, 1, 15, tzinfo=UTC)
    general = general_visits(outline, store, workspace.id)
    assert general is not None
    assert general.views == 1
    assert never not in store.hosted_visits(workspace.id, page.id, ["For you"])
