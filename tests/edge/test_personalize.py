"""Decide, over HTTP against a real server: who gets what, what stays, and what must never be told."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import running
from edge.site import ORIGIN, Site, Visitor
from server import WRITE_KEYS, Server, Template, unique, wait_until

SIZE = {"fact": "trait", "name": "company.employee_count", "operator": "less_than", "value": 200}
TEXTS = {
    "small": "Headline for small companies",
    "large": "Headline for large companies",
    "half": "Headline for half of them",
    "draft": "Headline nobody may know of yet",
    "search": "Headline for those who searched",
}


def segment(name: str, condition: dict[str, Any]) -> dict[str, Any]:
    changes = [{"type": "text", "selector": "h1.hero", "value": TEXTS[name]}]
    return {"name": f"segment-{name}", "condition": condition, "variations": [{"changes": changes}]}


LARGE = {"fact": "trait", "name": "company.employee_count", "operator": "at_least", "value": 200}
SEARCH = {"fact": "utm", "name": "source", "operator": "equals", "value": "secret-campaign"}
EXPERIENCES: dict[str, dict[str, Any]] = {
    "home": {"page_url": "/", "control_share": 0.0, "segments": [segment("small", SIZE), segment("large", LARGE)]},
    "pricing": {"page_url": "/pricing", "control_share": 0.5, "segments": [segment("half", {"all": []})]},
    "landing": {"page_url": "/landing", "control_share": 0.0, "segments": [segment("search", SEARCH)]},
    "draft": {"page_url": "/", "control_share": 0.0, "segments": [segment("draft", {"all": []})], "draft": True},
}


@pytest.fixture(scope="module")
def site(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(Server(template, tmp_path_factory.mktemp("personalize"))) as site:
        for name, fields in EXPERIENCES.items():
            site.change("save", name=name, **fields)
        with running(site.server):
            yield site


@pytest.fixture
def visitor(site: Site) -> Visitor:
    return Visitor(site)


SMALL_COMPANY = {"company": {"employee_count": 12}}


# ── The visitor id ───────────────────────────────────────────────────────────────────────────────────────────────────


def asked(site: Site, *, headers: dict[str, str] | None = None, **body: Any) -> tuple[str, str]:
    """The visitor id that the server chose and the cookie it set."""
    answer = site.ask({"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/", **body}, headers=headers)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["visitorId"], answer.headers.get("set-cookie", "")


def test_a_first_visit_gets_an_id_in_a_cookie(site: Site) -> None:
    visitor_id, cookie = asked(site)
    assert uuid.UUID(visitor_id).version == 4
    parts = cookie.split("; ")
    assert parts[0] == f"pitcairn_visitor={visitor_id}"
    assert set(parts[1:]) == {"Max-Age=31536000", "Path=/", "HttpOnly", "SameSite=Lax"}
    assert asked(site)[0] != visitor_id


def test_behind_https_the_cookie_is_secure(site: Site) -> None:
    assert asked(site, headers={"X-Forwarded-Proto": "https"})[1].endswith("; Secure")


def test_the_anonymous_id_of_analytics_js_becomes_the_visitor_id(site: Site) -> None:
    anonymous_id = unique("visitor-")
    visitor_id, cookie = asked(site, anonymousId=anonymous_id)
    assert visitor_id == anonymous_id
    assert cookie.startswith(f"pitcairn_visitor={anonymous_id};")


def test_the_cookie_outlives_the_anonymous_id(site: Site) -> None:
    """analytics.js was reset, or the browser removed what scripts had stored: the visitor is the same."""
    headers = {"Cookie": "a=b; pitcairn_visitor=visitor-of-old; c=d"}
    assert asked(site, headers=headers, anonymousId=unique()) == ("visitor-of-old", "")


BAD = ["", "short", "x" * 101, "with space in", 'quo"te-quote', "semi;colon-x", "back\\slash", "<script>x"]


@pytest.mark.parametrize("bad", BAD)
def test_a_cookie_that_is_no_id_is_replaced(site: Site, bad: str) -> None:
    anonymous_id = unique("visitor-")
    headers = {"Cookie": f"pitcairn_visitor={bad}"}
    assert asked(site, headers=headers, anonymousId=anonymous_id)[0] == anonymous_id
    visitor_id, cookie = asked(site, headers=headers, anonymousId=bad)
    assert uuid.UUID(visitor_id).version == 4
    assert cookie.startswith(f"pitcairn_visitor={visitor_id};")


@pytest.mark.parametrize("odd", ["ä" * 20, "nul\0-in-it", "\ud800-half", "new\nline\r\nSet-Cookie: x=y"])
def test_odd_anonymous_ids_harm_nobody(site: Site, odd: str) -> None:
    answer = site.ask({"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/", "anonymousId": odd})
    assert answer.status in {200, 400}
    if answer.status == 200:
        assert uuid.UUID(answer.json()["visitorId"]).version == 4
        assert "x=y" not in answer.headers["set-cookie"]


# ── Who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_may_not_be_stored_is_not(site: Site) -> None:
    """The cookie waits until the tag knows that it may, and goes when the visitor opts out."""
    anonymous_id = unique("anonymous-")
    assert asked(site, anonymousId=anonymous_id, store=False) == (anonymous_id, "")
    known = {"Cookie": f"pitcairn_visitor={anonymous_id}"}
    _, gone = asked(site, headers=known, consent="out", store=False)
    assert gone.startswith("pitcairn_visitor=; Max-Age=0;")
    assert asked(site, consent="out")[1] == ""


def test_a_source_that_asks_for_consent(site: Site) -> None:
    """Nothing is stored before consent, and Global Privacy Control counts for a refusal unless there is consent."""
    site.change("privacy", asks_consent=True, honours_gpc=True)
    try:
        wait_until(lambda: tag_configuration(site)["asksConsent"], "the source's setting")
        assert tag_configuration(site)["honoursGPC"]
        assert asked(site)[1] == ""
        assert asked(site, consent="in")[1].startswith("pitcairn_visitor=")
        visitor = Visitor(site)
        visitor.identify(SMALL_COMPANY)
        body = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/", "anonymousId": visitor.anonymous_id}
        assert site.ask(body).json()["decisions"]
        signal = {"Sec-GPC": "1"}
        assert site.ask(body, headers=signal).json()["decisions"] == []
        assert site.ask({**body, "consent": "in"}, headers=signal).json()["decisions"]
    finally:
        site.change("privacy", asks_consent=False, honours_gpc=False)
        wait_until(lambda: not tag_configuration(site)["asksConsent"], "the source's setting")


def test_any_page_may_ask_with_its_cookie(site: Site) -> None:
    body = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/"}
    answer = site.ask(body, headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in site.ask(body).headers


def test_the_preflight_is_answered(site: Site) -> None:
    answer = site.server.request("OPTIONS", "/v1/decide", headers={"Origin": ORIGIN})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        {},
        {"writeKey": "website-write-key"},
        {"url": f"{ORIGIN}/"},
        {"writeKey": 5, "url": f"{ORIGIN}/"},
        {"writeKey": "website-write-key", "url": ["x"]},
        {"writeKey": "website-write-key", "url": f"{ORIGIN}/", "anonymousId": {"a": 1}},
        {"writeKey": "nobody's", "url": f"{ORIGIN}/"},
        {"writeKey": "website-write-key", "url": f"{ORIGIN}/" + "x" * 20_000},
        b"[" * 10_000,
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_no_request_is_refused_with_a_reason(site: Site, body: object) -> None:
    answer = site.ask(body, headers={"Origin": ORIGIN})
    assert answer.status == 400
    assert answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_decide_takes_post_alone(site: Site) -> None:
    assert site.server.request("GET", "/v1/decide").status == 405


ADDRESSES = ["", "/", "about:blank", "https://", "http://[::1", "https://acme.example:port/", "x" * 5_000, "\ud83d"]


@pytest.mark.parametrize("url", ADDRESSES)
def test_odd_addresses_are_on_no_page(site: Site, url: str) -> None:
    body = json.dumps({"writeKey": WRITE_KEYS["website"], "url": url}).encode()
    answer = site.ask(body)
    assert answer.status in {200, 400}


# ── Who gets what ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_identified_visitor_is_personalized(visitor: Visitor) -> None:
    assert visitor.open() == []
    visitor.identify(SMALL_COMPANY)
    [decision] = visitor.open()
    assert decision.pop("exposureId").startswith("exp-")
    ids = [decision[part].pop("id") for part in ("experience", "audienceSegment", "variation")]
    assert all(type(number) is int for number in ids)
    assert decision == {
        "type": "page",
        "experience": {"name": "home"},
        "audienceSegment": {"name": "segment-small"},
        "variation": {"name": "Personalized"},
        "personalized": True,
        "reason": "assigned",
        "changes": [{"type": "text", "selector": "h1.hero", "value": TEXTS["small"]}],
    }


def test_every_answer_has_exposure_ids_of_its_own(visitor: Visitor) -> None:
    visitor.identify(SMALL_COMPANY)
    ids = {visitor.open()[0]["exposureId"] for _ in range(5)}
    assert len(ids) == 5


def test_traits_follow_the_visitor_who_is_there_now(site: Site) -> None:
    """The cookie is that of the browser; the traits are those of whom analytics.js knows now."""
    first, second = Visitor(site), Visitor(site)
    first.identify(SMALL_COMPANY)
    second.identify({"company": {"employee_count": 900}})
    first.open()
    second.cookie = first.cookie
    [decision] = second.open()
    assert second.visitor_id == first.visitor_id == first.anonymous_id
    assert decision["audienceSegment"]["name"] == "segment-large"


def test_a_changed_trait_changes_the_segment(visitor: Visitor) -> None:
    visitor.identify(SMALL_COMPANY)
    assert visitor.open()[0]["audienceSegment"]["name"] == "segment-small"
    visitor.identify({"company": {"employee_count": 900}})
    assert visitor.open()[0]["audienceSegment"]["name"] == "segment-large"
    visitor.identify({"company": None})
    assert visitor.open() == []


def test_the_address_can_be_a_condition(visitor: Visitor) -> None:
    assert visitor.open("/landing") == []
    [decision] = visitor.open("/landing?utm_source=secret-campaign#top")
    assert decision["audienceSegment"]["name"] == "segment-search"


def test_drafts_and_ended_experiences_are_not_served(site: Site, visitor: Visitor) -> None:
    path = f"/{unique()}"
    fields = {"page_url": path, "control_share": 0.0, "segments": [segment("half", {"all": []})]}
    made = site.change("save", name=path, **fields)
    wait_until(lambda: visitor.open(path), "the new experience")
    site.change("archive", experience_id=made["id"])
    wait_until(lambda: not visitor.open(path), "the end of the experience")


def test_half_of_the_visitors_are_control_and_stay_so(site: Site) -> None:
    visitors = [Visitor(site) for _ in range(120)]
    first = [visitor.open("/pricing")[0] for visitor in visitors]
    again = [visitor.open("/pricing")[0] for visitor in visitors]
    assert [one["personalized"] for one in first] == [one["personalized"] for one in again]
    # Of 120 fair draws fewer than 20 on one side come once in 10^13 times.
    assert 20 < sum(one["personalized"] for one in first) < 100
    for decision in first:
        if decision["personalized"]:
            assert decision["changes"][0]["value"] == TEXTS["half"]
        else:
            assert decision["variation"] is None
            assert decision["changes"] == [{"selector": "h1.hero"}]


# ── What was shown before stays ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def place(site: Site) -> Iterator[Place]:
    place = Place(site)
    yield place
    site.change("archive", experience_id=place.id)


class Place:
    """A page of its own with an experience for everybody, whose split can be changed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.path = f"/{unique()}"
        self.segments = [segment("half", {"all": []})]
        made = site.change("save", **self._fields(0.0))
        self.id = made["id"]
        self.segments[0]["id"] = made["segments"][0]
        wait_until(lambda: Visitor(site).open(self.path), "the new experience")

    def _fields(self, share: float) -> dict[str, Any]:
        return {"name": self.path, "page_url": self.path, "control_share": share, "segments": self.segments}

    def split(self, share: float) -> None:
        """Changes the control share to 0 or 1, and waits until new visitors are drawn by it."""
        self.site.change("save", **self._fields(share), experience_id=self.id)
        wait_until(
            lambda: Visitor(self.site).open(self.path)[0]["personalized"] == (share == 0), f"the split of {share}"
        )

    def side(self, visitor: Visitor) -> tuple[bool, str]:
        [decision] = visitor.open(self.path)
        return decision["personalized"], decision["reason"]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_it_outlives_a_changed_split(place: Place, visitor: Visitor, share: float) -> None:
    if share:
        place.split(share)
    visitor.see(visitor.open(place.path)[0])
    place.split(1.0 - share)
    assert place.side(visitor) == (share == 0.0, "stored")
    assert place.side(Visitor(place.site)) == (share != 0.0, "assigned")


def test_without_an_exposure_nothing_is_stored(place: Place, visitor: Visitor) -> None:
    assert place.side(visitor) == (True, "assigned")
    place.split(1.0)
    assert place.side(visitor) == (False, "assigned")


def test_it_outlives_login_and_a_new_anonymous_id(place: Place, visitor: Visitor) -> None:
    visitor.see(visitor.open(place.path)[0])
    place.split(1.0)
    visitor.identify({"name": "Jo"}, user_id=unique("user-"))
    assert place.side(visitor) == (True, "stored")
    visitor.anonymous_id = unique("visitor-")
    assert place.side(visitor) == (True, "stored")


def test_a_known_person_keeps_it_on_another_device(place: Place, visitor: Visitor) -> None:
    user_id = unique("user-")
    visitor.identify({"name": "Jo"}, user_id=user_id)
    visitor.see(visitor.open(place.path)[0])
    place.split(1.0)
    phone = Visitor(place.site)
    assert place.side(phone) == (False, "assigned")
    phone.identify({}, user_id=user_id)
    assert place.side(phone) == (True, "stored")


def test_of_two_merged_visitors_what_was_shown_first_counts(place: Place, visitor: Visitor) -> None:
    visitor.see(visitor.open(place.path)[0])
    place.split(1.0)
    phone = Visitor(place.site)
    phone.see(phone.open(place.path)[0])
    assert (place.side(visitor), place.side(phone)) == ((True, "stored"), (False, "stored"))
    user_id = unique("user-")
    phone.identify({}, user_id=user_id)
    visitor.identify({}, user_id=user_id)
    assert (place.side(visitor), place.side(phone)) == ((True, "stored"), (True, "stored"))


def test_a_forged_exposure_moves_nobody(place: Place, visitor: Visitor) -> None:
    [decision] = visitor.open(place.path)
    visitor.see({**decision, "variation": None, "personalized": False})
    assert place.side(visitor) == (True, "assigned")
    visitor.see({**visitor.open(place.path)[0], "exposureId": f"exp-0-{place.id}-{'0' * 24}"})
    assert place.side(visitor) == (True, "assigned")


# ── Without Mutiny nothing is personalized ───────────────────────────────────────────────────────────────────────────


def test_an_unconnected_source_personalizes_nothing(visitor: Visitor) -> None:
    visitor.identify(SMALL_COMPANY)
    assert visitor.open() != []
    assert visitor.open(source="unconnected") == []
    assert visitor.open(source="disabled") == []
    assert visitor.open(source="elsewhere") == []


def test_what_an_unconnected_source_identifies_cannot_be_targeted(visitor: Visitor) -> None:
    visitor.identify(SMALL_COMPANY, source="unconnected")
    assert visitor.open() == []
    visitor.identify(SMALL_COMPANY)
    assert len(visitor.open()) == 1


def test_an_exposure_through_an_unconnected_source_stores_nothing(place: Place, visitor: Visitor) -> None:
    visitor.see(visitor.open(place.path)[0], source="unconnected")
    place.split(1.0)
    assert place.side(visitor) == (False, "assigned")


@pytest.mark.parametrize(
    ("change", "off", "on"),
    [
        ("enable_mutiny", {"enabled": False}, {"enabled": True}),
        ("set_key", {"key": ""}, {"key": "a key"}),
        ("connect", {"sources": ["app"]}, {"sources": ["website", "app", "backend", "disabled"]}),
    ],
    ids=["disabled", "keyless", "disconnected"],
)
def test_while_mutiny_is_off_nobody_is_personalized(
    site: Site, visitor: Visitor, change: str, off: dict[str, Any], on: dict[str, Any]
) -> None:
    visitor.identify(SMALL_COMPANY)
    late = Visitor(site)
    wait_until(visitor.open, "the decision")
    site.change(change, **off)
    try:
        wait_until(lambda: visitor.open() == [], "the end of personalization")
        assert tag_configuration(site)["pages"] == []
        late.identify(SMALL_COMPANY)
    finally:
        site.change(change, **on)
    wait_until(visitor.open, "personalization again")
    assert late.open() == [], "what was identified meanwhile cannot be targeted"


# ── What must not be told ────────────────────────────────────────────────────────────────────────────────────────────


def tag_configuration(site: Site, source: str = "website") -> dict[str, Any]:
    answer = site.server.request("GET", f"/tag/{WRITE_KEYS[source]}.js")
    assert answer.status == 200
    found = re.search(rb"__pitcairnTag\((\{.*\})\);\s*$", answer.body)
    assert found, answer.body[-300:]
    configuration: dict[str, Any] = json.loads(found[1])
    return configuration


def test_an_answer_holds_nothing_of_others(site: Site, visitor: Visitor) -> None:
    visitor.identify({**SMALL_COMPANY, "email": "jo@acme.example", "secret-trait": "secret-value"})
    body = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/", "anonymousId": visitor.anonymous_id}
    text = site.ask(body).body.decode()
    assert TEXTS["small"] in text
    others = [TEXTS[name] for name in TEXTS if name != "small"]
    names = ["segment-large", "segment-half", "segment-draft", "segment-search", "pricing", "landing", "draft"]
    traits = ["employee_count", "company", "less_than", "secret-campaign", "jo@acme", "secret-value", "secret-trait"]
    for forbidden in [*others, *names, *traits]:
        assert forbidden not in text, f"{forbidden!r} in {text}"


def test_control_is_not_told_what_it_is_kept_from(site: Site) -> None:
    asked = [Visitor(site) for _ in range(60)]
    control = next(one for one in asked if not one.open("/pricing")[0]["personalized"])
    body = {"writeKey": WRITE_KEYS["website"], "url": f"{ORIGIN}/pricing", "anonymousId": control.anonymous_id}
    text = site.ask(body).body.decode()
    assert '"personalized":false' in text
    assert "Headline" not in text


def test_the_tag_knows_where_to_look_and_no_more(site: Site) -> None:
    answer = site.server.request("GET", f"/tag/{WRITE_KEYS['website']}.js")
    configuration = tag_configuration(site)
    assert set(configuration) == {
        "writeKey",
        "host",
        "version",
        "capMs",
        "asksConsent",
        "honoursGPC",
        "vitalsShare",
        "goals",
        "pages",
    }
    assert configuration["goals"] == []
    assert all(set(page) == {"pattern", "selectors"} for page in configuration["pages"])
    assert [page["selectors"] for page in configuration["pages"][:3]] == [["h1.hero"]] * 3
    text = answer.body.decode()
    for forbidden in [*TEXTS.values(), "segment-small", "employee_count", "secret-campaign", "mutiny-api-key"]:
        assert forbidden not in text
    assert tag_configuration(site, "unconnected")["pages"] == []
