"""What an editor's token opens, for whom, from where and for how long; and that two saves never overwrite each other unseen."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from pages import user
from pitcairn.experiences import services
from pitcairn.experiences.editing import EditConflict, VariationEdit, edited_experience, save_edits
from pitcairn.experiences.editor_access import new_token
from pitcairn.experiences.editor_tokens import TOKEN_SECONDS, claimed, origin_of, write_token
from pitcairn.experiences.models import Experience, ExperienceType, ExperienceVersion
from pitcairn.workspaces.models import Member, Role, User, Workspace
from pitcairn.workspaces.services import create_workspace, set_public_traits

pytestmark = pytest.mark.django_db(databases="__all__")

SITE = "https://www.quayside.example"
CHANGE = {"type": "text", "selector": "h1", "value": "Hello"}


def make(workspace: Workspace, name: str = "Welcome") -> Experience:
    return services.save_experience(
        workspace_id=workspace.id,
        name=name,
        segments=[
            {"name": segment, "variations": [{"name": "Personalized", "changes": [CHANGE]}]} for segment in ("A", "B")
        ],
    )


@pytest.fixture
def member(owner: User, workspace: Workspace) -> Member:
    return Member.objects.select_related("workspace", "user").get(user=owner, workspace=workspace)


@pytest.fixture
def experience(workspace: Workspace) -> Experience:
    return make(workspace)


def ask(token: str, method: str = "get", origin: str | None = SITE, body: object = None) -> Any:
    """The answer to a request of the editor, as a browser on the page sends it."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Origin": origin} if origin is not None else {})
    given = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    return getattr(Client(), method)("/editor/experience", headers=headers, **given)


def edit_of(answer: Any, number: int = 0, *changes: object) -> dict[str, Any]:
    variation = answer.json()["experience"]["variations"][number]
    return {"id": variation["id"], "revision": variation["revision"], "changes": list(changes)}


def test_it_reads_and_saves_the_changes_of_its_experience(member: Member, experience: Experience) -> None:
    token = new_token(member, experience.id, f"{SITE}/pricing")
    opened = ask(token)
    assert opened.status_code == 200
    assert opened.headers["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Credentials" not in opened.headers
    assert [one["segment"] for one in opened.json()["experience"]["variations"]] == ["A", "B"]
    other = {"type": "hide", "selector": "#banner", "otherwise": [".banner"], "matches": 1}
    saved = ask(token, "post", body={"variations": [edit_of(opened, 1, CHANGE, other)]})
    assert saved.status_code == 200, saved.content
    assert saved.json()["experience"]["variations"][1]["changes"] == [CHANGE, other]
    assert saved.json()["experience"]["variations"][0] == opened.json()["experience"]["variations"][0]
    version = ExperienceVersion.objects.filter(experience=experience).first()
    assert version is not None
    assert version.made_by == member.user.email


def test_it_opens_nothing_else(member: Member, experience: Experience, workspace: Workspace) -> None:
    secret = make(workspace, "Secret plan")
    foreign = make(create_workspace("Elsewhere"), "Foreign plan")
    token = new_token(member, experience.id, SITE)
    assert b"plan" not in ask(token).content
    theirs = edited_experience(workspace.id, secret.id)
    assert theirs is not None
    (variation, _) = theirs.variations
    stolen = {"id": variation.id, "revision": variation.revision, "changes": []}
    assert ask(token, "post", body={"variations": [stolen]}).status_code == 422
    assert edited_experience(workspace.id, secret.id) == theirs
    # A token for what is another workspace's, as no server makes one.
    assert ask(new_token(member, foreign.id, SITE)).status_code == 404
    for path in ("/experiences/", f"/experiences/{experience.id}/", "/settings/"):
        assert Client().get(path, headers={"Authorization": f"Bearer {token}", "Origin": SITE}).status_code == 302


def test_it_dies_after_its_time(member: Member, experience: Experience) -> None:
    late = new_token(member, experience.id, SITE, now=time.time() - TOKEN_SECONDS - 1)
    for method in ("get", "post"):
        answer = ask(late, method, body={"variations": []} if method == "post" else None)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
        assert answer.headers["Access-Control-Allow-Origin"] == SITE  # So that the editor can say so.


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://www.quayside.example", "https://quayside.example", "null"]
)
def test_it_is_good_on_its_origin_alone(member: Member, experience: Experience, origin: str) -> None:
    answer = ask(new_token(member, experience.id, SITE), origin=origin)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


def test_it_reads_through_a_path_of_the_website(member: Member, experience: Experience) -> None:
    """To its own origin a browser sends no `Origin` when it reads; no other page may have the answer."""
    answer = ask(new_token(member, experience.id, SITE), origin=None)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_it_ends_with_what_it_stands_for(member: Member, experience: Experience, workspace: Workspace) -> None:
    token = new_token(member, experience.id, SITE)
    body = {"variations": [edit_of(ask(token), 0, CHANGE, CHANGE)]}
    Member.objects.filter(id=member.id).update(role=Role.VIEWER)
    assert ask(token, "post", body=body).json()["code"] == "not_allowed"
    Member.objects.filter(id=member.id).update(role=Role.EDITOR)
    assert ask(token).status_code == 200
    member.user.set_password("another-long-password")
    member.user.save()
    assert ask(token).json()["code"] == "token_revoked"
    token = new_token(member, experience.id, SITE)
    Member.objects.filter(id=member.id).delete()
    assert ask(token).json()["code"] == "token_revoked"


def test_it_cannot_be_made_or_changed_by_others(member: Member, experience: Experience) -> None:
    genuine = new_token(member, experience.id, SITE)
    said = claimed(genuine)
    assert said is not None
    forged = [
        write_token("another secret", said),
        genuine[:-2] + ("AA" if not genuine.endswith("AA") else "BB"),
        genuine.partition(".")[0],
        write_token("another secret", said).partition(".")[0] + "." + genuine.partition(".")[2][::-1],
        "", "x", "x.y", "ÿ.ÿ",
    ]  # fmt: skip
    for token in forged:
        assert ask(token.encode().decode("latin-1")).status_code == 401, token


def test_no_token_for_what_is_no_page(member: Member, experience: Experience, client: Client) -> None:
    for address in ("javascript:alert(1)", "ftp://x.example/", "quayside", "//x.example", "https://", "http://[x"):
        answer = client.post(f"/experiences/{experience.id}/on-your-website/", {"address": address})
        assert answer.status_code == 422, address
        assert "pitcairn-editor=" not in answer.content.decode()
    answer = client.post(
        f"/experiences/{experience.id}/on-your-website/", {"address": f"{SITE}/a?b=c#d"}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"].startswith(f"{SITE}/a?b=c#d&pitcairn-editor=")
    assert origin_of("HTTPS://WWW.Quayside.example:443/x") == SITE


@pytest.mark.parametrize("kind", [one for one in ExperienceType if one is not ExperienceType.PAGE])
def test_only_for_what_changes_a_page(workspace: Workspace, client: Client, kind: ExperienceType) -> None:
    """What a banner says, or where a redirect leads, are fields of the dashboard; the editor is neither offered nor opened."""
    page, other = make(workspace), services.save_experience(workspace_id=workspace.id, name="Other", type=kind)
    offer = "Edit on your website"
    assert offer in client.get(f"/experiences/{page.id}/").content.decode()
    assert offer not in client.get(f"/experiences/{other.id}/").content.decode()
    for method in (client.get, client.post):
        answer = method(f"/experiences/{other.id}/on-your-website/", {"address": SITE})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/experiences/{other.id}/edit/")
    assert ExperienceType(kind).label.lower() in client.get(answer.headers["Location"]).content.decode()


def test_a_viewer_gets_no_token(experience: Experience, viewer_client: Client) -> None:
    answer = viewer_client.post(f"/experiences/{experience.id}/on-your-website/", {"address": SITE})
    assert answer.status_code == 403


def test_the_later_save_is_told_and_nothing_is_lost(member: Member, experience: Experience) -> None:
    token = new_token(member, experience.id, SITE)
    first = second = ask(token)
    assert ask(token, "post", body={"variations": [edit_of(first, 0, CHANGE, CHANGE)]}).status_code == 200
    answer = ask(token, "post", body={"variations": [edit_of(second, 0), edit_of(second, 1)]})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["savedBy"] == member.user.email
    version = ExperienceVersion.objects.get(experience=experience, number=2)
    assert answer.json()["savedAt"] == int(version.made_at.timestamp() * 1000)
    assert f"A was saved by {member.user.email} on {version.made_at:%Y-%m-%d at %H:%M} UTC" in answer.json()["message"]
    now = answer.json()["experience"]["variations"]
    assert [len(one["changes"]) for one in now] == [2, 1]
    # Of another segment it is no conflict.
    assert ask(token, "post", body={"variations": [edit_of(second, 1, CHANGE, CHANGE, CHANGE)]}).status_code == 200
    # Who is told of is who saved that segment, not who saved last.
    ExperienceVersion.objects.filter(experience=experience, number=3).update(made_by="other@quayside.example")
    assert ask(token, "post", body={"variations": [edit_of(second, 0)]}).json()["savedBy"] == member.user.email
    assert ask(token, "post", body={"variations": [edit_of(second, 1)]}).json()["savedBy"] == "other@quayside.example"


def test_problems_say_where_they_are(member: Member, experience: Experience, workspace: Workspace) -> None:
    token = new_token(member, experience.id, SITE)
    said = {**CHANGE, "value": "Hello {{ account.name }}"}
    answer = ask(token, "post", body={"variations": [edit_of(ask(token), 0, said)]})
    assert answer.status_code == 422
    assert "account.name is not public" in answer.json()["message"]
    set_public_traits(workspace.id, ["account.name"])
    assert ask(token).json()["tokens"] == ["account.name"]
    assert ask(token, "post", body={"variations": [edit_of(ask(token), 0, said)]}).status_code == 200
    for body in ({}, [], {"variations": [{"id": "x"}]}, {"variations": [], "name": "new"}):
        assert ask(token, "post", body=body).status_code == 400


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_many_editors_at_once_overwrite_nothing() -> None:
    """Each adds a change of its own and goes on from what is there when it was too late."""
    workspace = create_workspace("Busy")
    owner = user(workspace, Role.OWNER, "owner@busy.example")
    experience = make(workspace)
    editors, told = 12, []
    start = threading.Barrier(editors)

    def edit(number: int) -> None:
        try:
            start.wait()
            seen = edited_experience(workspace.id, experience.id)
            while seen is not None:
                variation = seen.variations[0]
                own = {**CHANGE, "selector": f"#own-{number}"}
                given = VariationEdit(id=variation.id, revision=variation.revision, changes=[*variation.changes, own])
                try:
                    save_edits(workspace.id, experience.id, [given], by=owner.email)
                    return
                except EditConflict as conflict:
                    told.append(number)
                    seen = conflict.saved
        finally:
            connections.close_all()

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(editors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    final = edited_experience(workspace.id, experience.id)
    assert final is not None
    selectors = [change["selector"] for change in final.variations[0].changes]
    assert sorted(selectors) == sorted(["h1", *(f"#own-{number}" for number in range(editors))])
