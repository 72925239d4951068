"""A crowd of visitors through HTTP, and an independent count of what results must say of them.

Each person asks what to see, reports it as the tag does, and may come with a second browser, log in (which joins the two),
and reach the goal: by the browser that saw it, by the other one, or by a server that knows the user id alone. Some reports and
conversions come twice, some late, some conversions happened before the first view, and some visitors are bots. The counting
here follows the rule's wording over what was sent, and knows nothing of how the server counts.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pitcairn.demo.browser import Line

GOAL = "Crowd Converted"
SITE = "https://crowd.example/"
EVENT = "Mutiny Experience Viewed"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
WINDOW = timedelta(days=7)

Post = Callable[[str, dict[str, Any], str], Any]
"""Sends a body to a path with a user agent; gives the answer's JSON. Raises when the server did not take it."""


@dataclass
class Log:
    """The requests that the server took, as far as they matter."""

    exposures: list[tuple[str, int, datetime, bool]] = field(default_factory=list)
    """Visitor, variation (0 is control), time, bot."""
    conversions: list[tuple[str, str, datetime]] = field(default_factory=list)
    """Anonymous id and user id (one may be empty), time."""
    logins: list[tuple[str, str]] = field(default_factory=list)
    """Anonymous id, user id."""

    def add(self, other: Log) -> None:
        self.exposures += other.exposures
        self.conversions += other.conversions
        self.logins += other.logins


@dataclass(frozen=True)
class Counted:
    """By variation, how many people and how many of them converted; and what was left out or put together."""

    arms: dict[int, tuple[int, int]]
    bots: int
    merged: int
    crossed: int


def send(post: Post, *, people: int, write_key: str, rates: tuple[float, float], seed: str, threads: int = 4) -> Log:
    """Sends so many people; `rates` are the true rates of control and personalized."""
    log = Log()
    # Past by a day, so that no time lies ahead of the server's clock.
    base = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    with ThreadPoolExecutor(threads) as pool:
        done = pool.map(lambda number: _person(post, number, write_key, rates, seed, base), range(people))
        for one in done:
            log.add(one)
    return log


def _person(post: Post, number: int, write_key: str, rates: tuple[float, float], seed: str, base: datetime) -> Log:
    chance = random.Random(f"{seed}-{number}")
    log = Log()
    first, second, user = f"{seed}-{number:06}-a", f"{seed}-{number:06}-b", f"user-{seed}-{number:06}"
    at = base + timedelta(milliseconds=number)
    bot = chance.random() < 0.04
    agent = BOT if bot else FIREFOX
    variation = view(post, write_key, first, at, agent, log, twice=chance.random() < 0.05)
    converts = chance.random() < rates[1 if variation else 0]
    has_second, logs_in = chance.random() < 0.25, chance.random() < 0.5
    way, twice, early = chance.random(), chance.random() < 0.1, chance.random() < 0.03
    if bot:
        if converts:
            convert(post, write_key, first, "", at + timedelta(minutes=1), agent, log)
        return log
    if has_second:
        view(post, write_key, second, at + timedelta(minutes=10), agent, log)
    if early:  # what happened before the first view does not count
        convert(post, write_key, first, "", at - timedelta(minutes=30), agent, log)
    if logs_in:
        for anonymous_id in (first, second) if has_second else (first,):
            body = {"userId": user, "anonymousId": anonymous_id, "traits": {}, "messageId": str(uuid.uuid4())}
            post("/v1/identify", {"writeKey": write_key, **body}, agent)
            log.logins.append((anonymous_id, user))
    if converts:
        then = at + timedelta(minutes=20)
        if logs_in and way < 0.3:
            convert(post, write_key, "", user, then, agent, log, twice=twice)
        elif logs_in and has_second and way < 0.6:
            convert(post, write_key, second, "", then, agent, log, twice=twice)
        else:
            convert(post, write_key, first, "", then, agent, log, twice=twice)
    return log


def view(post: Post, write_key: str, visitor: str, at: datetime, agent: str, log: Log, *, twice: bool = False) -> int:
    """Asks and reports; gives the variation, 0 for control."""
    answer = post("/v1/decide", {"writeKey": write_key, "anonymousId": visitor, "url": SITE}, agent)
    (decision,) = answer["decisions"]
    variation = decision["variation"] or {"id": 0, "name": None}
    properties = {
        "experience": decision["experience"]["name"],
        "audienceSegment": decision["audienceSegment"]["name"],
        "personalized": decision["personalized"],
        "experienceId": decision["experience"]["id"],
        "audienceSegmentId": decision["audienceSegment"]["id"],
        "variation": variation["name"],
        "variationId": variation["id"] or None,
        "visitorId": answer["visitorId"],
        "exposureId": decision["exposureId"],
        "reason": decision["reason"],
        "pageUrl": SITE,
    }
    message = {
        "writeKey": write_key,
        "anonymousId": visitor,
        "event": EVENT,
        "messageId": decision["exposureId"],
        "timestamp": at.isoformat(),
        "properties": properties,
        "context": {"userAgent": agent, "library": {"name": "pitcairn-tag", "version": "crowd"}},
    }
    for _ in range(2 if twice else 1):
        post("/v1/track", message, agent)
    log.exposures.append((visitor, variation["id"], at, agent == BOT))
    return int(variation["id"])


def convert(
    post: Post, write_key: str, anonymous_id: str, user: str, at: datetime, agent: str, log: Log, *, twice: bool = False
) -> None:
    who = {key: value for key, value in (("anonymousId", anonymous_id), ("userId", user)) if value}
    message = {"writeKey": write_key, **who, "event": GOAL, "messageId": str(uuid.uuid4()), "timestamp": at.isoformat()}
    for _ in range(2 if twice else 1):
        post("/v1/track", message, agent)
    log.conversions.append((anonymous_id, user, at))


def count(log: Log) -> Counted:
    """What results must say."""
    user_of = dict(log.logins)

    def who(anonymous_id: str, user: str) -> str:
        return user or user_of.get(anonymous_id, anonymous_id)

    views: dict[str, list[tuple[datetime, str, int, bool]]] = {}
    for visitor, variation, at, bot in log.exposures:
        views.setdefault(who(visitor, ""), []).append((at, visitor, variation, bot))
    reached = dict.fromkeys(views, False)
    for anonymous_id, user, at in log.conversions:
        person = who(anonymous_id, user)
        if person in views and timedelta(0) <= at - min(views[person])[0] < WINDOW:
            reached[person] = True
    people = {person: sorted(seen) for person, seen in views.items()}
    counted = {person: seen for person, seen in people.items() if not seen[0][3]}
    arms: dict[int, tuple[int, int]] = {}
    for person, seen in counted.items():
        there, done = arms.get(seen[0][2], (0, 0))
        arms[seen[0][2]] = (there + 1, done + reached[person])
    return Counted(
        arms=arms,
        bots=len(people) - len(counted),
        merged=sum(len({visitor for _, visitor, _, _ in seen}) - 1 for seen in counted.values()),
        crossed=sum(len({variation for _, _, variation, _ in seen}) > 1 for seen in counted.values()),
    )


@contextlib.contextmanager
def poster(host: str) -> Iterator[Post]:
    """Posts over a connection of each thread's own; they are closed at the end."""
    own, lines = threading.local(), list[Line]()

    def post(path: str, body: dict[str, Any], agent: str) -> Any:
        if not hasattr(own, "line"):
            own.line = Line(host, Counter())
            lines.append(own.line)
        headers = {"Content-Type": "application/json", "User-Agent": agent}
        _, content = own.line.ok("POST", path, headers, json.dumps(body).encode())
        return json.loads(content)

    try:
        yield post
    finally:
        for line in lines:
            line.close()


def arms_of(results: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Control and personalized of the primary goal, as (visitors, converted)."""
    goal = results["goals"][0]
    sides = [(goal[arm]["visitors"], goal[arm]["converted"]) for arm in ("control", "personalized")]
    return sides[0], sides[1]


def sides(counted: Counted) -> tuple[tuple[int, int], tuple[int, int]]:
    """The same of an independent count."""

    def summed(found: Iterable[tuple[int, int]]) -> tuple[int, int]:
        rows = list(found)
        return sum(row[0] for row in rows), sum(row[1] for row in rows)

    return summed(a for v, a in counted.arms.items() if not v), summed(a for v, a in counted.arms.items() if v)
