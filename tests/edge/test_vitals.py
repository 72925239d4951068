"""Vitals over HTTP against a real server: what is taken, and what of it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import running
from edge.site import CHROME, ORIGIN, Site
from pitcairn.edge.vitals import MOST_PER_MINUTE
from server import WRITE_KEYS, Server, Template, wait_until

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
CHANGES = [{"type": "text", "selector": "h1.hero", "otherwise": ["main h1"], "value": "Made for you"}]
EVERYBODY = [{"name": "Everybody", "condition": {"all": []}, "variations": [{"changes": CHANGES}]}]


@pytest.fixture(scope="module")
def site(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("vitals")
    with Site(Server(template, folder, {"PITCAIRN_TRUSTED_PROXIES": "1"})) as site, running(site.server):
        yield site


class Tag:
    """Posts vitals as the tag does, each time from another address."""

    def __init__(self, site: Site, experience_id: int) -> None:
        self._site = site
        self._experience_id = experience_id
        self._addresses = iter(f"198.51.{high}.{low}" for high in range(256) for low in range(256))

    def experience(self, **changes: Any) -> dict[str, Any]:
        of_one = {
            "experienceId": self._experience_id, "variationId": 0, "hiddenMs": 30, "shift": 0.01, "late": False,
            "complete": True, "found": ["h1.hero"], "missing": [],
        }  # fmt: skip
        return {**of_one, **changes}

    def post(
        self,
        *experiences: dict[str, Any],
        source: str = "website",
        agent: str = CHROME,
        address: str = "",
        **changes: Any,
    ) -> tuple[int, str]:
        body = {
            "writeKey": WRITE_KEYS[source], "page": "acme.example/pricing", "share": 0.2, "lcpMs": 800,
            "experiences": list(experiences) or [self.experience()], **changes,
        }  # fmt: skip
        headers = {
            "Content-Type": "text/plain", "Origin": ORIGIN, "User-Agent": agent,
            "X-Forwarded-For": address or next(self._addresses),
        }  # fmt: skip
        answer = self._site.server.request("POST", "/v1/vitals", json.dumps(body).encode(), headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.status, answer.json().get("code", "")

    def kept(self) -> int:
        """How many rows of vitals there are when everything that was accepted is processed."""
        self._site.server.settle()
        tables = self._site.server.control("status", {})["eventStore"]["tables"]
        return int(tables["vitals"]["rows"])


@pytest.fixture(scope="module")
def tag(site: Site) -> Tag:
    made = site.change("save", name="pricing", page_url="/pricing", segments=EVERYBODY)["id"]
    tag = Tag(site, made)
    wait_until(lambda: (tag.post(), tag.kept())[1], "the experience to run")
    return tag


def test_they_are_taken_from_sources_that_personalize(site: Site, tag: Tag) -> None:
    before = tag.kept()
    assert tag.post() == (200, "")
    assert tag.post(source="unconnected") == (400, "unknown_write_key")
    for bad in (
        {"experiences": []},
        {"share": 0},
        {"experiences": [tag.experience(hiddenMs=-1)]},
        {"experiences": [tag.experience(found=["h1"] * 21)]},
        {"experiences": [tag.experience(missing=["x" * 501])]},
        {"experiences": [tag.experience()] * 51},
        {"page": "x" * 3000},
    ):
        assert tag.post(**bad) == (400, "invalid_request"), bad
    assert site.server.request("POST", "/v1/vitals", b"[" * 20_000).status == 400
    assert site.server.request("GET", "/v1/vitals").status == 405
    assert tag.kept() == before + 1


def test_only_what_is_about_experiences_that_run_there_is_kept(site: Site, tag: Tag) -> None:
    """Not of another page, of no experience or variation of ours, twice the same, or by a bot."""
    before = tag.kept()
    assert tag.post(page="acme.example/elsewhere") == (200, "")
    assert tag.post(tag.experience(experienceId=999_999)) == (200, "")
    assert tag.post(tag.experience(variationId=999_999)) == (200, "")
    assert tag.post(agent=BOT) == (200, "")
    assert tag.kept() == before
    assert tag.post(tag.experience(), tag.experience(), tag.experience(experienceId=999_999)) == (200, "")
    assert tag.kept() == before + 1


def test_one_address_is_heard_so_often_a_minute(tag: Tag) -> None:
    answers = [tag.post(address="203.0.113.7")[0] for _ in range(2 * MOST_PER_MINUTE + 1)]
    assert answers[:MOST_PER_MINUTE] == [200] * MOST_PER_MINUTE
    assert 429 in answers
    assert tag.post(address="203.0.113.8") == (200, "")
