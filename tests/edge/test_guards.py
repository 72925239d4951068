"""What a source asks of its calls: a rate by an injected clock, origins, and how often the turned away are recorded."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pitcairn.edge.guards import REPORT_SECONDS, Guards, SourceGuard
from pitcairn.edge.rates import RateLimits
from pitcairn.edge.tokens import TokenKey
from pitcairn.wire.reasons import DropReason
from server import Server, unique


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_held_and_says_when_to_come_again() -> None:
    clock = Clock()
    rates = RateLimits(clock)
    assert [rates.seconds_to_wait(1, 10, 1) for _ in range(10)] == [0] * 10
    assert rates.seconds_to_wait(1, 10, 1) == 1
    assert rates.seconds_to_wait(2, 10, 1) == 0  # another source has a bucket of its own
    clock.now += 0.1
    assert rates.seconds_to_wait(1, 10, 1) == 0
    assert rates.seconds_to_wait(1, 10, 1) == 1


def test_a_large_batch_gets_through_and_is_paid_off() -> None:
    clock = Clock()
    rates = RateLimits(clock)
    assert rates.seconds_to_wait(1, 10, 100) == 0
    assert rates.seconds_to_wait(1, 10, 1) == 10
    assert rates.seconds_to_wait(1, 10, 100) == 10
    clock.now += 10
    assert rates.seconds_to_wait(1, 10, 100) == 0


@given(
    rate=st.integers(1, 50),
    calls=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 60)), min_size=1, max_size=40),
)
@example(rate=7, calls=[(1.062057909629293, 56), (0.0, 7)])
def test_no_source_exceeds_its_rate_and_who_waits_as_told_is_taken(rate: int, calls: list[tuple[float, int]]) -> None:
    clock = Clock()
    rates = RateLimits(clock)
    taken = 0
    for pause, messages in calls:
        clock.now += pause
        wait = rates.seconds_to_wait(1, rate, messages)
        if wait:
            clock.now += wait
            assert rates.seconds_to_wait(1, rate, messages) == 0
        taken += messages
        # What one second brings, what came since, and one batch on credit.
        assert taken <= rate + clock.now * rate + messages + 1e-6


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (b"", True),
        (b"https://www.example.com", True),
        (b"HTTPS://WWW.EXAMPLE.COM", True),
        (b"http://www.example.com", False),
        (b"https://example.com", False),
        (b"https://www.example.com.evil.example", False),
        (b"https://www.example.com:8443", False),
        (b"https://shop.example.org", True),
        (b"https://a.b.example.org", True),
        (b"https://example.org", False),
        (b"https://evilexample.org", False),
        (b"null", False),
        (b"\xff", False),
    ],
)
def test_origins(origin: bytes, allowed: bool) -> None:
    guard = SourceGuard(origins=frozenset({"https://www.example.com", "https://*.example.org"}))
    assert guard.allows(origin) is allowed


def test_without_origins_any_may_call() -> None:
    assert SourceGuard(rate=1).allows(b"https://anywhere.example")


def test_what_is_turned_away_is_recorded_now_and_then() -> None:
    clock = Clock()
    guards = Guards(TokenKey("secret"), clock)
    assert guards.to_report(1, DropReason.RATE_LIMITED, 3) == 3
    assert guards.to_report(1, DropReason.RATE_LIMITED, 5) == 0
    assert guards.to_report(1, DropReason.ORIGIN_NOT_ALLOWED, 1) == 1
    assert guards.to_report(2, DropReason.RATE_LIMITED, 1) == 1
    clock.now += REPORT_SECONDS
    assert guards.to_report(1, DropReason.RATE_LIMITED, 2) == 7


def test_only_pages_of_allowed_origins_may_call(server: Server) -> None:
    call = {"type": "track", "userId": "u", "event": "E"}
    good = [unique(), unique(), unique()]
    for message_id, headers in zip(
        good, [{}, {"Origin": "https://www.example.com"}, {"Origin": "https://shop.example.org"}], strict=True
    ):
        server.send("/v1/t", {**call, "messageId": message_id}, source="fenced", headers=headers)
    bad = unique()
    for path, body in (("/v1/t", {**call, "messageId": bad}), ("/v1/b", {"batch": [{**call, "messageId": bad}]})):
        answer = server.post(path, body, source="fenced", headers={"Origin": "https://evil.example"})
        assert (answer.status, answer.json()["code"]) == (403, "origin_not_allowed")
        assert "https://evil.example" in answer.json()["message"]
        assert answer.headers["access-control-allow-origin"] == "*"
    for message_id in good:
        server.message(message_id)
    server.settle()
    assert not server.events(message_id=bad)["messages"]
    (refusal,) = server.refusals("https://evil.example", source="fenced")
    assert refusal["reason"] == "origin_not_allowed"


def test_a_decision_is_for_pages_of_allowed_origins(server: Server) -> None:
    ask = {"url": "https://www.example.com/", "anonymousId": unique()}
    for origin, status in (("https://www.example.com", 200), ("https://evil.example", 403)):
        answer = server.post("/v1/decide", ask, source="fenced", headers={"Origin": origin})
        assert answer.status == status, answer
