"""What a preview link opens at `/v1/decide`, against a real server: its draft, and nothing else, and nothing is counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conftest import running
from edge.site import ORIGIN, Site, Visitor
from server import WRITE_KEYS, Answer, Server, Template, unique

SMALL = {"fact": "trait", "name": "company.employee_count", "operator": "less_than", "value": 200}
GOLD = {"fact": "account", "name": "tier", "operator": "equals", "value": "gold"}


def segment(name: str, condition: dict[str, Any], *texts: str) -> dict[str, Any]:
    variations = [
        {"name": f"V{number}", "changes": [{"type": "text", "selector": "h1", "value": text}]}
        for number, text in enumerate(texts)
    ]
    return {"name": name, "condition": condition, "variations": variations}


@dataclass
class World:
    site: Site
    draft: int
    variations: list[int]

    def token(self, **given: Any) -> str:
        made: str = self.site.change("preview", experience_id=self.draft, **given)["token"]
        return made

    def ask(self, token: str, path: str = "/pricing", source: str = "website", **headers: str) -> Answer:
        body = {"writeKey": WRITE_KEYS[source], "url": f"{ORIGIN}{path}", "preview": token}
        return self.site.ask(body, headers={"Origin": ORIGIN, **headers})


@pytest.fixture(scope="module")
def world(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Site(Server(template, tmp_path_factory.mktemp("previews"))) as site:
        everybody: dict[str, Any] = {"all": []}
        site.change("say", traits=["traits.first_name", "account.name"])
        live = [segment("Everybody", everybody, "What all visitors see")]
        site.change("save", name="Live", page_url="*", control_share=0.0, segments=live)
        hello = 'Hello {{ traits.first_name | default: "you" }} of {{ account.name | default: "your team" }}'
        segments = [
            segment("Secret small", SMALL, hello, "Second way"),
            segment("Secret gold", GOLD, hello),
        ]
        made = site.change("save", name="Draft", page_url="/pricing", control_share=1.0, segments=segments, draft=True)
        other = [segment("Everybody", everybody, "Another draft")]
        site.change("save", name="Other draft", page_url="*", segments=other, draft=True)
        with running(site.server):
            yield World(site, made["id"], site.change("variations", experience_id=made["id"]))


def test_a_link_shows_its_variation_and_nothing_else(world: World) -> None:
    token = world.token(variation_id=world.variations[1])
    answer = world.ask(token, Cookie="pitcairn_visitor=visitor-of-old")
    body = answer.json()
    assert answer.status == 200
    assert set(body) == {"preview", "decisions"}
    assert body["preview"] | {"expiresAt": 0} == {
        "experience": "Draft", "segment": "Secret small", "variation": "V1", "here": True, "expiresAt": 0,
        "as": [], "arrived": False, "selectors": ["h1"],
    }  # fmt: skip
    (decision,) = body["decisions"]
    assert decision["changes"] == [{"type": "text", "selector": "h1", "value": "Second way"}]
    assert (decision["reason"], decision["exposureId"]) == ("preview", "")
    # No cookie, no visitor, and nothing of what else there is.
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert not [word for word in ("visitorId", "What all", "Another", "gold", "employee") if word in json.dumps(body)]
    elsewhere = world.ask(token, "/about").json()
    assert (elsewhere["preview"]["here"], elsewhere["decisions"]) == (False, [])


def test_nobody_else_learns_of_the_draft(world: World) -> None:
    world.token(variation_id=world.variations[0])
    visitor = Visitor(world.site)
    assert "Second way" not in json.dumps(visitor.open("/pricing"))
    tag = world.site.server.request("GET", f"/tag/{WRITE_KEYS['website']}.js")
    assert b"/pricing" not in tag.body


def test_it_is_seen_as_a_person_whose_traits_stay_here(world: World) -> None:
    person = Visitor(world.site)
    user_id = unique("user-")
    traits = {"first_name": "Ada", "company": {"employee_count": 12}, "salary": 4711}
    person.identify(traits, user_id=user_id)
    as_person = world.ask(world.token(person=f"user_id:{user_id}")).json()
    assert (as_person["preview"]["segment"], as_person["preview"]["as"]) == ("Secret small", ["person"])
    assert as_person["decisions"][0]["changes"][0]["value"] == "Hello Ada of your team"
    assert not [word for word in ("4711", "salary", user_id, person.anonymous_id) if word in json.dumps(as_person)]
    # Nobody known is in none of the segments, and a variation that is named needs nobody.
    nobody = world.ask(world.token()).json()
    assert (nobody["preview"]["segment"], nobody["decisions"]) == ("", [])
    named = world.ask(world.token(variation_id=world.variations[2])).json()
    assert named["decisions"][0]["changes"][0]["value"] == "Hello you of your team"


def test_it_is_seen_as_an_account(world: World) -> None:
    group = {"userId": unique("u-"), "groupId": "acorn", "traits": {"name": "Acorn", "tier": "gold"}}
    message_id = unique("group-")
    world.site.server.send("/v1/group", {**group, "messageId": message_id})
    world.site.server.message(message_id)
    told = world.ask(world.token(account="acorn")).json()
    assert (told["preview"]["segment"], told["preview"]["as"]) == ("Secret gold", ["account"])
    assert told["decisions"][0]["changes"][0]["value"] == "Hello you of Acorn"


def test_every_type_is_shown_with_what_it_says_and_nothing_to_count(world: World) -> None:
    card = {"headline": 'For {{ account.name | default: "you" }}', "text": "Some text"}
    question = {"text": "How many?", "kind": "text", "trait": "size"}
    contents: dict[str, dict[str, Any]] = {
        "banner": {"text": "For you"},
        "modal": card,
        "side_pop": card,
        "survey": {"headline": "For you", "questions": [question], "thanks": "Thanks"},
        "redirect": {"url": "/there"},
    }
    for kind, content in contents.items():
        everybody = {"name": "Everybody", "condition": {"all": []}, "variations": [{"name": "V", "config": content}]}
        made = world.site.change("save", name=f"A {kind}", type=kind, page_url="*", segments=[everybody], draft=True)
        token = world.site.change("preview", experience_id=made["id"])["token"]
        body = world.ask(token, "/page?a=1").json()
        (decision,) = body["decisions"]
        assert (decision["type"], decision["reason"], decision["exposureId"]) == (kind, "preview", "")
        if kind == "redirect":
            assert decision["redirect"] == f"{ORIGIN}/there?a=1"
            assert body["preview"]["selectors"] == []
            arrived = world.ask(token, "/there?a=1").json()
            assert (arrived["preview"]["arrived"], arrived["decisions"]) == (True, [])
        else:
            assert "For you" in decision["config"].values()
            assert not body["preview"]["arrived"]


def test_an_edit_is_seen_at_once(world: World) -> None:
    segments = [segment("Everybody", {"all": []}, "Before")]
    made = world.site.change("save", name=unique("Edited "), page_url="*", segments=segments, draft=True)
    token = world.site.change("preview", experience_id=made["id"])["token"]
    assert "Before" in world.ask(token).json()["decisions"][0]["changes"][0]["value"]
    segments = [segment("Everybody", {"all": []}, "After")]
    world.site.change("save", name=unique("Edited "), page_url="*", segments=segments, experience_id=made["id"])
    assert "After" in world.ask(token).json()["decisions"][0]["changes"][0]["value"]


@pytest.mark.parametrize("cut", [0, 1, 20, 39])
def test_a_token_that_was_changed_opens_nothing(world: World, cut: int) -> None:
    token = world.token()
    forged = token[:cut] + ("B" if token[cut] == "A" else "A") + token[cut + 1 :]
    answer = world.ask(forged)
    assert (answer.status, answer.json()["code"]) == (403, "preview_unknown")


def test_what_opens_nothing_says_why(world: World) -> None:
    for odd in ("x", "é" * 40, "A" * 40, "A" * 4_000, "\0"):
        assert world.ask(odd).json()["code"] == "preview_unknown"
    old = world.ask(world.token(hours=1, hours_ago=2))
    assert (old.status, old.json()["code"]) == (403, "preview_expired")
    assert "expired" in old.json()["message"]
    made = world.site.change("preview", experience_id=world.draft)
    assert world.ask(made["token"]).status == 200
    assert world.site.change("revoke_preview", experience_id=world.draft, link_id=made["id"])
    assert world.ask(made["token"]).json()["code"] == "preview_revoked"
    assert not world.site.change("revoke_preview", experience_id=world.draft, link_id=made["id"])
    token = world.token()
    assert world.site.ask({"writeKey": "nobody", "url": ORIGIN, "preview": token}).status == 400
