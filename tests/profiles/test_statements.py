"""Segment's statements 84 to 96: whom messages are about, and what the Profile API tells of them (`spec/identity.json`)."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.test import Client

from pipeline.world import World, identify, track
from pitcairn.dashboard import stores
from pitcairn.edge.rates import RateLimits
from pitcairn.eventstore import EventStore
from pitcairn.profiles import api, queries, services
from pitcairn.profiles.identity_rules import IdentityRules
from pitcairn.profiles.models import Identifier, Merge, ProfileToken
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__", transaction=True)

SPEC = Path(__file__).parents[2] / "spec" / "identity.json"
CASES = [
    pytest.param(case, id=f"{statement['number']}-{case['name']}")
    for statement in json.loads(SPEC.read_text())["statements"]
    for case in statement.get("cases", ())
]


@pytest.fixture
def world(embedded_store: EventStore, transactional_db: None) -> World:
    return World(embedded_store)


class ProfileAPI:
    """A server that asks with a token."""

    def __init__(self, world: World) -> None:
        self.space = world.workspace_id
        self.token = services.create_token(workspace_id=self.space, name="tests", by="")

    def get(self, path: str, *, token: str | None = None, base: str = "spaces") -> Any:
        given = self.token if token is None else token
        credentials = base64.b64encode(f"{given}:".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"} if given else {}
        # As the ASGI handler does it: Django's client would take the rest for a query it has encoded itself.
        return Client(headers=headers).get(f"/v1/{base}/{self.space}/collections/{path}")

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.mark.parametrize("case", CASES)
def test_statement(case: dict[str, Any], world: World) -> None:
    if "rules" in case:
        rules = msgspec.convert(case["rules"], IdentityRules)
        services.set_identity_rules(workspace_id=world.workspace_id, rules=rules)
    for number, message in enumerate(case["messages"], start=1):
        world.process({"messageId": f"m{number}", **message}, at=1_793_620_800_000 + number)
    check_people(world, case["people"])
    asking = ProfileAPI(world)
    for wanted in case.get("requests", []):
        answer = asking.get(wanted["path"])
        body = answer.json()
        assert answer.status_code == wanted.get("status", 200), (wanted["path"], body)
        assert answer.headers["Request-Id"]
        if "json" in wanted:
            assert body.keys() == wanted["json"].keys()
        for key, expected in {**wanted.get("json", {}), **wanted.get("json_has", {})}.items():
            assert like(body[key], expected), (wanted["path"], body[key], expected)
        for name in wanted.get("header_absent", []):
            assert name not in answer.headers


def check_people(world: World, people: list[dict[str, Any]]) -> None:
    found = Identifier.objects.filter(workspace_id=world.workspace_id)
    pointing = {f"{row.type}:{row.value}": row.profile_id for row in found}
    assert sorted(pointing) == sorted(one for person in people for one in person["known_by"])
    ids = [{pointing[one] for one in person["known_by"]} for person in people]
    assert all(len(one) == 1 for one in ids), pointing
    assert len(set.union(*ids)) == len(people), pointing
    for person in people:
        assert world.traits(person["known_by"][0]) == person["traits"]


def like(value: Any, expected: Any) -> bool:
    """Equal, where {any} stands for any text that is not empty."""
    if expected == "{any}":
        return isinstance(value, str) and value != ""
    if isinstance(expected, dict):
        return value.keys() == expected.keys() and all(like(value[key], inner) for key, inner in expected.items())
    if isinstance(expected, list):
        return len(value) == len(expected) and all(map(like, value, expected))
    return bool(value == expected)


def test_statement_91_the_101st_merge_is_not_made_and_its_message_finds_somebody(world: World) -> None:
    rules = IdentityRules(
        types=(*IdentityRules().types[:2], msgspec.structs.replace(IdentityRules().types[2], limit=500))
    )
    services.set_identity_rules(workspace_id=world.workspace_id, rules=rules)
    world.process(identify("first", userId="U"))
    strangers = [track(f"a{number}", anonymousId=f"A{number}") for number in range(101)]
    world.process(*strangers)
    world.process(*(identify(f"m{number}", userId="U", anonymousId=f"A{number}") for number in range(100)))
    assert Merge.objects.filter(workspace_id=world.workspace_id).count() == 100

    world.process(identify("last", {"plan": "pro"}, userId="U", anonymousId="A100"))
    assert Merge.objects.filter(workspace_id=world.workspace_id).count() == 100
    assert world.traits("user_id:U") == {"plan": "pro"}
    assert world.profile("anonymous_id:A100").item.id != world.profile("user_id:U").item.id
    assert "last" in world.message_ids()


def test_a_profile_has_no_more_identifiers_than_it_may(world: World) -> None:
    rules = msgspec.structs.replace(IdentityRules(), most_identifiers=3)
    services.set_identity_rules(workspace_id=world.workspace_id, rules=rules)
    world.process(*(track(f"m{number}", anonymousId=f"A{number}", userId="U") for number in range(3)))
    found = {f"{one.type}:{one.value}" for one in world.profile("user_id:U").item.identifiers}
    assert found == {"user_id:U", "anonymous_id:A0", "anonymous_id:A1"}
    assert queries.profile_of(world.workspace_id, "anonymous_id", "A2") is None
    assert len(world.messages()) == 3


def test_a_weekly_limit_counts_what_came_within_a_week(world: World) -> None:
    day = 24 * 3600 * 1000
    now = 1_793_620_800_000
    for number in range(7):
        world.process(track(f"m{number}", anonymousId=f"A{number}", userId="U"), at=now + number * day)
    # Five within a week, then none on the sixth and the seventh day; the first of them has left a week later.
    assert {one.value for one in world.profile("user_id:U").item.identifiers} == {"U", "A0", "A1", "A2", "A3", "A4"}
    world.process(track("m8", anonymousId="A8", userId="U"), at=now + 7 * day)
    assert world.profile("anonymous_id:A8").item.id == world.profile("user_id:U").item.id


def test_rules_that_got_stricter_leave_people_as_they_are(world: World) -> None:
    world.process(identify("1", {"email": "a@x.example"}, userId="U", anonymousId="A"))
    world.process(identify("2", {"email": "b@x.example"}, userId="U"))
    types = [msgspec.structs.replace(one, limit=1) for one in IdentityRules().types]
    services.set_identity_rules(workspace_id=world.workspace_id, rules=IdentityRules(types=tuple(types)))
    world.process(identify("3", {"email": "b@x.example", "n": 1}, anonymousId="A"))
    world.process(identify("4", {"email": "c@x.example", "n": 2}, userId="U"))
    assert {one.value for one in world.profile("user_id:U").item.identifiers} == {
        "U",
        "A",
        "a@x.example",
        "b@x.example",
    }
    assert world.traits("user_id:U") == {"email": "c@x.example", "n": 2}


def test_statement_94_events_are_of_the_last_14_days_and_newest_first(world: World) -> None:
    now = int(time.time() * 1000)
    day = 24 * 3600 * 1000
    ages = {"new": 0, "older": 1 * day, "old": 13 * day, "too old": 15 * day}
    for name, age in ages.items():
        world.process(track(name, name, anonymousId="A", properties={"age": age}), at=now - age)
    # What came before somebody was known, and was stored under a profile that is gone, is theirs as well.
    world.process(identify("i", userId="U", anonymousId="B"), at=now)
    world.process(track("linked", "linked", userId="U", anonymousId="A"), at=now - 2 * day)
    asking = ProfileAPI(world)
    stores.provide(world.store)
    try:
        path = "users/profiles/user_id:U/events"
        body = asking.json(path)
        assert [one["event"] for one in body["data"]] == ["new", "older", "linked", "old"]
        assert body["data"][1] == {
            "external_ids": [{"collection": "users", "type": "anonymous_id", "id": "A", "encoding": "none"}],
            "context": {},
            "type": "track",
            "message_id": "older",
            "source_id": str(world.website),
            "timestamp": body["data"][1]["timestamp"],
            "properties": {"age": day},
            "event": "older",
            "related": {"users": []},
        }
        assert [one["event"] for one in asking.json(f"{path}?sort=asc&limit=2")["data"]] == ["old", "linked"]
        assert [one["event"] for one in asking.json(f"{path}?include=old,new")["data"]] == ["new", "old"]
        assert [one["event"] for one in asking.json(f"{path}?exclude=old,new")["data"]] == ["older", "linked"]
        end = body["data"][1]["timestamp"]
        assert [one["event"] for one in asking.json(f"{path}?end={end}")["data"]] == ["linked", "old"]
        assert [one["event"] for one in asking.json(f"{path}?start={end}")["data"]] == ["new", "older"]

        seen, address = [], f"{path}?limit=3"
        while address:
            page = asking.json(address)
            seen += [one["event"] for one in page["data"]]
            address = page["cursor"]["url"].split("/collections/")[1] if page["cursor"]["has_more"] else ""
        assert seen == ["new", "older", "linked", "old"]
        assert asking.get(f"{path}?start=yesterday").status_code == 400
    finally:
        stores.provide(None)
    unavailable = asking.get(path)
    assert (unavailable.status_code, unavailable.json()["error"]["code"]) == (503, "unavailable")


def test_statement_95_a_wrong_token_is_401_and_more_than_100_a_second_is_429(world: World) -> None:
    world.process(identify("1", {"plan": "pro"}, userId="U"))
    asking = ProfileAPI(world)
    path = "users/profiles/user_id:U/traits"
    for wrong in ("", "pit_wrong", asking.token[:-1], asking.token.upper()):
        refused = asking.get(path, token=wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "authentication_error"), wrong
    asking.space = Workspace.objects.create(name="Elsewhere").id
    assert asking.get(path).status_code == 401
    asking.space = world.workspace_id

    clock = iter(range(10**6))
    now = next(clock)
    before = api.use_limits(RateLimits(clock=lambda: now))
    try:
        assert {asking.get(path).status_code for _ in range(100)} == {200}
        limited = asking.get(path)
        assert (limited.status_code, limited.json()["error"]["code"]) == (429, "rate_limit_error")
        assert limited.headers["Retry-After"] == "1"
        now = next(clock)
        assert asking.get(path).status_code == 200
    finally:
        api.use_limits(before)
    row = ProfileToken.objects.get(workspace_id=world.workspace_id)
    assert row.last_used_at is not None
    assert asking.token not in (row.digest, row.hint)
    assert services.revoke_token(workspace_id=world.workspace_id, token_id=row.id)
    assert asking.get(path).status_code == 401


def test_the_older_address_answers_too_and_others_do_not(world: World) -> None:
    world.process(identify("1", {"plan": "pro"}, userId="U"))
    asking = ProfileAPI(world)
    assert asking.get("users/profiles/user_id:U/traits", base="namespaces").json()["traits"] == {"plan": "pro"}
    lost = Client().get(f"/v1/spaces/{world.workspace_id}/elsewhere")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")
    written = Client(headers={"Authorization": f"Basic {base64.b64encode(f'{asking.token}:'.encode()).decode()}"}).post(
        f"/v1/spaces/{world.workspace_id}/collections/users/profiles/user_id:U/traits"
    )
    assert (written.status_code, written.json()["error"]["code"]) == (405, "method_not_allowed")
