"""Proven identity, against a real server: what is not public is said to the person whose it is, and to nobody else.

Anybody can send any call with a write key that stands in a page. So every test here is an attempt, and the texts say whether it
got something: `plan` is not public, `first_name` is.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from conftest import running
from edge.site import ORIGIN, Site, Visitor
from edge.test_tokens import token_of
from pitcairn.profiles.proofs import PROOF_MS, proven_label, user_label, written_proof
from server import WRITE_KEYS, Answer, Server, Template, unique, wait_until

SAID = '{{ traits.first_name | default: "you" }}: {{ traits.plan | default: "unknown" }}'
EVERYBODY: dict[str, Any] = {"all": []}


@dataclass
class World:
    site: Site
    secret: str

    def ask(self, who: Visitor, token: str = "", *, path: str = "/", **body: Any) -> Answer:
        given = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}{path}", "anonymousId": who.anonymous_id, **body}
        answer = self.site.ask(given | ({"identity": token} if token else {}), headers={"Origin": ORIGIN})
        assert answer.status == 200, answer
        assert answer.headers["cache-control"] == "no-store"
        return answer

    def said(self, who: Visitor, token: str = "", **body: Any) -> str:
        """What the page says to them."""
        (decision,) = self.ask(who, token, **body).json()["decisions"]
        text: str = decision["changes"][0]["value"]
        return text

    def token(self, user_id: str, *, secret: str = "", **claims: Any) -> str:
        """Signed now; claims that are None are left out."""
        now = int(time.time())
        given = {"sub": user_id, "iat": now, "exp": now + 300, **claims}
        return jwt.encode(
            {name: value for name, value in given.items() if value is not None}, secret or self.secret, "HS256"
        )

    def person(self, name: str, **traits: Any) -> tuple[Visitor, str]:
        """Somebody who has signed in on a browser of theirs; and their user id."""
        who, user_id = Visitor(self.site), unique(f"{name.lower()}-")
        who.identify({"first_name": name, "plan": f"{name}'s plan", **traits}, user_id=user_id)
        return who, user_id

    def link(self, who: Visitor, user_id: str, *, source: str = "tokens") -> None:
        """A server says that this browser is this user."""
        headers = {"Authorization": f"Bearer {token_of(self.site.server)}"} if source == "tokens" else {}
        message_id = unique("link-")
        call = {"anonymousId": who.anonymous_id, "userId": user_id, "messageId": message_id}
        self.site.server.send("/v1/identify", call, source=source, headers=headers)
        self.site.server.message(message_id)


@pytest.fixture(scope="module")
def world(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Site(Server(template, tmp_path_factory.mktemp("proofs"))) as site:
        site.change("say", traits=["traits.first_name"])
        secret = site.change("identity_secret")
        site.change("prove", proves=True)
        changes = [{"type": "text", "selector": "h1", "value": SAID}]
        one = {"name": "Everybody", "condition": EVERYBODY, "variations": [{"changes": changes}]}
        site.change("save", name="Hello", page_url="/", control_share=0.0, segments=[one])
        banner = {**one, "variations": [{"config": {"text": SAID}}]}
        site.change("save", name="Banner", type="banner", page_url="/banner", control_share=0.0, segments=[banner])
        with running(site.server):
            yield World(site, secret)


# ── A token of the website's server ──────────────────────────────────────────────────────────────────────────────────


def test_a_token_has_what_is_theirs_said_and_nothing_is_said_without(world: World) -> None:
    who, user_id = world.person("Ada")
    assert world.said(who) == "Ada: unknown"
    answer = world.ask(who, world.token(user_id)).json()
    assert answer["identity"] == "proven"
    assert answer["decisions"][0]["changes"][0]["value"] == "Ada: Ada's plan"
    (banner,) = world.ask(who, world.token(user_id), path="/banner").json()["decisions"]
    assert banner["config"]["text"] == "Ada: Ada's plan"
    # The answer before said nothing of it, and the next one does not either.
    assert world.said(who) == "Ada: unknown"
    assert "identity" not in world.ask(who).json()


def test_on_another_device_it_is_said_once_they_are_known_there(world: World) -> None:
    _, user_id = world.person("Ada")
    phone = Visitor(world.site)
    assert world.said(phone, world.token(user_id)) == "you: unknown"
    phone.identify({}, user_id=user_id)
    assert world.said(phone, world.token(user_id)) == "Ada: Ada's plan"


def _unsigned(claims: dict[str, Any], header: dict[str, Any], secret: str = "") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret.encode(), b".".join(parts), "sha256") if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_what_is_no_proof_is_none(world: World) -> None:
    who, user_id = world.person("Ada")
    now = int(time.time())
    good = {"sub": user_id, "iat": now, "exp": now + 300}
    head, claims, code = world.token(user_id).split(".")
    other = world.site.change("identity_secret", source="unconnected")
    attempts = {
        "token_expired": [world.token(user_id, iat=now - 400, exp=now - 100)],
        "token_claims": [
            world.token(user_id, exp=None),
            world.token(user_id, iat=None),
            world.token(user_id, sub=None),
            world.token(user_id, exp=now + 24 * 3600),
            world.token(user_id, iat=now + 600, exp=now + 900),
            world.token(user_id, exp=now - 1, iat=now),
            world.token(""),
            world.token("x" * 501),
            world.token(user_id + "\0"),
            _unsigned({**good, "sub": 5}, {"alg": "HS256"}, world.secret),
            _unsigned({**good, "exp": now + 300.5}, {"alg": "HS256"}, world.secret),
        ],
        "token_invalid": [
            _unsigned(good, {"alg": "none"}),
            _unsigned(good, {"alg": "None", "typ": "JWT"}, world.secret),
            _unsigned(good, {"alg": "HS512"}, world.secret),
            _unsigned(good, {"typ": "JWT"}, world.secret),
            world.token(user_id, secret="0" * 43),
            world.token(user_id, secret=other),  # Of another source: another workspace's is no other.
            world.token(user_id, secret=WRITE_KEYS["website"] + "0" * 32),
            f"{head}.{claims}.{code[:-2]}",
            f"{head}.{claims}.",
            f"{head}.{claims}",
            f"{head}..{code}",
            f"{head}.{claims}.{code}" + "." * 3,
            "x",
            "\0",
            "é" * 100,
            base64.urlsafe_b64encode(b"[" * 1_400).decode().rstrip("=") + ".e30.e30",
            f"{head}.{claims}.{code}" + "A" * 5_000,
        ],
    }
    for state, tokens in attempts.items():
        for token in tokens:
            answer = world.ask(who, token).json()
            assert answer["identity"] == state, token[:80]
            assert answer["decisions"][0]["changes"][0]["value"] == "Ada: unknown", token[:80]


def test_a_website_without_a_secret_believes_nobody(world: World) -> None:
    who, user_id = world.person("Ada")
    told = world.ask(who, world.token(user_id), writeKey=WRITE_KEYS["app"]).json()
    assert told["identity"] == "unchecked"


def test_a_new_secret_and_the_one_before(world: World) -> None:
    who, user_id = world.person("Ada")
    before, world.secret = world.secret, world.site.change("identity_secret")
    wait_until(lambda: world.said(who, world.token(user_id)) == "Ada: Ada's plan", "the new secret")
    assert world.said(who, world.token(user_id, secret=before)) == "Ada: Ada's plan"
    world.site.change("end_identity_secret")
    wait_until(lambda: world.said(who, world.token(user_id, secret=before)) == "Ada: unknown", "the end of the old one")
    assert world.said(who, world.token(user_id)) == "Ada: Ada's plan"


# ── Who claims to be somebody else ───────────────────────────────────────────────────────────────────────────────────


def test_a_browser_that_claims_to_be_somebody_else_learns_nothing(world: World) -> None:
    """With nothing, with a token of its own user, and with either before the claim or after it."""
    _, victim = world.person("Vera")
    mallory, own = world.person("Mallory")
    stranger = Visitor(world.site)
    stranger.identify({}, user_id=victim)
    # What is public is said to whoever claims it: the browser stands in the victim's profile now.
    assert world.said(stranger) == "Vera: unknown"
    assert world.said(stranger, world.token(own)) == "Vera: unknown"
    mallory.identify({}, user_id=victim)
    assert "Vera's" not in world.said(mallory, world.token(own))
    assert "Vera's" not in world.said(mallory)


def test_a_merge_that_a_browser_brings_about_gives_nothing_away(world: World) -> None:
    """Somebody proven says that an email address is theirs, and so has the profile behind it joined to their own."""
    email = f"{unique('vera-')}@acme.example"
    vera = Visitor(world.site)
    vera.identify({"first_name": "Vera", "plan": "Vera's plan", "email": email})
    mallory, own = Visitor(world.site), unique("mallory-")
    mallory.identify({"email": email}, user_id=own)
    assert world.said(mallory, world.token(own)) == "Vera: unknown", "it was no merge, or told too much"
    # What their own calls say stays theirs, and is said.
    mallory.identify({"plan": "Mallory's plan"}, user_id=own)
    assert world.said(mallory, world.token(own)) == "Vera: Mallory's plan"
    # What comes later to the address is not theirs either.
    vera.identify({"plan": "Vera's next plan", "email": email})
    assert world.said(mallory, world.token(own)) == "Vera: unknown"


def test_of_two_users_in_one_profile_each_hears_their_own(world: World) -> None:
    """A member joined two people, or the rules allow two user ids."""
    ada, first = world.person("Ada")
    eve = Visitor(world.site)
    second = unique("eve-")
    eve.identify({"first_name": "Eve", "plan": "Eve's plan"}, user_id=second)
    assert world.said(ada, world.token(second)) == "Ada: unknown"
    assert world.said(eve, world.token(first)) == "Eve: unknown"


# ── A server that said so ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_has_to_prove_itself_proves_a_browser(world: World) -> None:
    _, user_id = world.person("Ada")
    browser = Visitor(world.site)
    browser.identify({}, user_id=user_id)
    assert world.said(browser) == "Ada: unknown"
    world.link(browser, user_id)
    assert world.said(browser) == "Ada: Ada's plan"
    # Another browser of theirs is another matter, and so is one that only shows a cookie.
    phone = Visitor(world.site)
    phone.identify({}, user_id=user_id)
    assert world.said(phone) == "Ada: unknown"
    body = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/"}
    headers = {"Origin": "https://evil.example", "Cookie": f"pitcairn_visitor={browser.anonymous_id}"}
    (decision,) = world.site.ask(body, headers=headers).json()["decisions"]
    assert decision["changes"][0]["value"] == "Ada: unknown"
    # A token that proves nobody does not stand in the way of what the server proved; one of somebody else does.
    _, other = world.person("Eve")
    assert world.said(browser, world.token(other)) == "Ada: unknown"


@pytest.mark.parametrize("source", ["website", "backend"])
def test_whoever_has_a_write_key_proves_nothing(world: World, source: str) -> None:
    _, user_id = world.person("Ada")
    browser = Visitor(world.site)
    world.link(browser, user_id, source=source)
    assert world.said(browser) == "Ada: unknown"


def test_a_browser_that_says_it_is_somebody_else_is_proven_no_more(world: World) -> None:
    browser, user_id = world.person("Ada")
    _, victim = world.person("Vera")
    world.link(browser, user_id)
    assert world.said(browser) == "Ada: Ada's plan"
    browser.identify({}, user_id=user_id)
    assert world.said(browser) == "Ada: Ada's plan", "their own word ended it"
    browser.identify({}, user_id=victim)
    assert world.said(browser) == "Ada: unknown"
    world.link(browser, user_id)
    assert world.said(browser) == "Ada: Ada's plan"
    # A server cannot be made to link a browser to a profile that the rules of identity keep from it.
    world.link(browser, victim)
    assert "plan" not in world.said(browser)


def test_a_server_whose_word_is_no_proof_any_more(world: World) -> None:
    browser, user_id = world.person("Ada")
    world.site.change("prove", proves=False)
    try:
        world.link(browser, user_id)
        assert world.said(browser) == "Ada: unknown"
    finally:
        world.site.change("prove", proves=True)


def test_what_a_server_proved_holds_for_a_week() -> None:
    label = user_label(b"secret", "user")
    proof = written_proof(label, 1_000)
    assert (proven_label(proof, 1_000), proven_label(proof, 999 + PROOF_MS)) == (label, label)
    assert (proven_label(proof, 1_000 + PROOF_MS), proven_label(proof, 999), proven_label("", 1_000)) == (0, 0, 0)
    assert len({label, user_label(b"other secret", "user"), user_label(b"secret", "user2"), 0}) == 4
    assert len(written_proof(2**48 - 1, 10**13)) <= 40
