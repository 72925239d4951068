"""Preview links on the experience's page: made with what is right, listed, and revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pages import person, text
from pitcairn.experiences.models import Experience, PreviewLink
from pitcairn.experiences.previews import make_preview_link, preview_links
from pitcairn.experiences.services import ExperienceError, save_experience, start_experience
from pitcairn.profiles.models import Account
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def experience(workspace: Workspace) -> Experience:
    change = {"type": "text", "selector": "h1", "value": "Hello"}
    return save_experience(
        workspace_id=workspace.id,
        name="Welcome",
        page_url="www.acme.example/pricing",
        segments=[{"name": "Small", "variations": [{"changes": [change]}, {"name": "B", "changes": [change]}]}],
        goals=["Signed Up"],
    )


def test_a_link_is_made_listed_and_revoked(client: Client, workspace: Workspace, experience: Experience) -> None:
    path = f"/experiences/{experience.id}/preview/"
    assert 'value="https://www.acme.example/pricing"' in client.get(path).content.decode()
    somebody = person(workspace, {"user_id": ["usr_9"]})
    account = Account.objects.create(workspace_id=workspace.id, group_id="acorn", created_at=1, last_seen_at=1)
    chosen = experience.segments.get().variations.get(name="B").id
    given = {"address": "https://www.acme.example/pricing#plans", "variation": chosen, "hours": "168"}
    response = client.post(path, {**given, "person": "user_id:usr_9", "account": "acorn"})
    assert response.status_code == 302
    (link,) = preview_links(workspace, experience.id)
    assert link.url.startswith("https://www.acme.example/pricing#plans&pitcairn-preview=")
    assert (link.segment, link.variation, link.profile_id, link.account_id) == ("Small", "B", somebody, account.id)
    assert link.created_by == "owner@acme.example"
    assert timedelta(days=6) < link.expires_at - timezone.now() <= timedelta(days=7)
    page = client.get(path)
    assert link.url.partition("#")[2].partition("=")[2] in page.content.decode()
    assert "Small B" in text(page)
    assert client.post(f"{path}{link.id}/revoke/").status_code == 302
    assert preview_links(workspace, experience.id) == []
    assert client.post(f"{path}{link.id}/revoke/").status_code == 404


def test_what_is_wrong_stands_beside_its_field(client: Client, workspace: Workspace, experience: Experience) -> None:
    path = f"/experiences/{experience.id}/preview/"
    elsewhere = Workspace.objects.create(id=workspace.id + 300_000, name="Elsewhere")
    person(elsewhere, {"user_id": ["theirs"]})
    wrong = {
        "address": "javascript:alert(1)",
        "variation": "77",
        "person": "user_id:theirs",
        "account": "x",
        "hours": "9",
    }
    response = client.post(path, wrong)
    page = text(response)
    assert response.status_code == 422
    for problem in (
        "Write the address of a page in full",
        "This variation was removed",
        "Nobody is known as 'user_id:theirs'",
        "There is no account 'x'",
        "Choose one of the lifetimes",
    ):
        assert problem in page, problem
    assert 'value="user_id:theirs"' in response.content.decode()
    assert not PreviewLink.objects.exists()


def test_what_ended_is_gone_and_what_is_archived_has_none(workspace: Workspace, experience: Experience) -> None:
    old = timezone.now() - timedelta(hours=2)
    make_preview_link(workspace.id, experience.id, address="https://acme.example/", hours=1, now=old)
    assert preview_links(workspace, experience.id) == []
    make_preview_link(workspace.id, experience.id, address="https://acme.example/")
    assert PreviewLink.objects.count() == 1
    start_experience(workspace.id, experience.id)
    Experience.objects.filter(id=experience.id).update(state="archived")
    with pytest.raises(ExperienceError, match="archived"):
        make_preview_link(workspace.id, experience.id, address="https://acme.example/")
