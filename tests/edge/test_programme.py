"""What holds a programme together, over HTTP against a real server: one variation and one exposure through all that can happen
to a visitor, frequency caps, and the holdout of everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conftest import running
from edge.site import ORIGIN, Site, Visitor
from server import WRITE_KEYS, Server, Template, unique, wait_until

EVERYBODY: dict[str, Any] = {"all": []}


@pytest.fixture(scope="module")
def site(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(Server(template, tmp_path_factory.mktemp("programme"))) as site, running(site.server):
        yield site


class Trial:
    """An experience for everybody with two variations, on a page of its own."""

    def __init__(self, site: Site, **fields: Any) -> None:
        self.site = site
        self.path = f"/{unique()}"
        self.id: int = self.save({"A": 1, "B": 0}, **fields)["id"]
        wait_until(lambda: Visitor(site).open(self.path), "the new experience")

    def save(self, weights: Mapping[str, int], **of: Any) -> Any:
        changes = [{"type": "text", "selector": "h1", "value": "Hello"}]
        variations = [{"name": name, "changes": changes, "weight": weight} for name, weight in weights.items()]
        everyone = {"name": "Everyone", "allocation": "manual", "variations": variations}
        given = {"name": self.path, "page_url": self.path, "control_share": 0.0, "segments": [everyone], **of}
        return self.site.change("save", **given)

    def decided(self, who: Visitor) -> dict[str, Any]:
        decision: dict[str, Any]
        [decision] = who.open(self.path)
        return decision

    def got(self, who: Visitor) -> tuple[str, str]:
        decision = self.decided(who)
        return decision["variation"]["name"], decision["reason"]

    def view(self, who: Visitor) -> dict[str, Any]:
        """They see it: the tag tells, and so does analytics.js on the page, under the same message id."""
        decision = self.decided(who)
        who.see(decision)
        again = {
            "event": "Mutiny Experience Viewed",
            "anonymousId": who.visitor_id,
            "messageId": decision["exposureId"],
            "properties": {"exposureId": decision["exposureId"], "experience": self.path},
        }
        self.site.server.send("/v1/track", again)
        marker = unique("after-")
        self.site.server.send("/v1/track", {"event": "After", "anonymousId": who.visitor_id, "messageId": marker})
        self.site.server.message(marker)
        return decision

    def exposures(self) -> list[str]:
        """The message ids of the exposures in the event store."""
        found = self.site.server.events(search=self.path, type="track")["messages"]
        return sorted(one["messageId"] for one in found if one["event"] == "Mutiny Experience Viewed")

    def visitors(self) -> int:
        """Those that the results count."""
        told = self.site.server.control("results", {"experience": self.path, "workspace": None})
        (goal,) = told["goals"]
        assert goal["control"]["visitors"] == 0
        count: int = goal["personalized"]["visitors"]
        return count


def test_one_variation_and_one_exposure_through_everything(site: Site) -> None:
    """Before and after login, on a second device after login, after a merge, after the split was changed, and after consent."""
    site.change("privacy", asks_consent=True, honours_gpc=False)
    try:
        trial = Trial(site)

        def is_remembered_unasked() -> bool:
            stranger = Visitor(site)
            trial.decided(stranger)
            return bool(stranger.cookie)

        wait_until(lambda: not is_remembered_unasked(), "the source's setting")
        laptop = Visitor(site)
        # Before consent nothing is stored and nothing told; after it the same id has the same variation.
        assert trial.got(laptop) == ("A", "assigned")
        assert not laptop.cookie
        laptop.consent = "in"
        first = trial.view(laptop)
        assert first["variation"]["name"] == "A"
        assert laptop.cookie == laptop.visitor_id == laptop.anonymous_id
        assert trial.exposures() == [first["exposureId"]]
    finally:
        site.change("privacy", asks_consent=False, honours_gpc=False)
    trial.save({"A": 0, "B": 1}, experience_id=trial.id)
    wait_until(lambda: trial.got(Visitor(site)) == ("B", "assigned"), "the other split")
    assert trial.got(laptop) == ("A", "stored")
    # A phone where nobody is known yet; its visitor sees the other variation, once.
    phone, user_id = Visitor(site), unique("user-")
    seen = [first["exposureId"], trial.view(phone)["exposureId"]]
    assert trial.got(phone) == ("B", "stored")
    laptop.identify({}, user_id=user_id)
    assert trial.got(laptop) == ("A", "stored")
    seen.append(trial.view(laptop)["exposureId"])
    phone.identify({}, user_id=user_id)
    assert (trial.got(laptop), trial.got(phone)) == (("A", "stored"), ("A", "stored"))
    seen.append(trial.view(phone)["exposureId"])
    tablet = Visitor(site)
    tablet.identify({}, user_id=user_id)
    assert trial.got(tablet) == ("A", "stored")
    seen.append(trial.view(tablet)["exposureId"])
    # Each view is one exposure, though it was told twice; and the person on three devices is one visitor in the results.
    assert trial.exposures() == sorted(seen)
    assert len(set(seen)) == 5
    assert trial.visitors() == 1


def test_the_time_is_that_of_the_visitor(site: Site) -> None:
    """As the tag says where they are; where it does not, or names no place, it is UTC."""
    hour = datetime.now(ZoneInfo("Asia/Tokyo")).hour
    hours = [hour, (hour + 1) % 24]  # The test may go on in the next one.
    path, condition = f"/{unique()}", {"fact": "time", "name": "hour", "operator": "one_of", "value": hours}
    changes = [{"type": "text", "selector": "h1", "value": "Hello"}]
    segment = {"name": "Now", "condition": condition, "variations": [{"changes": changes}]}
    site.change("save", name=path, page_url=path, control_share=0.0, segments=[segment])

    def decided(zone: str) -> bool:
        body = {
            "writeKey": WRITE_KEYS["website"],
            "url": ORIGIN + path,
            "anonymousId": unique("visitor-"),
            "timeZone": zone,
        }
        return bool(site.ask(body).json()["decisions"])

    wait_until(lambda: decided("Asia/Tokyo"), "the new experience")
    for zone in ("", "UTC", "America/New_York", "Nowhere/At_All", "../../etc/passwd", "x" * 5_000):
        assert not decided(zone), zone


def test_a_frequency_cap_ends_the_views_of_a_person_and_of_nobody_else(site: Site) -> None:
    capped = Trial(site, frequency={"times": 2, "amount": 7, "unit": "days"})
    visitor, user_id = Visitor(site), unique("user-")
    visitor.identify({}, user_id=user_id)
    # A decision that was not seen is no view.
    for _ in range(4):
        assert capped.got(visitor)[0] == "A"
    first = capped.view(visitor)
    assert capped.got(visitor)[0] == "A"
    # The same exposure told again is the same view.
    visitor.see(first)
    assert capped.got(visitor)[0] == "A"
    capped.view(visitor)
    assert visitor.open(capped.path) == []
    # The person is capped on another device of theirs, and others are not.
    phone = Visitor(site)
    assert capped.got(phone)[0] == "A"
    phone.identify({}, user_id=user_id)
    assert phone.open(capped.path) == []
    assert capped.got(Visitor(site))[0] == "A"


def test_the_holdout_keeps_its_share_from_everything_and_whom_it_found_outside(site: Site) -> None:
    one, other = Trial(site), Trial(site)
    early = [Visitor(site) for _ in range(12)]
    for visitor in early[:4]:
        visitor.see(one.decided(visitor))
    site.change("hold_out", share=0.5)
    try:
        # Of 60 fair draws all on one side come once in 10^18 times.
        wait_until(
            lambda: any(one.decided(Visitor(site))["reason"] == "holdout" for _ in range(60)), "the holdout to begin"
        )
        # Who took part before goes on, in everything.
        for visitor in early[:4]:
            assert one.got(visitor) == ("A", "stored")
            assert other.got(visitor) == ("A", "assigned")
        crowd = [Visitor(site) for _ in range(60)]
        held = [visitor for visitor in crowd if one.decided(visitor)["reason"] == "holdout"]
        assert 10 < len(held) < 50
        # The same visitors in every experience; they get what control would, and are told of.
        for visitor in crowd:
            decision = other.decided(visitor)
            assert (decision["reason"] == "holdout") is (visitor in held)
            assert decision["personalized"] is (visitor not in held)
        kept = held[0]
        decision = one.decided(kept)
        assert (decision["variation"], decision["changes"]) == (None, [{"selector": "h1"}])
        kept.see(decision)
        told = site.server.message(decision["exposureId"])
        assert told["properties"]["reason"] == "holdout"
        # It is remembered: they stay outside when the share falls, and on a device where they sign in.
        user_id = unique("user-")
        kept.identify({}, user_id=user_id)
        site.change("hold_out", share=0.01)
        wait_until(
            lambda: sum(one.decided(visitor)["reason"] == "holdout" for visitor in held) < len(held), "a lower share"
        )
        assert one.decided(kept)["reason"] == "holdout"
    finally:
        site.change("hold_out", share=0.0)
    wait_until(lambda: one.decided(kept)["reason"] != "holdout", "the end of the holdout")
