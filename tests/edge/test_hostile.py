"""Malformed, oversized, wrongly typed and hostile requests against the real server, on connections that are kept alive.

Nothing is answered 5xx; every 400 says why in JSON; what is refused is recorded with its reason; and a good message beside
a bad one always lands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edge.connection import Connection, Reply
from edge.hostile import (
    Attack,
    Serials,
    told_batches,
    told_broken,
    told_requests_as_a_whole,
    told_singles,
    wild_requests,
)
from server import Server, Template, running

REQUESTS = 10_000
CONNECTIONS = 8
ROUND = 20
"""Requests in one example of hypothesis: drawing many at once is what makes ten thousand affordable."""

# A failure is reported as it came: what the server holds by then makes a smaller example another one.
ATTACK = settings(phases=[Phase.generate], database=None, report_multiple_bugs=False)

SERIAL = re.compile(r"serial-\d{6}-")


@pytest.fixture
def attacked(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: what it holds afterwards is counted. It must end well and have logged no error."""
    with running(Server(template, tmp_path_factory.mktemp("attacked"))) as server:
        yield server


class Attackers:
    """A few connections that take turns, and the record of what was sent."""

    def __init__(self, server: Server) -> None:
        self._connections = [Connection(server.host, server.port) for _ in range(CONNECTIONS)]
        self.attacks: list[Attack] = []
        self.statuses: Counter[int | None] = Counter()
        self._failure: Exception | None = None

    def attack(self, attacks: list[Attack]) -> None:
        """Sends each, a few at a time, and checks the answers."""
        if self._failure is not None:
            # Hypothesis tries again what failed; but the connections are no longer what they were.
            raise self._failure
        try:
            for start in range(0, len(attacks), CONNECTIONS):
                self._attack_at_once(attacks[start : start + CONNECTIONS])
        except (AssertionError, OSError) as failure:
            self._failure = failure
            raise

    def _attack_at_once(self, attacks: list[Attack]) -> None:
        for connection, attack in zip(self._connections, attacks, strict=False):
            connection.send(attack.sent)
        for connection, attack in zip(self._connections, attacks, strict=False):
            reply = connection.receive(head=attack.head)
            if reply is not None and reply.status == 100:
                reply = connection.receive(head=attack.head)
            self.attacks.append(attack)
            self.statuses[reply.status if reply else None] += 1
            self._check(attack, reply)
            if attack.statuses is None:
                # What a wild request left unsaid or said too much must not run into the next one.
                connection.close()

    def _check(self, attack: Attack, reply: Reply | None) -> None:
        assert reply is not None, attack.sent[:500]
        where = f"{attack.sent[:500]!r} was answered {reply.status} {reply.body[:300]!r}"
        assert reply.status < 500, where
        if attack.statuses is not None:
            assert reply.status in attack.statuses, where
        if reply.headers.get("content-type") == "application/json" and not attack.head:
            said = reply.json()
            if reply.status >= 400:
                assert said["success"] is False, where
                assert said["code"], where
                assert said["message"] == said["error"] != "", where
        elif reply.status == 400 and not attack.head:
            # Pages, which are not for libraries, say it in HTML.
            assert not attack.sent.startswith((b"POST /v1/", b"GET /v1/", b"POST /tag/", b"GET /tag/")), where

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


@pytest.fixture
def attackers(attacked: Server) -> Iterator[Attackers]:
    attackers = Attackers(attacked)
    yield attackers
    attackers.close()


def check_fates(server: Server, attacks: list[Attack]) -> None:
    """Every told message is where it must be, once, and nothing else is there."""
    server.settle()
    events = server.events(limit=1_000_000)
    refused: dict[str, str] = {}
    unnumbered: Counter[str] = Counter()
    for refusal in events["refused"]:
        serial = SERIAL.search(refusal["message"])
        if serial is None or refusal["reason"] == "request_too_large":
            unnumbered[refusal["reason"]] += 1
        else:
            assert serial[0] not in refused, f"{serial[0]} was refused twice"
            refused[serial[0]] = refusal["reason"]

    def sent(serial: str) -> str:
        attack = next(attack for attack in attacks if serial in attack.stored or serial in attack.refused)
        return f"{refused.get(serial, 'not refused')}, sent as {serial} in {attack.sent[:3_000]!r}"

    stored = Counter(message["own"] for message in events["messages"])
    told = Counter(serial for attack in attacks for serial in attack.stored)
    assert not (told - stored), f"not stored: {[sent(serial) for serial in told - stored][:3]}"
    assert not (stored - told), f"stored, or stored twice: {[sent(serial) for serial in stored - told][:3]}"

    expected = {serial: reasons for attack in attacks for serial, reasons in attack.refused.items()}
    assert set(refused) == set(expected)
    for serial, reason in refused.items():
        assert reason in expected[serial], f"{expected[serial]} expected, but {sent(serial)}"
    assert unnumbered == Counter(reason for attack in attacks for reasons in attack.unnumbered for reason in reasons)


def check_alive(server: Server) -> None:
    server.send("/v1/track", {"anonymousId": "after", "event": "After", "messageId": "after-all"})
    server.message("after-all")


def test_a_good_message_beside_a_bad_one_always_lands(attacked: Server, attackers: Attackers) -> None:
    serials = Serials()

    @settings(ATTACK, max_examples=40)
    @given(st.lists(told_batches(serials), min_size=5, max_size=5))
    def beside(attacks: list[Attack]) -> None:
        attackers.attack(attacks)

    beside()
    check_fates(attacked, attackers.attacks)


@pytest.mark.slow
def test_ten_thousand_hostile_requests(attacked: Server, attackers: Attackers) -> None:
    serials = Serials()
    kinds = st.one_of(
        told_batches(serials),
        told_singles(serials),
        told_broken(),
        told_broken(),
        told_requests_as_a_whole(),
        wild_requests(),
        wild_requests(),
    )

    @settings(ATTACK, max_examples=REQUESTS // ROUND)
    @given(st.lists(kinds, min_size=ROUND, max_size=ROUND))
    def hostile(attacks: list[Attack]) -> None:
        attackers.attack(attacks)

    hostile()
    assert len(attackers.attacks) >= REQUESTS
    assert attackers.statuses[200] > 1_000
    assert attackers.statuses[400] > 1_000
    check_fates(attacked, attackers.attacks)
    check_alive(attacked)
