"""Audiences in a real server: from a call to the next page view, with nobody pushing the engine along."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from edge.site import Site, Visitor
from engage.world import did, member_of, within
from server import WORKSPACE, Server, Template, running, unique

TEXT = {"type": "text", "selector": "h1.hero", "value": "Welcome back"}


@pytest.fixture(scope="module")
def site(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(Server(template, tmp_path_factory.mktemp("engage"))) as site:
        _add(site, "Buyers", "--condition", json.dumps(did("Order Completed", window=within(30, "days"))))
        site.change(
            "save", name="Back", page_url="/", control_share=0.0,
            segments=[{"name": "Buyers", "condition": member_of("buyers"), "variations": [{"changes": [TEXT]}]}],
        )  # fmt: skip
        trait = {"fact": "trait", "name": "lookers", "operator": "equals", "value": True}
        _add(site, "Lookers", "--condition", json.dumps(did("Looked")), "--destination", "Mutiny")
        site.change(
            "save", name="Look", page_url="/look", control_share=0.0,
            segments=[{"name": "Lookers", "condition": trait, "variations": [{"changes": [TEXT]}]}],
        )  # fmt: skip
        with running(site.server):
            yield site


def _add(site: Site, *words: str) -> None:
    site.server.run("audience", "add", *words, "--workspace", WORKSPACE)


@pytest.mark.parametrize(("event", "path"), [("Order Completed", "/"), ("Looked", "/look")])
def test_a_call_changes_the_next_page_view(site: Site, event: str, path: str) -> None:
    visitor, other = Visitor(site), Visitor(site)
    visitor.identify({}, user_id=unique("buyer-"))
    assert visitor.open(path) == []
    site.server.send("/v1/track", {"event": event, "anonymousId": visitor.anonymous_id, "messageId": unique("order-")})
    (decision,) = site.server.wait_until(lambda: visitor.open(path), "the decision for members")
    assert decision["personalized"] is True
    assert other.open(path) == []


def test_the_command_line_shows_the_audience_and_its_people(site: Site) -> None:
    visitor, user_id = Visitor(site), unique("shown-")
    visitor.identify({}, user_id=user_id)
    site.server.send(
        "/v1/track", {"event": "Order Completed", "anonymousId": visitor.anonymous_id, "messageId": unique("order-")}
    )
    site.server.wait_until(lambda: visitor.open("/"), "the decision for members")
    shown = site.server.run("audience", "show", "buyers", "--workspace", WORKSPACE)
    assert (shown["name"], shown["status"], shown["size"] > 0) == ("Buyers", "live", True)
    (membership,) = site.server.profile(f"user_id:{user_id}")["memberships"]
    assert (membership["key"], membership["value"]) == ("buyers", True)
