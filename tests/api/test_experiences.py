"""Experiences through the management API: the same services as the pages', with versions that keep two writers apart."""

from __future__ import annotations

from typing import Any

import pytest

from api.programs import CHANGE, Program, experience
from pitcairn.eventstore import EventStore
from pitcairn.experiences.queries import experience_versions

pytestmark = pytest.mark.django_db(databases="__all__")


def test_from_a_draft_to_the_archive(program: Program) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    assert (made["state"], made["version"], made["goals"]) == ("draft", 1, ["Signed Up"])
    path = f"/experiences/{made['id']}"
    assert program.get(path) == made
    assert program.must("post", f"{path}/pause", status=422)["code"] == "invalid"
    states = [
        program.must("post", f"{path}/{verb}")["state"]
        for verb in ("start", "pause", "start", "promote", "start", "archive")
    ]
    assert states == ["live", "paused", "live", "promoted", "live", "archived"]
    error = program.must("put", path, experience(control_share=0.9, version=1), 422)
    assert "archived" in error["message"]
    copy = program.must("post", f"{path}/duplicate", status=201)
    assert (copy["name"], copy["state"], copy["goals"]) == ("Welcome (copy)", "draft", ["Signed Up"])
    program.must("delete", f"/experiences/{copy['id']}", status=204)
    program.get(f"/experiences/{copy['id']}", 404)
    assert "archive it" in program.must("delete", path, status=422)["message"]


def test_a_replacement_says_what_it_was_made_from(program: Program) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    path = f"/experiences/{made['id']}"
    read = program.ask("get", path)
    assert read["ETag"] == '"1"'
    body = {name: read.json()[name] for name in (*experience(), "segments")}
    error = program.must("put", path, body, 428)
    assert error["code"] == "version_required"

    changed = program.must("put", path, {**body, "control_share": 0.5}, If_Match=read["ETag"])
    assert (changed["version"], changed["control_share"]) == (2, 0.5)
    assert changed["segments"][0]["id"] == made["segments"][0]["id"]
    late = program.must("put", path, {**body, "control_share": 0.9}, 412, If_Match=read["ETag"])
    assert late["code"] == "outdated"
    assert "saved by API key Robot" in late["message"]
    assert program.must("put", path, {**body, "version": 1}, 412)["code"] == "outdated"
    assert program.must("put", path, body, 422, If_Match='"latest"')["code"] == "invalid"
    assert program.get(path)["control_share"] == 0.5
    assert [one.made_by for one in experience_versions(made["id"])] == ["API key Robot"] * 2


def test_versions_are_read_compared_and_brought_back(program: Program) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    path = f"/experiences/{made['id']}"
    program.must("put", path, {**experience(control_share=0.4), "version": 1})
    listed = program.get(f"{path}/versions?limit=1")
    assert [one["number"] for one in listed["items"]] == [2]
    following = program.get(f"{path}/versions?limit=1&cursor={listed['next_cursor']}")
    assert ([one["number"] for one in following["items"]], following["next_cursor"]) == ([1], None)
    assert program.get(f"{path}/versions/1")["content"]["control_share"] == 0.2
    assert program.get(f"{path}/versions/2/differences?to=1") == {
        "older": 1,
        "newer": 2,
        "differences": [{"where": "Control share", "before": ["20 %"], "after": ["40 %"]}],
    }
    assert program.get(f"{path}/versions/2/differences", 422)["details"][0]["path"] == "to"
    program.get(f"{path}/versions/9", 404)
    program.must("post", f"{path}/versions/1/restore", {}, 428)
    back = program.must("post", f"{path}/versions/1/restore", {"version": 2})
    assert (back["version"], back["control_share"]) == (3, 0.2)


def test_everything_that_is_wrong_is_said_with_its_path(program: Program) -> None:
    body = experience(control_share=7, page_url="nope nope", surprise=True)
    assert program.must("post", "/experiences", body, 422)["details"] == [
        {"path": "surprise", "message": "it is not known here; leave it out"}
    ]
    del body["surprise"]
    body["segments"][0]["variations"][0]["changes"] = [{**CHANGE, "selector": ""}]
    error = program.must("post", "/experiences", body, 422)
    assert error["code"] == "invalid"
    assert [one["path"] for one in error["details"]] == [
        "page_url",
        "control_share",
        "segments[0].variations[0].changes[0].selector",
    ]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"segments": [{"name": 7}]}, "segments[0].name"),
        ({"segments": [{"name": "A", "variations": [{"weight": "much"}]}]}, "segments[0].variations[0].weight"),
        ({"schedule": {"start": "soon"}}, "schedule.start"),
        ({"frequency": {}}, "frequency.times"),
        ({"goals": ["A", "A"]}, "goals"),
        ({"segments": [{"name": "A", "condition": {"fact": "weather"}}]}, "segments[0].condition.fact"),
    ]
    for more, path in wrong:
        assert program.must("post", "/experiences", experience(**more), 422)["details"][0]["path"] == path
    assert program.must("post", "/experiences", {}, 422)["details"][0] == {"path": "name", "message": "it is missing"}
    response = program.client.post("/api/v1/experiences", "{", content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_request")
    assert program.get("/experiences")["items"] == []


def test_lists_come_in_pages_that_nothing_moves(program: Program) -> None:
    ids = [program.must("post", "/experiences", experience(f"E{number}"), 201)["id"] for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = program.get(f"/experiences?limit=2&cursor={cursor}")
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) == 2:
            program.must("delete", f"/experiences/{ids[1]}", status=204)
    assert seen == ids
    assert program.get("/experiences?state=live")["items"] == []
    assert program.get("/experiences?limit=0", 422)["details"][0]["path"] == "limit"
    assert program.get("/experiences?cursor=%C3%BC", 422)["details"][0]["path"] == "cursor"
    left = [ids[4], ids[2], ids[0], ids[3]]
    assert [one["id"] for one in program.must("put", "/experiences/order", {"ids": left})["items"]] == left
    assert program.must("put", "/experiences/order", {"ids": ids[:2]}, 422)["code"] == "invalid"


def test_results_are_the_command_lines_document(program: Program, store: EventStore) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    path = f"/experiences/{made['id']}"
    program.must("post", f"{path}/start")
    document = program.get(f"{path}/results")
    assert document["experience"]["name"] == "Welcome"
    assert [goal["name"] for goal in document["goals"]] == ["Signed Up"]


def test_without_an_event_store_results_say_so(program: Program) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    assert program.get(f"/experiences/{made['id']}/results", 503)["code"] == "unavailable"


def test_why_says_what_each_condition_saw(program: Program) -> None:
    made = program.must("post", "/experiences", experience(), 201)
    program.must("post", f"/experiences/{made['id']}/start")
    told = program.get("/why?visitor=somebody-new&url=https://acme.example/")
    assert told["experiences"][0]["reason"] == "no_segment"
    assert program.get("/why?visitor=somebody-new", 422)["details"][0]["path"] == "url"


def test_goals(program: Program) -> None:
    goal = program.must("post", "/goals", {"name": "Demo Booked"}, 201)
    assert (goal["kind"], goal["event"], goal["window_days"]) == ("track", "Demo Booked", 7)
    path = f"/goals/{goal['id']}"
    body = {"name": "Bought", "event": "Order Completed", "value": "revenue", "window_days": 14}
    assert program.must("put", path, body) == program.get(path)
    assert program.get(path)["value"] == "revenue"
    assert program.must("put", path, {**body, "kind": "click"}, 422)["details"][0]["path"] == "selector"
    assert program.must("post", "/goals", body, 422)["details"][0]["path"] == "name"
    made = program.must("post", "/experiences", experience(goals=["Signed Up", "Bought"], guardrails=["Bought"]), 201)
    assert (made["goals"], made["guardrails"]) == (["Signed Up", "Bought"], ["Bought"])
    assert "judged by" in program.must("delete", path, status=422)["message"]
    program.must("put", f"/experiences/{made['id']}", experience(version=1))
    program.must("delete", path, status=204)
    program.must("delete", path, status=404)
    assert program.must("post", "/goals", {"name": " "}, 422)["code"] == "invalid"
    assert program.must("post", "/goals", {"name": "x", "kind": "wish"}, 422)["details"][0]["path"] == "kind"
