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


def destination(program: Program) -> int:
    """A Mutiny that is enabled."""
    body = {"slug": "mutiny", "settings": {"apiKey": SECRET}, "enabled": True}
    made: int = program.must("post", "/destinations", body, 201)["id"]
    return made


def test_filters_and_mapping(program: Program) -> None:
    made = destination(program)
    path = f"/destinations/{made}/filters"
    assert program.get(path) == {"items": []}
    given = {"title": "No tests", "condition": 'event = "Tested"', "action": {"type": "drop"}}
    one = program.must("post", path, given, 201)
    assert one == {**given, "id": one["id"], "source_id": None, "enabled": True}
    source = program.must("post", "/sources", {"name": "Website"}, 201)["id"]
    sample = {"title": "A part", "condition": "all", "action": {"type": "sample", "percent": 0.25}}
    changed = program.must("put", f"{path}/{one['id']}", {**sample, "source_id": source, "enabled": False})
    assert changed == {**sample, "id": one["id"], "source_id": source, "enabled": False}
    assert program.get(f"{path}/{one['id']}") == changed
    for field, value in {"title": "", "condition": "event =", "action": {"type": "explode"}, "source_id": 0}.items():
        error = program.must("put", f"{path}/{one['id']}", {**sample, field: value}, 422)
        assert [detail["path"] for detail in error["details"]] == [field]
    assert program.get(path)["items"] == [changed]
    # Of another destination it is none.
    other = program.must("post", "/destinations", {"slug": "webhook"}, 201)["id"]
    program.get(f"/destinations/{other}/filters/{one['id']}", 404)
    program.must("delete", f"{path}/{one['id']}", status=204)
    assert program.get(path) == {"items": []}

    rules = [{"to": "traits.plan", "from": "properties.plan"}, {"remove": "context.ip"}]
    path = f"/destinations/{made}/mapping"
    assert program.get(path) == {"rules": []}
    assert program.must("put", path, {"rules": rules}) == {"rules": rules}
    assert program.must("put", path, {"rules": [{"to": "type", "value": 1}]}, 422)["details"][0]["path"] == "mapping"
    assert program.get(path) == {"rules": rules}
    program.must("put", "/destinations/0/mapping", {"rules": []}, 404)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("/audiences", {"name": "Pro", "condition": PRO}),
        ("/computed-traits", {"name": "Orders", "events": {"event": "Order Completed"}}),
    ],
)
def test_destinations_are_told(program: Program, kind: str, given: dict[str, object]) -> None:
    made, told = program.must("post", kind, given, 201), destination(program)
    path = f"{kind}/{made['id']}/destinations"
    assert program.get(path) == {"items": []}
    sync = program.must("put", f"{path}/{told}", {})
    assert (sync["destination_id"], sync["send_identify"], sync["send_track"]) == (told, True, False)
    assert sync["state"] == "waiting", "it is not computed yet"
    changed = program.must("put", f"{path}/{told}", {"send_track": True, "entered": "Came", "paused": True})
    assert (changed["send_track"], changed["entered"], changed["state"]) == (True, "Came", "paused")
    assert program.get(path)["items"] == [changed]
    assert program.get(f"{kind}/{made['id']}")["destinations"] == ["Mutiny"]
    assert "paused" in program.must("post", f"{path}/{told}/resync", status=422)["message"]
    assert program.must("put", f"{path}/{told}", {"send_track": True})["state"] != "paused"
    program.must("post", f"{path}/{told}/resync")
    error = program.must("put", f"{path}/{told}", {"send_identify": False}, 422)
    assert error["details"][0]["path"] == "send_identify"
    assert program.must("put", f"{path}/0", {}, 422)["details"][0]["path"] == "destination"
    program.must("delete", f"{path}/{told}", status=204)
    program.must("delete", f"{path}/{told}", status=404)
    program.must("post", f"{path}/{told}/resync", status=404)
    assert program.get(path) == {"items": []}


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
