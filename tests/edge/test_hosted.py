"""What `/p/…` answers on a real server: the page for its recipient, and the same nothing for everybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conftest import running
from edge.site import CHROME, Site, Visitor
from server import WRITE_KEYS, Answer, Server, Template, unique

HELLO = {
    "type": "hero",
    "eyebrow": 'For {{ account.name | default: "your team" }}',
    "title": 'Hello {{ traits.first_name | default: "you" }}',
    "button_label": "Go",
    "button_url": "https://acme.example/go?name={{ traits.first_name | url_encode }}",
}
PREVIEW_BOT = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"


@dataclass
class World:
    site: Site
    page: int

    def get(self, path: str, agent: str = CHROME, method: str = "GET") -> Answer:
        return self.site.server.request(method, path, headers={"User-Agent": agent, "Accept-Encoding": "identity"})

    def person(self, **traits: Any) -> str:
        user_id = unique("user-")
        Visitor(self.site).identify(traits, user_id=user_id)
        return user_id

    def link(self, recipient: str, page: int | None = None, **given: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.site.change("hosted_link", page_id=page or self.page, recipient=recipient, **given)
        return made

    def act(self, what: str, page: int, **given: Any) -> None:
        self.site.change("hosted_act", what=what, page_id=page, **given)


@pytest.fixture(scope="module")
def world(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Site(Server(template, tmp_path_factory.mktemp("hosted"))) as site:
        page = site.change("hosted", slug="hello", blocks=[HELLO], name="Secret plan")
        with running(site.server):
            yield World(site, page)


def test_the_page_speaks_to_its_recipient_and_says_nothing_else_of_them(world: World) -> None:
    user_id = world.person(first_name="Ada", salary=4711)
    answer = world.get(world.link(f"user_id:{user_id}")["path"])
    html = answer.body.decode()
    assert answer.status == 200
    assert "<h1>Hello Ada</h1>" in html
    assert "For your team" in html
    assert 'href="https://acme.example/go?name=Ada"' in html
    assert not [word for word in ("4711", "salary", user_id) if word in html]
    # Opening it makes nobody known as anybody.
    assert "set-cookie" not in answer.headers


def test_it_is_kept_to_itself(world: World) -> None:
    headers = world.get(world.link(f"user_id:{world.person(first_name='Bo')}")["path"]).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_everything_that_opens_nothing_answers_the_same(world: World) -> None:
    recipient = f"user_id:{world.person(first_name='Cy')}"
    draft = world.site.change("hosted", slug=unique("draft-"), blocks=[HELLO], draft=True)
    archived = world.site.change("hosted", slug=unique("archived-"), blocks=[HELLO])
    in_archived = world.link(recipient, archived)["path"]
    assert world.get(in_archived).status == 200
    world.act("archive", archived)
    revoked = world.link(recipient)
    assert world.get(revoked["path"]).status == 200
    world.act("revoke", world.page, link_id=revoked["id"])
    good = world.link(recipient)["path"]
    other_page = world.site.change("hosted", slug=unique("other-"), blocks=[HELLO])
    other_slug = world.link(recipient, other_page)["path"].split("/")[2]
    paths = [
        revoked["path"],
        world.link(recipient, world.site.change("hosted", slug=unique("old-"), blocks=[HELLO]), days=7, days_ago=8)[
            "path"
        ],
        world.link(recipient, draft)["path"],
        in_archived,
        good.replace("/hello/", f"/{other_slug}/"),  # A token opens its own page alone.
        "/p/hello/AAAAAAAAAAAAAAAAAAAAAAAA",
        "/p/hello/1",
        "/p/hello/x/y",
        "/p/nothing-here/AAAAAAAAAAAAAAAAAAAAAAAA",
        "/p/hello",  # The general link is off.
    ]
    answers = [world.get(path) for path in paths]
    assert {one.status for one in answers} == {404}
    # The way to the stylesheet is as long as the path is deep; nothing else differs.
    assert len({re.sub(rb"(\.\./)*-/", b"", one.body) for one in answers}) == 1
    said = [
        {name: value for name, value in one.headers.items() if name not in {"date", "content-length"}}
        for one in answers
    ]
    assert all(one == said[0] for one in said)
    assert b"hello" not in answers[0].body
    assert world.get(good).status == 200


def test_tokens_tell_nothing_and_follow_no_order(world: World) -> None:
    people = [f"user_id:{world.person(first_name='Di')}" for _ in range(3)]
    tokens = [world.link(one)["path"].split("/")[3] for one in people]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24}", token) for token in tokens)
    assert len({token[:4] for token in tokens}) == len({token[-4:] for token in tokens}) == 3


def test_a_script_in_a_trait_is_read_and_does_not_run(world: World) -> None:
    evil = "<script>alert(1)</script>"
    page = world.site.change(
        "hosted",
        slug=unique("evil-"),
        title="{{ traits.first_name }}",
        blocks=[HELLO, {"type": "points", "items": "{{ traits.first_name }} | {{ traits.quoted }}"}],
    )
    user_id = world.person(first_name=evil, quoted='" onmouseover="alert(1)')
    html = world.get(world.link(f"user_id:{user_id}", page)["path"]).body.decode()
    assert html.count("<script") == 1  # Our own.
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'onmouseover="' not in html
    assert 'href="https://acme.example/go?name=%3Cscript%3Ealert%281%29%3C%2Fscript%3E"' in html


def test_a_trait_leads_the_reader_nowhere_else(world: World) -> None:
    blocks = [{**HELLO, "button_url": "https://acme.example/{{ traits.first_name }}"}]
    page = world.site.change("hosted", slug=unique("away-"), blocks=blocks)
    for value, href in (
        ("@evil.example/", "https://acme.example/@evil.example/"),
        ("javascript:alert(1)", "https://acme.example/javascript:alert(1)"),
        ('"><b>', "https://acme.example/%22%3E%3Cb%3E"),
    ):
        html = world.get(world.link(f"user_id:{world.person(first_name=value)}", page)["path"]).body.decode()
        assert re.findall(r'<a class="button" href="([^"]*)"', html) == [href]


def test_an_account_and_what_is_edited(world: World) -> None:
    message_id = unique("group-")
    call = {"userId": unique("u-"), "groupId": "acorn", "traits": {"name": "Acorn & Sons"}, "messageId": message_id}
    world.site.server.send("/v1/group", call)
    world.site.server.message(message_id)
    page = world.site.change("hosted", slug=unique("edited-"), blocks=[HELLO])
    path = world.link("group_id:acorn", page)["path"]
    assert "For Acorn &amp; Sons" in world.get(path).body.decode()
    world.site.change("hosted_edit", page_id=page, blocks=[{"type": "text", "title": "Anew", "text": "One.\n\nTwo."}])
    assert "<h1>Anew</h1>" in world.get(path).body.decode()
    assert "<p>One.</p><p>Two.</p>" in world.get(path).body.decode()


def test_another_workspace_has_nobody_of_this_one(world: World) -> None:
    user_id = world.person(first_name="Eve")
    elsewhere = world.site.change("hosted", slug=unique("elsewhere-"), blocks=[HELLO], elsewhere=True)
    assert world.get(world.link(f"user_id:{user_id}")["path"]).status == 200
    answer = world.site.change("hosted_refused", page_id=elsewhere, recipient=f"user_id:{user_id}")
    assert "nobody is known as" in answer


def test_the_general_link_knows_nobody(world: World) -> None:
    slug = unique("all-")
    page = world.site.change("hosted", slug=slug, blocks=[HELLO], indexed=True)
    assert world.get(f"/p/{slug}").status == 404
    world.act("general", page, on=True)
    answer = world.get(f"/p/{slug}")
    assert "<h1>Hello you</h1>" in answer.body.decode()
    assert "x-robots-tag" not in answer.headers
    assert b'name="robots"' not in answer.body
    personal = world.get(world.link(f"user_id:{world.person(first_name='Flo')}", page)["path"])
    assert personal.headers["x-robots-tag"] == "noindex, nofollow"
    assert b'name="robots" content="noindex, nofollow"' in personal.body


def test_what_counts_names_the_link_without_giving_it_away_and_leaves_bots_out(world: World) -> None:
    path = world.link(f"user_id:{world.person(first_name='Gil')}")["path"]
    token = path.rpartition("/")[2]
    html = world.get(path).body.decode()
    (script,) = re.findall(r"<script src=\"(\S+)\" defer ([^>]*)></script>", html)
    said = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', script[1]))
    assert said["write-key"] == WRITE_KEYS["website"]
    assert said["path"] == "/p/hello"
    assert re.fullmatch(r"[0-9a-f]{24}", said["link"])
    assert token not in html
    assert "<script" not in world.get(path, PREVIEW_BOT).body.decode()
    files = [script[0], *re.findall(r'<link rel="stylesheet" href="(\S+)">', html)]
    assert len(files) == 3
    for file in files:
        answer = world.get(f"/p/hello/{file}".replace("/p/hello/../", "/p/"))
        assert answer.status == 200, file
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert world.get("/p/-/theme/zzzzzz-sans.css").status == 404
    assert world.get("/p/-/..%2f..%2fmodels.py").status == 404


def test_heads_and_other_methods(world: World) -> None:
    path = world.link(f"user_id:{world.person(first_name='Hal')}")["path"]
    head = world.get(path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == len(world.get(path).body)
    assert world.get(path, method="POST").status == 405


def test_a_person_who_was_deleted_has_no_page(world: World) -> None:
    user_id = world.person(first_name="Ida")
    path = world.link(f"user_id:{user_id}")["path"]
    assert world.get(path).status == 200
    world.site.change("forget", user_id=user_id)
    world.site.server.wait_until(lambda: world.get(path).status == 404, "The page of the deleted person to go")


def test_decisions_know_nothing_of_it(world: World) -> None:
    """Whoever opened a personal link is not its recipient to the website."""
    world.site.change("say", traits=["traits.first_name"])
    text = "Dear {{ traits.first_name | default: 'visitor' }}"
    change = {"type": "text", "selector": "h1", "value": text}
    segments = [{"name": "All", "condition": {"all": []}, "variations": [{"changes": [change]}]}]
    world.site.change("save", name="Greeting", page_url="*", control_share=0.0, segments=segments)
    visitor = Visitor(world.site)
    world.get(world.link(f"user_id:{world.person(first_name='Jo')}")["path"])
    (decision,) = world.site.server.wait_until(lambda: visitor.open("/"), "A decision")
    assert "Dear visitor" in json.dumps(decision)
