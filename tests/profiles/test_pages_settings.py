"""Identity rules and tokens of the Profile API, as their pages change them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from pages import *  # noqa: F403 - the fixtures that tests of pages share
from pages import person, text
from pitcairn.profiles import queries_settings
from pitcairn.profiles.identity_rules import DEFAULT_RULES, IdentifierType
from pitcairn.profiles.models import ProfileToken
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

RULES = "/people/identity/"
TOKENS = "/people/identity/tokens/"


def fields(page: Any) -> dict[str, str]:
    """The form of rules as a browser would send it unchanged."""
    html = page.content.decode()
    form = html[html.index('<form class="sections"') : html.index("</form>", html.index('<form class="sections"'))]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not ('type="checkbox"' in tag and " checked" not in tag):
            found[name.group(1)] = unescape(value.group(1)) if value else ""
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        found[name] = (re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options))[0]
    for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(value)
    return found


def save(client: Client, **changes: str) -> Any:
    return client.post(RULES, {**fields(client.get(RULES)), **changes})


def rules(workspace: Workspace) -> Any:
    return queries_settings.identity_rules(workspace.id)


def test_rules_saved_as_they_are_stay_as_they_are(client: Client, workspace: Workspace) -> None:
    person(workspace, {"user_id": ["u1"], "ios.id": ["i1"], "braze_id": ["b1"]})
    page = client.get(RULES)
    for said in ("user_id", "traits.email", "ios.id came with messages", "braze_id came with messages"):
        assert said in text(page), said
    assert save(client).status_code == 302
    assert rules(workspace) == DEFAULT_RULES


def test_a_limit_is_changed(client: Client, workspace: Workspace) -> None:
    assert save(client, **{"limit-1": "2", "period-1": "monthly", "most_merges": "10"}).status_code == 302
    assert rules(workspace).rule("email") == IdentifierType("email", 2, "monthly")
    assert rules(workspace).most_merges == 10
    assert [rule.name for rule in rules(workspace).types] == ["user_id", "email", "anonymous_id"]


def test_a_type_is_added_and_taken_away(client: Client, workspace: Workspace) -> None:
    added = {"new-name": "phone", "keys-3": "phone_number, mobile,", "limit-3": "2", "priority-3": "2"}
    assert save(client, **added).status_code == 302
    found = rules(workspace)
    assert [rule.name for rule in found.types] == ["user_id", "phone", "email", "anonymous_id"]
    assert found.rule("phone") == IdentifierType("phone", 2, "ever", ("phone_number", "mobile"))
    assert "phone_number, mobile" in fields(client.get(RULES)).values()
    assert save(client, **{"remove-1": "yes"}).status_code == 302
    assert [rule.name for rule in rules(workspace).types] == ["user_id", "email", "anonymous_id"]
    # A type with a place of its own in messages stays, whatever is sent.
    assert save(client, **{"remove-0": "yes"}).status_code == 302
    assert rules(workspace).rule("user_id").limit == 1


def test_the_order_is_changed(client: Client, workspace: Workspace) -> None:
    person(workspace, {"braze_id": ["b1"]})
    names = [item.rule.name for item in queries_settings.identifier_types(workspace.id)]
    assert names == ["user_id", "email", "anonymous_id", "braze_id"]
    assert save(client, **{"priority-3": "1"}).status_code == 302
    names = [item.rule.name for item in queries_settings.identifier_types(workspace.id)]
    assert names == ["braze_id", "user_id", "email", "anonymous_id"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limit-0": "0"}, "user_id cannot have the limit 0"),
        ({"limit-1": "many"}, "'many' is no whole number. Write how many"),
        ({"limit-1": "-1"}, "'-1' is no whole number. Write how many"),
        ({"limit-1": "5000"}, "5,000 is out of range; write a number from 0 to 1,000."),
        ({"priority-1": ""}, "'' is no whole number. Write 1 for the most important type."),
        ({"period-1": "daily"}, "'daily' is no period"),
        ({"blocked": "null\n\n(a+)+\nx"}, "Line 3: '(a+)+' repeats a group"),
        ({"blocked": "["}, "Line 1: '[' is no regular expression"),
        ({"most_merges": "101"}, "101 is out of range; write a number from 1 to 100."),
        ({"most_identifiers": "x"}, "'x' is no whole number."),
        ({"new-name": "Phone"}, "'Phone' cannot name a type."),
        ({"new-name": "email"}, "The type email is there already. Change its row above."),
        ({"new-name": "phone", "keys-3": "a,b,c,d,e,f"}, "phone has 6 keys; at most 5 are read."),
        ({"new-name": "group_id"}, "group_id names accounts, not people."),
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_is_refused_at_its_place(
    client: Client, workspace: Workspace, changes: dict[str, str], said: str
) -> None:
    page = save(client, **{"limit-2": "7", **changes})
    assert page.status_code == 422
    errors = [
        unescape(re.sub(r"\s+", " ", one))
        for one in re.findall(r'class="error"[^>]*>(.*?)</span>', page.content.decode())
    ]
    assert len(errors) == 1
    assert said in errors[0]
    assert rules(workspace) == DEFAULT_RULES
    typed = fields(page)
    assert all(typed[name] == value for name, value in {"limit-2": "7", **changes}.items() if name != "period-1")


def test_the_defaults_come_back(client: Client, workspace: Workspace) -> None:
    assert b"Back to the defaults" not in client.get(RULES).content
    save(client, blocked="test")
    assert rules(workspace).blocked == ("test",)
    assert b"Back to the defaults" in client.get(RULES).content
    assert "default rules hold again" in text(client.post("/people/identity/defaults/", follow=True))
    assert rules(workspace) == DEFAULT_RULES


def test_a_value_is_tried(client: Client, workspace: Workspace) -> None:
    assert "Blocked: it identifies nobody" in text(client.get(RULES, {"try": " NULL "}))
    assert "Not blocked: it identifies somebody" in text(client.get(RULES, {"try": "usr_1"}))
    assert client.get(RULES, {"try": "0" * 100_000}).status_code == 200


def test_a_viewer_reads_the_rules(viewer_client: Client, workspace: Workspace) -> None:
    page = viewer_client.get(RULES)
    assert "anonymous_id 3 5 a week" in text(page)
    assert b"Save rules" not in page.content
    assert viewer_client.post(RULES, {}).status_code == 403


def test_a_token_is_shown_once(client: Client, workspace: Workspace) -> None:
    page = client.post(TOKENS, {"name": "Help desk"})
    [token] = set(re.findall(r"pit_[\w-]{43}", page.content.decode()))
    assert "it cannot be shown again" in text(page)
    later = client.get(TOKENS)
    assert token not in later.content.decode()
    assert f"Help desk {token[-4:]}" in text(later)
    assert "by owner@acme.example" in text(later)
    row = ProfileToken.objects.get(workspace_id=workspace.id)
    assert token not in str(row.__dict__)


def test_a_token_needs_a_name(client: Client, workspace: Workspace) -> None:
    for name, said in (("  ", "The name is missing"), ("x" * 101, "101")):
        page = client.post(TOKENS, {"name": name})
        assert page.status_code == 422
        assert said in text(page)
    assert not ProfileToken.objects.filter(workspace_id=workspace.id).exists()


def test_a_token_is_revoked(client: Client, workspace: Workspace) -> None:
    client.post(TOKENS, {"name": "Help desk"})
    row = ProfileToken.objects.get(workspace_id=workspace.id)
    theirs = ProfileToken.objects.create(
        workspace_id=workspace.id + 10**6, name="Theirs", digest="x" * 64, hint="abcd", created_at=1
    )
    page = client.post(f"{TOKENS}{row.id}/revoke/", follow=True)
    assert "The token is revoked" in text(page)
    assert client.post(f"{TOKENS}{row.id}/revoke/").status_code == 404
    assert client.post(f"{TOKENS}{theirs.id}/revoke/").status_code == 404
    assert list(ProfileToken.objects.all()) == [theirs]
