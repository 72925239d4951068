"""What a visitor's browser receives, all of it recorded: nothing that is not theirs, and nothing that runs.

On a page of a real website, with the real server, and without a policy that would keep an injected script from running.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browser.conftest import Complaints
from browser.tag.servers import BUILT, OWN_PATH, Answer, Asked, served
from conftest import running
from edge.site import Site, Visitor
from server import WRITE_KEYS, Server, Template, unique, wait_until

ATTACK = "<img src=x onerror='window.ran=1'><script>window.ran=1</script>\"onmouseover='window.ran=1' x="
EVERYBODY: dict[str, Any] = {"all": []}
BODY = "<h1>Original</h1><p id=plan>Plan</p><p id=titled>Titled</p><a id=link href=/plain>Link</a>"
SECRETS = {
    "segment": "Secret segment of large accounts",
    "trait": "secret_annual_revenue",
    "draft": "Draft that nobody may know of",
    "list": "secret_list_of_targets",
    "campaign": "secret-campaign",
    "other": "Plan of somebody else",
}


@dataclass
class World:
    site: Site
    secret: str
    url: str = ""
    identity: str = ""
    """The token that the website's server puts into its pages."""
    received: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Answer | None:
        if asked.path == "/shim.js":
            return Answer((BUILT / "shim.js").read_bytes(), headers={"content-type": "text/javascript"})
        if asked.path.startswith(f"{OWN_PATH}/"):
            return self._pitcairn(asked)
        token = f' data-identity-token="{self.identity}"' if self.identity else ""
        shim = f'<script src="/shim.js" data-pitcairn-host="{OWN_PATH}" data-write-key="{WRITE_KEYS["website"]}"'
        page = f"<!doctype html><title>Page</title>{shim}{token}></script>{BODY}"
        headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
        return Answer(page.encode(), headers=headers) if "." not in asked.path.split("?")[0] else Answer(status=404)

    def _pitcairn(self, asked: Asked) -> Answer:
        """Pitcairn under a path of the website's own, so that all it answers is recorded."""
        headers = {"Origin": asked.origin, "Cookie": asked.cookie, "Content-Type": "text/plain"}
        answer = self.site.server.request(asked.method, asked.path.removeprefix(OWN_PATH), asked.body, headers)
        self.received.append(f"{asked.path} {answer.headers} {answer.body.decode()}")
        kept = ("content-type", "set-cookie", "cache-control")
        return Answer(
            answer.body, answer.status, {name: answer.headers[name] for name in kept if name in answer.headers}
        )

    def told(self, text: str) -> None:
        """Waits until an Identify call that holds this text has done what it does."""
        wait_until(lambda: self.site.server.events(search=text, type="identify")["messages"], f"a call with {text!r}")


def segments(*changes: dict[str, Any], name: str = "Everybody", condition: Any = EVERYBODY) -> list[dict[str, Any]]:
    return [{"name": name, "condition": condition, "variations": [{"changes": list(changes)}]}]


@pytest.fixture(scope="module")
def world(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Site(Server(template, tmp_path_factory.mktemp("leaks"))) as site:
        site.change("say", traits=["traits.remark"])
        secret = site.change("identity_secret")
        said = "{{ traits.remark }}"
        changes = [
            {"type": "html", "selector": "h1", "value": f"<b>Said: {said}</b>"},
            {"type": "html", "selector": "#titled", "value": f"<i title='{said}'>Titled</i>"},
            {"type": "attribute", "selector": "#link", "name": "href", "value": said},
            {"type": "text", "selector": "#plan", "value": 'Your plan: {{ traits.plan | default: "none" }}'},
        ]
        site.change("save", name="Hello", page_url="*", control_share=0.0, segments=segments(*changes))
        question = {"text": "A remark?", "kind": "text", "trait": "remark", "required": True}
        survey = {"headline": "Hello", "questions": [question], "thanks": "Thank you"}
        everybody = {"name": "Everybody", "condition": EVERYBODY, "variations": [{"config": survey}]}
        site.change("save", name="Asked", type="survey", page_url="/survey", control_share=0.0, segments=[everybody])
        hidden = {"type": "text", "selector": "#plan", "value": "For others"}
        conditions = {"any": [
            {"fact": "trait", "name": SECRETS["trait"], "operator": "at_least", "value": 12_345_678},
            {"fact": "utm", "name": "source", "operator": "equals", "value": SECRETS["campaign"]},
            {"fact": "audience", "name": SECRETS["list"], "operator": "equals", "value": True},
        ]}  # fmt: skip
        for one, more in (("Targeted", {}), (SECRETS["draft"], {"draft": True})):
            parts = segments(hidden, name=SECRETS["segment"], condition=conditions)
            site.change("save", name=one, page_url="*", segments=parts, **more)
        with running(site.server):
            world = World(site, secret)
            with served(world.answer) as world.url:
                yield world


@pytest.fixture
def page(world: World, context: BrowserContext) -> Page:
    world.received.clear()
    world.identity = ""
    return context.new_page()


def visitor_of(page: Page, world: World) -> Visitor:
    id_of = next(one["value"] for one in page.context.cookies() if one["name"] == "ajs_anonymous_id")
    return Visitor(world.site, id_of)


def opened(page: Page, world: World, path: str = "/") -> None:
    page.goto(world.url + path)
    expect(page.locator("h1 b")).to_have_count(1)


def test_what_others_wrote_does_not_run(world: World, page: Page, complaints: Complaints) -> None:
    """By a trait that the page sends, by a survey's answer, and by the address."""
    page.goto(f"{world.url}/survey?utm_source={quote(ATTACK)}&utm_campaign={quote(ATTACK)}#{quote(ATTACK)}")
    page.get_by_label("A remark?").fill(f"Answer {ATTACK}")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    world.told("Answer <img")
    opened(page, world, f"/?utm_source={quote(ATTACK)}")
    expect(page.locator("h1 b")).to_contain_text("Said: Answer <img")
    page.evaluate("remark => window.mutiny.client.identify({ remark })", f"Trait {ATTACK}")
    world.told("Trait <img")
    opened(page, world)
    expect(page.locator("h1 b")).to_contain_text("Said: Trait <img")
    # It is there as text, and made nothing: no element, no handler, and an address that is none of it.
    assert page.locator("h1 b *").count() == 0
    assert page.locator("[onmouseover], [onerror]").count() == 0
    assert page.locator("#titled i").evaluate("one => one.getAttributeNames()") == ["title"]
    page.evaluate("window.mutiny.client.identify({ remark: 'javascript:window.ran=1' })")
    world.told("javascript:window.ran")
    opened(page, world)
    expect(page.locator("h1 b")).to_contain_text("Said: javascript:")
    assert not (page.locator("#link").get_attribute("href") or "").startswith("javascript")
    page.locator("h1 b").hover()
    page.locator("#link").click()
    assert page.evaluate("window.ran") is None
    assert not complaints.thrown


def test_what_is_received_holds_nothing_that_is_not_theirs(world: World, page: Page) -> None:
    """Everything that comes from the server, by a stranger and by somebody whose identity is proven."""
    other = Visitor(world.site)
    other_id, user_id = unique("other-"), unique("user-")
    other.identify({"plan": SECRETS["other"], SECRETS["trait"]: 99_999_999, "remark": "Theirs"}, user_id=other_id)
    page.goto(f"{world.url}/?utm_source=x")
    expect(page.locator("#plan")).to_have_text("Your plan: none")
    visitor_of(page, world).identify({"plan": "A plan of mine", SECRETS["trait"]: 1_234}, user_id=user_id)
    opened(page, world)
    expect(page.locator("#plan")).to_have_text("Your plan: none")
    assert "A plan of mine" not in "".join(world.received)
    # Proven, it is said: by the token of the website's server, from the first frame of the page on.
    now = int(time.time())
    world.identity = jwt.encode({"sub": user_id, "iat": now, "exp": now + 300}, world.secret, "HS256")
    page.goto(world.url)
    expect(page.locator("#plan")).to_have_text("Your plan: A plan of mine")
    # Somebody else's token shows neither's; and what they claim to be is not believed.
    world.identity = jwt.encode({"sub": other_id, "iat": now, "exp": now + 300}, world.secret, "HS256")
    page.goto(world.url)
    expect(page.locator("#plan")).to_have_text("Your plan: none")
    received = "\n".join(world.received)
    assert "/tag/" in received
    assert '"decisions"' in received
    forbidden = [
        *SECRETS.values(),
        "12345678",
        "99999999",
        "1234,",
        world.secret,
        other_id,
        other.anonymous_id,
        "Theirs",
        "at_least",
    ]
    for word in forbidden:
        assert word not in received, word
    assert world.identity not in received


def test_a_token_given_to_identify_is_kept_for_the_tab_and_told_to_nobody_else(world: World, page: Page) -> None:
    user_id = unique("user-")
    page.goto(world.url)
    expect(page.locator("h1 b")).to_have_count(1)
    now = int(time.time())
    token = jwt.encode({"sub": user_id, "iat": now, "exp": now + 300}, world.secret, "HS256")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.evaluate(
        "([user, token]) => window.mutiny.client.identify(user, { plan: 'A plan of mine' }, { token })",
        [user_id, token],
    )

    world.told(user_id)
    opened(page, world)
    expect(page.locator("#plan")).to_have_text("Your plan: A plan of mine")
    assert {one.split()[0] for one in sent if token in one} == {f"{world.url}{OWN_PATH}/v1/decide"}
    assert token not in page.url
    # They sign out: who is there next is not them.
    page.evaluate("user => window.mutiny.client.identify(user, {})", unique("next-"))
    page.goto(world.url)
    expect(page.locator("#plan")).to_have_text("Your plan: none")
    assert page.evaluate("sessionStorage.pitcairn_identity") is None
