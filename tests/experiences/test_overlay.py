"""*Why* on the page: what a member's token opens there, and for whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from pages import mutiny, source, text
from pitcairn.connections.source_settings import set_source_rules
from pitcairn.experiences.editor_access import new_token
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiences.timing import Frequency
from pitcairn.workspaces.models import Member, Role, User, Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

SITE = "https://www.quayside.example"
SMALL = {"fact": "trait", "name": "company.size", "operator": "less_than", "value": 50}


@pytest.fixture
def member(owner: User, workspace: Workspace) -> Member:
    return Member.objects.select_related("workspace", "user").get(user=owner, workspace=workspace)


def ask(token: str, origin: str = SITE, **query: str) -> Any:
    headers = {"Origin": origin, "Authorization": f"Bearer {token}"}
    return Client().get("/editor/why", {"url": f"{SITE}/", "visitor": "visitor-1", **query}, headers=headers)


def test_a_members_token_opens_every_experience_with_its_conditions(member: Member, workspace: Workspace) -> None:
    change = {"type": "text", "selector": "h1", "value": "Hello"}
    segments = [{"name": "Small", "condition": SMALL, "variations": [{"changes": [change]}]}]
    made = save_experience(workspace_id=workspace.id, name="Welcome", segments=segments, goals=["Signed Up"])
    start_experience(workspace.id, made.id)
    response = ask(new_token(member, 0, f"{SITE}/pricing"))
    (told,) = response.json()["experiences"]
    assert (told["name"], told["reason"]) == ("Welcome", "no_segment")
    condition = told["segments"][0]["condition"]
    assert (condition["asks"], condition["holds"], condition["value"]) == (True, False, None)
    assert response.headers["Access-Control-Allow-Origin"] == SITE
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Cache-Control"] == "no-store"
    nobody = ask(new_token(member, 0, SITE), visitor="")
    assert (nobody.status_code, nobody.json()["code"]) == (422, "incomplete")


def test_it_opens_nothing_to_others_and_nothing_else(member: Member, workspace: Workspace) -> None:
    token = new_token(member, 0, SITE)
    assert ask(token, origin="https://evil.example").json()["code"] == "wrong_origin"
    assert ask("").json()["code"] == "token_missing"
    made = save_experience(workspace_id=workspace.id, name="Welcome")
    headers = {"Origin": SITE, "Authorization": f"Bearer {token}"}
    assert Client().get("/editor/experience", headers=headers).status_code == 404
    assert made.version == 1
    # A viewer sees why, as on the dashboard's pages, and edits nothing.
    Member.objects.filter(id=member.id).update(role=Role.VIEWER)
    assert ask(token).status_code == 200
    editing = new_token(Member.objects.get(id=member.id), made.id, SITE)
    headers = {"Origin": SITE, "Authorization": f"Bearer {editing}"}
    assert Client().get("/editor/experience", headers=headers).json()["code"] == "not_allowed"
    Member.objects.filter(id=member.id).delete()
    assert ask(token).json()["code"] == "token_revoked"


def test_it_says_what_consent_and_caps_do(member: Member, workspace: Workspace) -> None:
    website = source(workspace)
    mutiny(workspace, website.id)
    change = {"type": "text", "selector": "h1", "value": "Hello"}
    made = save_experience(
        workspace_id=workspace.id,
        name="Welcome",
        segments=[{"name": "All", "condition": {"all": []}, "variations": [{"changes": [change]}]}],
        goals=["Signed Up"],
        control_share=0.0,
        frequency=Frequency(times=3, amount=7, unit="days"),
    )
    start_experience(workspace.id, made.id)
    token = new_token(member, 0, SITE)

    def told(**query: str) -> tuple[Any, Any]:
        body = ask(token, writeKey=website.write_key, **query).json()
        return body, body["experiences"][0]

    body, one = told()
    assert (body["consent"], one["decided"]) == ("allowed", True)
    assert one["cap"] == "Frequency cap: at most 3 times in 7 days; seen never in that time"
    for query, words in (({"consent": "out"}, "opted out"), ({"refused": "1"}, "silence")):
        body, one = told(**query)
        assert (body["consent"], one["decided"], one["reason"]) == ("refused", False, "refused")
        assert words in body["consent_words"]
    assert told(gpc="1")[0]["consent"] == "allowed"
    rules = {"rate_limit": None, "allowed_origins": [], "requires_token": False}
    set_source_rules(workspace_id=workspace.id, source_id=website.id, **rules, asks_consent=True, honours_gpc=True)
    assert (told()[0]["consent"], told()[1]["decided"]) == ("pending", True)
    assert "Global Privacy Control" in told(gpc="1")[0]["consent_words"]
    assert told(gpc="1", consent="in")[0]["consent"] == "allowed"


def test_the_page_leads_there(client: Client, viewer_client: Client) -> None:
    path = "/experiences/why/on-your-website/"
    assert "Write it" not in text(client.get(path))
    response = client.post(path, {"address": f"{SITE}/pricing"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith(f"{SITE}/pricing#pitcairn-why=")
    assert client.post(path, {"address": f"{SITE}/pricing"}).status_code == 200
    assert "#pitcairn-why=" in viewer_client.post(path, {"address": f"{SITE}/pricing"}).content.decode()
    wrong = client.post(path, {"address": "javascript:alert(1)"})
    assert wrong.status_code == 422
    assert "is not the address of a page" in text(wrong)
