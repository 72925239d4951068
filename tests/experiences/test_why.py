"""Why a visitor sees what they see, how many a segment has, and the order of priority: services and pages on real stores."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from eventstore.rows import message
from experiences.making import HEADLINE, LOGIN, SMALL
from pages import mutiny, person, source, text
from pitcairn.edge.visits import Asked
from pitcairn.eventstore import EventStore
from pitcairn.experiences import services
from pitcairn.experiences.estimates import estimate
from pitcairn.experiences.models import Experience, ExperienceState
from pitcairn.experiences.queries import experience_content, holdout_periods
from pitcairn.experiences.services import SegmentInput, VariationInput, save_experience, start_experience
from pitcairn.experiences.services_programme import set_holdout
from pitcairn.experiences.why import as_json, explain
from pitcairn.profiles.models import Profile
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

NOW = int(time.time() * 1000)
PRICING = {"fact": "page", "name": "path", "operator": "starts_with", "value": "/pricing"}


def made(workspace: Workspace, name: str, *, live: bool = True, condition: Any = SMALL, **given: Any) -> Experience:
    variation = VariationInput(changes=[HEADLINE])
    fields: dict[str, Any] = {
        "page_url": "*",
        "segments": [SegmentInput(name=f"Of {name}", condition=condition, variations=[variation])],
        "goals": [LOGIN],
        "control_share": 0.0,
    }
    saved = save_experience(workspace_id=workspace.id, name=name, **(fields | given))
    return start_experience(workspace.id, saved.id) if live else saved


def known(workspace: Workspace, visitor: str, traits: dict[str, Any], **columns: Any) -> int:
    """A profile whose traits can be targeted."""
    profile_id = person(workspace, {"anonymous_id": [visitor]}, traits)
    Profile.objects.filter(id=profile_id).update(personalization=json.dumps(traits), **columns)
    return profile_id


def reasons(workspace: Workspace, visitor: str, **of: Any) -> dict[str, str]:
    asked = Asked(**{"visitor": visitor, "url": "https://acme.example/pricing", "at": NOW, **of})
    return {one.name: one.reason for one in explain(workspace.id, asked).experiences}


def test_every_experience_is_told_with_the_values_it_saw(workspace: Workspace) -> None:
    both = {"all": [SMALL, {"not": PRICING}]}
    made(workspace, "First")
    second = made(workspace, "Second")
    made(workspace, "Elsewhere", page_url="/blog")
    made(workspace, "Conditions", condition=both, type="banner", segments=[
        SegmentInput(name="X", condition=both, variations=[VariationInput(config={"text": "Hi"})])
    ])  # fmt: skip
    made(workspace, "Draft", live=False)
    services.pause_experience(workspace.id, made(workspace, "Paused").id)
    stored = {str(second.id): ["control", 1, 0, NOW]}
    known(workspace, "visitor-1", {"company": {"employee_count": 34}}, assignments=json.dumps(stored))
    assert reasons(workspace, "visitor-1") == {
        "First": "assigned", "Second": "priority", "Elsewhere": "other_page", "Conditions": "no_segment",
        "Draft": "not_live", "Paused": "not_live",
    }  # fmt: skip
    asked = Asked(visitor="visitor-1", url="https://acme.example/pricing", at=NOW)
    told = as_json(explain(workspace.id, asked))
    assert (told["known"], told["connected"], told["held_out"]) == (True, False, False)
    by_name = {one["name"]: one for one in told["experiences"]}
    assert (by_name["First"]["segment"], by_name["First"]["variation"]) == ("Of First", "Personalized")
    assert by_name["Second"]["instead"] == "First"
    tree = by_name["Conditions"]["segments"][0]["condition"]
    assert [(part["holds"], part["value"]) for part in tree["inner"]] == [(True, 34), (False, None)]
    [page] = tree["inner"][1]["inner"]
    assert (page["holds"], page["value"]) == (True, "/pricing")
    services.pause_experience(workspace.id, Experience.objects.get(name="First").id)
    assert reasons(workspace, "visitor-1")["Second"] == "stored"
    set_holdout(workspace.id, 0.5)
    assert reasons(workspace, "visitor-1")["Second"] == "stored"
    held = [reasons(workspace, f"stranger-{number}", url="https://acme.example/")["Conditions"] for number in range(5)]
    assert set(held) == {"no_segment"}


def test_the_page_and_the_json_say_it(
    client: Client, viewer_client: Client, workspace: Workspace, store: EventStore
) -> None:
    first = made(workspace, "First")
    made(workspace, "Second")
    known(workspace, "visitor-1", {"company": {"employee_count": 34}})
    ask = {"visitor": "visitor-1", "url": "acme.example/pricing?utm_source=<script>"}
    said = text(viewer_client.get("/experiences/why/", ask))
    assert "The visitor is personalized, by the draw" in said
    assert "First comes before it by priority" in said
    assert "it is 34" in said
    assert "No enabled Mutiny destination" in said
    mutiny(workspace, source(workspace).id)
    page = client.get(f"/experiences/{first.id}/why/", ask)
    assert "No enabled Mutiny destination" not in text(page)
    assert "Second" not in text(page)
    assert b"<script>" not in page.content.split(b"why-form")[1]
    told = client.get("/experiences/why.json", ask).json()
    assert [(one["name"], one["reason"]) for one in told["experiences"]] == [
        ("First", "assigned"),
        ("Second", "priority"),
    ]
    refused = client.get("/experiences/why.json", {"visitor": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "incomplete")
    assert Client().get("/experiences/why.json", ask).status_code == 302
    assert client.get("/experiences/why/", {"visitor": "a\x00b", "url": "http://["}).status_code == 200


def test_sizes_are_those_of_the_visitors_who_came_last(workspace: Workspace, store: EventStore) -> None:
    safari = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    )
    rows = []
    for number in range(20):
        employees = 10 if number < 5 else 5000
        profile_id = known(workspace, f"visitor-{number}", {"company": {"employee_count": employees}})
        for at, path in ((1, "/pricing"), (2, "/" if number == 0 else "/pricing")):
            page = {"url": f"https://acme.example{path}", "referrer": ""}
            context = {"page": page, "userAgent": safari if number % 2 else "", "locale": "de-DE"}
            rows.append(
                message(
                    workspace.id, type="page", event="", anonymous_id=f"visitor-{number}", profile_id=profile_id,
                    message_id=f"size-{workspace.id}-{number}-{at}", timestamp=NOW / 1000 - 10 + at,
                    received_at=NOW / 1000 - 10 + at, context=json.dumps(context), properties="{}",
                )
            )  # fmt: skip
    store.insert("messages", rows)
    mobile = {"fact": "device", "name": "type", "operator": "equals", "value": "mobile"}
    segments = [SegmentInput(name="Small", condition=SMALL), SegmentInput(name="Mobile", condition=mobile)]
    now = datetime.now(UTC)
    # The one whose last page is the home page is no visitor of this page.
    found = estimate(store, workspace.id, "/pricing", segments, now)
    assert (found.visitors, found.segments) == (19, (4, 8))
    assert estimate(store, workspace.id, "*", segments, now).segments == (5, 8)
    assert estimate(store, workspace.id, "/nowhere", segments, now).visitors == 0


def test_the_targeting_page(client: Client, workspace: Workspace, store: EventStore) -> None:
    one = made(workspace, "First", exclusion_group="Pricing")
    said = text(client.get(f"/experiences/{one.id}/targeting/"))
    for words in (
        "Page change",
        "Every page",
        "Always",
        "Every time",
        "Pricing",
        "1 of 1",
        "No page view of the last 30 days",
    ):
        assert words in said
    form = {"page_url": "pricing", "segments-0-name": "A"}
    assert "when the page and the conditions can be read" in text(client.post("/experiences/sizes/", form))


def test_priority_by_button_and_by_dragging(
    client: Client, viewer_client: Client, workspace: Workspace, store: EventStore
) -> None:
    a, b, c = (made(workspace, name).id for name in "ABC")
    gone = made(workspace, "Gone").id
    services.archive_experience(workspace.id, gone)

    def order() -> list[int]:
        return list(Experience.objects.order_by("position").values_list("id", flat=True))

    page = text(client.get("/experiences/priority/"))
    assert "Gone" not in page
    client.post("/experiences/priority/", {"do": f"down {a}"})
    assert order() == [b, a, c, gone]
    part = client.post("/experiences/priority/", {"do": f"up {a}"}, headers={"HX-Request": "true"})
    assert part.content.lstrip().startswith(b"<form")
    assert f'id="down-{a}"'.encode() in part.content
    client.post("/experiences/priority/", {"order": f"{c},{b},{a}"})
    assert order() == [c, b, a, gone]
    for wrong in (f"{c},{b}", f"{c},{b},{b}", f"{c},{b},{a},{gone}", "x", "", f"{c},{b},{a},99"):
        client.post("/experiences/priority/", {"order": wrong})
        client.post("/experiences/priority/", {"do": f"up {wrong}"})
    assert order() == [c, b, a, gone]
    assert viewer_client.post("/experiences/priority/", {"do": f"up {a}"}).status_code == 403
    assert b"Move A up" not in viewer_client.get("/experiences/priority/").content
    client.post("/experiences/holdout/", {"percent": "7,5 %"})
    assert [one.share for one in holdout_periods(workspace.id)] == [0.075]
    assert "not a holdout" in text(client.post("/experiences/holdout/", {"percent": "80"}, follow=True))
    assert "is not a share" in text(client.post("/experiences/holdout/", {"percent": "few"}, follow=True))
    assert [one.share for one in holdout_periods(workspace.id)] == [0.075]


def test_versions_side_by_side_and_back(client: Client, workspace: Workspace, store: EventStore) -> None:
    one = made(workspace, "First", live=False)
    content, _ = experience_content(one.id)
    save_experience(
        workspace_id=workspace.id, experience_id=one.id, base_version=1, by="ann@acme.example", name="First",
        page_url="/pricing", control_share=0.25, segments=content.segments,
    )  # fmt: skip
    said = text(client.get(f"/experiences/{one.id}/versions/"))
    assert "Version 2 in force" in said
    assert "ann@acme.example" in said
    compared = text(client.get(f"/experiences/{one.id}/versions/2/"))
    assert "From version 1 to version 2" in compared
    assert "Control share" in compared
    assert client.get(f"/experiences/{one.id}/versions/9/").status_code == 404
    outdated = client.post(f"/experiences/{one.id}/versions/1/restore/", {"version": "1"}, follow=True)
    assert "saved by ann@acme.example" in text(outdated)
    client.post(f"/experiences/{one.id}/versions/1/restore/", {"version": "2"})
    assert experience_content(one.id) == (content, 3)


def test_the_form_tells_who_saved_meanwhile_and_keeps_what_was_typed(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    one = made(workspace, "First", live=False)
    content, _ = experience_content(one.id)
    save_experience(
        workspace_id=workspace.id, experience_id=one.id, base_version=1, by="ann@acme.example", name="Ann's",
        segments=content.segments,
    )  # fmt: skip
    sent = {"name": "Bob's", "page_url": "/bob", "control_percent": "50", "version": "1", "do": "save"}
    refused = client.post(f"/experiences/{one.id}/edit/", sent)
    assert refused.status_code == 422
    assert "saved by ann@acme.example" in text(refused)
    assert b'value="Bob&#x27;s"' in refused.content
    assert Experience.objects.get().name == "Ann's"


def test_its_life_on_the_pages(client: Client, workspace: Workspace, store: EventStore) -> None:
    one = made(workspace, "First", control_share=0.5)
    said = text(client.post(f"/experiences/{one.id}/promote/", follow=True))
    assert "nobody: it is promoted" in said
    assert "Compare again" in said
    client.post(f"/experiences/{one.id}/pause/")
    client.post(f"/experiences/{one.id}/start/")
    assert Experience.objects.get().state == ExperienceState.PROMOTED
    client.post(f"/experiences/{one.id}/start/")
    assert Experience.objects.get().state == ExperienceState.LIVE
    copied = client.post(f"/experiences/{one.id}/duplicate/")
    copy = Experience.objects.get(name="First (copy)")
    assert copied.headers["Location"] == f"/experiences/{copy.id}/edit/"
