"""Sources, destinations, audiences and computed traits through the management API."""

from __future__ import annotations

import json

import pytest

from api.programs import Program

pytestmark = pytest.mark.django_db(databases="__all__")

SECRET = "an-api-key-nobody-reads-9Zq2"
PRO = {"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}


def test_sources(program: Program) -> None:
    made = program.must("post", "/sources", {"name": "Website"}, 201)
    assert (made["kind"], made["enabled"], made["api_key"]) == ("browser", True, None)
    path = f"/sources/{made['id']}"
    changed = program.must("patch", path, {"name": "Shop", "enabled": False, "asks_consent": True, "rate_limit": 5})
    assert (changed["name"], changed["enabled"], changed["asks_consent"]) == ("Shop", False, True)
    assert program.must("patch", path, {"allowed_origins": ["https://A.example"]})["rate_limit"] == 5
    assert program.must("patch", path, {"rate_limit": None})["rate_limit"] is None
    assert program.must("patch", path, {"asks_consent": None}, 422)["details"][0]["path"] == "asks_consent"
    # All or nothing.
    error = program.must("patch", path, {"name": "Other", "requires_token": True}, 422)
    assert error["details"][0]["path"] == "requires_token"
    assert program.get(path)["name"] == "Shop"
    assert program.get(path)["allowed_origins"] == ["https://a.example"]
    segment = program.must("post", "/sources", {"name": "Segment", "kind": "segment"}, 201)
    assert segment["api_key"]
    assert segment["api_key"] not in json.dumps(program.get("/sources"))
    program.must("delete", path, status=204)
    program.get(path, 404)
    assert program.must("post", "/sources", {"name": "x", "kind": "toaster"}, 422)["details"][0]["path"] == "kind"


def test_destinations_take_secrets_and_never_give_them(program: Program) -> None:
    source = program.must("post", "/sources", {"name": "Website"}, 201)["id"]
    error = program.must("post", "/destinations", {"slug": "mutiny", "enabled": True}, 422)
    assert error["details"][0]["path"] == "apiKey"
    body = {"slug": "mutiny", "source_ids": [source], "settings": {"apiKey": SECRET}, "enabled": True}
    made = program.must("post", "/destinations", body, 201)
    assert made["secrets"] == {"apiKey": {"is_set": True, "ends_with": "9Zq2"}}
    assert "apiKey" not in made["settings"]
    path = f"/destinations/{made['id']}"
    assert program.must("patch", path, {"settings": {"apiKey": ""}})["secrets"]["apiKey"]["is_set"]
    changed = program.must("patch", path, {"name": "Personal", "enabled": False, "source_ids": []})
    assert (changed["name"], changed["enabled"], changed["source_ids"]) == ("Personal", False, [])
    wrong = program.must("patch", path, {"settings": {"apiKey": 7}, "name": "Kept"}, 422)
    assert SECRET not in json.dumps([made, changed, wrong, program.get("/destinations"), program.get(path)])
    assert program.get(path)["name"] == "Personal"
    program.must("delete", path, status=204)
    assert program.must("post", "/destinations", {"slug": "nowhere"}, 422)["details"][0]["path"] == "slug"


def test_audiences(program: Program) -> None:
    made = program.must("post", "/audiences", {"name": "On the pro plan", "condition": PRO}, 201)
    assert (made["key"], made["definition"]) == ("on_the_pro_plan", PRO)
    path = f"/audiences/{made['id']}"
    changed = program.must("patch", path, {"description": "Who pays", "enabled": False})
    assert (changed["description"], changed["status"], changed["definition"]) == ("Who pays", "disabled", PRO)
    assert program.get(f"{path}/members") == {"items": [], "next_cursor": None}
    error = program.must("patch", path, {"condition": {"all": [PRO, {"fact": "trait"}]}}, 422)
    assert error["details"][0]["path"].startswith("condition.all[1]")
    asking = {"fact": "audience", "name": "on_the_pro_plan", "operator": "equals", "value": True}
    other = program.must("post", "/audiences", {"name": "Others", "condition": {"not": asking}}, 201)
    assert "Others asks for" in program.must("delete", path, status=422)["message"]
    program.must("delete", f"/audiences/{other['id']}", status=204)
    program.must("delete", path, status=204)
    program.get(path, 404)


def test_computed_traits(program: Program) -> None:
    made = program.must("post", "/computed-traits", {"name": "Orders", "events": {"event": "Order Completed"}}, 201)
    path = f"/computed-traits/{made['id']}"
    assert program.must("patch", path, {"name": "Number of orders"})["key"] == "orders"
    assert [one["name"] for one in program.get("/computed-traits")["items"]] == ["Number of orders"]
    assert program.get(f"/audiences/{made['id']}", 404)["code"] == "not_found"
    program.must("delete", path, status=204)
