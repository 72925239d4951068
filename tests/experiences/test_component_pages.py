"""The form of components and redirects, as a browser without script sends it, and the preview beside it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from experiences.making import LOGIN
from experiences.test_pages import error_beside, fields, focused, post
from pages import text
from pitcairn.eventstore import EventStore
from pitcairn.experiences import services
from pitcairn.experiences.models import Experience, Variation
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

AT = "segments-0-variations-0-config"
SURVEY = {
    "name": "Survey",
    "type": "survey",
    "page_url": "acme.example/",
    "control_percent": "0",
    "segments-0-name": "Everyone",
    "config-trigger": "delay",
    "config-seconds": "9",
    "config-percent": "not asked",
    "config-position": "left",
    "config-remember_days": "7",
    f"{AT}-headline": "One question",
    f"{AT}-questions-0-text": "How many?",
    f"{AT}-questions-0-kind": "single",
    f"{AT}-questions-0-options": "Few\r\n\r\n Many ",
    f"{AT}-questions-0-trait": "team",
    f"{AT}-questions-0-required": "on",
    f"{AT}-questions-1-kind": "text",
    "goals": [LOGIN],
    "primary": LOGIN,
}


def shown(response: Any) -> Any:
    found = re.search(r'data-preview="([^"]*)"', response.content.decode())
    return json.loads(html.unescape(found[1])) if found else None


def test_a_survey_is_made_and_edited(client: Client, workspace: Workspace, store: EventStore) -> None:
    post(client, SURVEY | {"do": "start"})
    made = Experience.objects.get()
    assert (made.type, made.config) == (
        "survey",
        {"position": "left", "trigger": "delay", "seconds": 9, "percent": 50, "remember_days": 7},
    )
    question = {"text": "How many?", "kind": "single", "options": ["Few", "Many"], "trait": "team", "required": True}
    assert Variation.objects.get().config == {"headline": "One question", "questions": [question]}
    said = text(client.get(f"/experiences/{made.id}/"))
    assert "Survey In the lower left corner, after 9 s Shown again 7 days after it was closed" in said
    assert "How many? becomes the trait team" in said

    form = client.get(f"/experiences/{made.id}/edit/")
    filled = fields(form)
    assert filled["config-seconds"] == "9"
    assert filled[f"{AT}-questions-0-options"] == "Few\nMany"
    # The type stays what it was when it went live.
    assert 'type="hidden" name="type" value="survey"' in form.content.decode()
    post(client, filled | {f"{AT}-headline": "Another", "goals": [LOGIN]}, f"/experiences/{made.id}/edit/")
    assert Variation.objects.get(removed=False).config["headline"] == "Another"


def test_what_is_wrong_stands_beside_its_field(client: Client, workspace: Workspace, store: EventStore) -> None:
    wrong = {
        "config-seconds": "soon",
        f"{AT}-questions-0-trait": "a.b",
        f"{AT}-questions-0-options": "One",
        "do": "start",
    }
    response = post(client, SURVEY | wrong)
    assert "'soon' is not a whole number" in html.unescape(error_beside(response, "config-seconds"))
    response = post(client, SURVEY | wrong | {"config-seconds": "601"})
    assert "601 is not a number from 0 to 600" in error_beside(response, "config-seconds")
    assert "is not the name of a trait" in error_beside(response, f"{AT}-questions-0-trait")
    assert focused(response) == "config-seconds"
    response = post(client, SURVEY | wrong | {"config-seconds": "6", f"{AT}-questions-0-trait": "a"})
    assert "two options at least" in error_beside(response, f"{AT}-questions-0-options")
    assert not Experience.objects.exists()


def test_another_type_keeps_what_was_typed(client: Client, workspace: Workspace, store: EventStore) -> None:
    kept = fields(post(client, SURVEY | {"type": "modal", "do": "type"}))
    assert (kept["type"], kept[f"{AT}-headline"], kept["config-seconds"]) == ("modal", "One question", "9")
    assert not any("question" in name for name in kept)
    assert fields(post(client, SURVEY | {"type": "nonsense", "do": "type"}))["type"] == "page"


def test_rows_of_questions(client: Client, workspace: Workspace, store: EventStore) -> None:
    response = post(client, SURVEY | {"do": "question-add 0 0"})
    assert focused(response) == f"{AT}-questions-2-text"
    response = post(client, SURVEY | {"do": "question-down 0 0 0"})
    assert fields(response)[f"{AT}-questions-1-text"] == "How many?"
    response = post(client, SURVEY | {"do": "question-remove 0 0 0"})
    assert f"{AT}-questions-1-text" not in fields(response)


def test_the_preview_says_what_can_be_shown(client: Client, workspace: Workspace) -> None:
    script = '"><script>x</script> {{ account.name | default: "you" }}'
    response = post(
        client,
        SURVEY | {"at": "0 0", f"{AT}-headline": script, "config-seconds": "9999"},
        "/experiences/component-preview/",
    )
    assert b"<script" not in response.content
    told = shown(response)
    assert (told["type"], told["config"]["seconds"]) == ("survey", 5)
    assert told["config"]["headline"] == '"><script>x</script> you'
    assert told["config"]["questions"][0]["options"] == ["Few", "Many"]
    broken = {f"{AT}-headline": "{{ nobody", "at": "0 0"}
    assert shown(post(client, SURVEY | broken, "/experiences/component-preview/"))["config"]["headline"] == ""
    for at in ("", "7 0", "x y", "-9 0"):
        assert shown(post(client, SURVEY | {"at": at}, "/experiences/component-preview/")) is None
    assert shown(post(client, SURVEY | {"at": "0 0", "type": "redirect"}, "/experiences/component-preview/")) is None


def test_the_preview_s_frame_may_run_our_script_and_reach_nothing(client: Client, workspace: Workspace) -> None:
    response = client.get("/experiences/component-preview/frame/")
    policy = response["Content-Security-Policy"].split("; ")
    assert {"sandbox allow-scripts", "default-src 'none'", "script-src 'self'", "frame-ancestors 'self'"} <= set(policy)
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_a_component_changes_nothing_else_on_the_page(workspace: Workspace) -> None:
    change = {"type": "hide", "selector": "h1"}
    variation = {"config": {"text": "x"}, "changes": [change]}
    with pytest.raises(services.ExperienceError) as told:
        services.save_experience(
            workspace_id=workspace.id, name="A", type="banner", segments=[{"name": "All", "variations": [variation]}]
        )
    assert [problem.path for problem in told.value.problems] == ["segments[0].variations[0].changes"]
