"""Only public addresses are connected to, whatever is tried (`spec/private_addresses.json`)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.listener import Listener, answer, listening
from pitcairn.connections.delivery import transport as transport_module
from pitcairn.connections.delivery.addresses import AddressRefused, Guard, shown
from pitcairn.connections.delivery.transport import Transport, TransportError
from pitcairn.connections.destination import Reply, Request
from pitcairn.settings import _networks

SPEC: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "spec" / "private_addresses.json").read_text("utf-8")
)
ONLY = (ipaddress.IPv4Network("127.0.0.1/32"),)


def request(url: str) -> Request:
    return Request(messages=[], url=url, body=b"{}")


async def sent(url: str, transport: Transport) -> Reply:
    try:
        return await transport.send(request(url), 20)
    finally:
        await transport.close()


def names(*answers: Sequence[str]) -> tuple[list[str], Any]:
    """A name server that gives these answers, one after the other, and the names it was asked for."""
    asked: list[str] = []

    async def lookup(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return asked, lookup


def test_there_are_enough_tricks() -> None:
    tricks = [case["trick"] for case in [*SPEC["urls"], *SPEC["answers"]]]
    assert len(tricks) >= 40
    assert len(set(tricks)) == len(tricks)


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a connection to anywhere fail the test, instead of reaching whatever listens there."""

    class NoSocket(socket.socket):
        def __init__(self, family: int = -1, kind: int = -1, protocol: int = -1, fileno: int | None = None) -> None:
            assert family not in {socket.AF_INET, socket.AF_INET6}, "a connection was about to be made"
            super().__init__(family, kind, protocol, fileno)

    monkeypatch.setattr(transport_module.socket, "socket", NoSocket)


@pytest.mark.usefixtures("no_connections")
@pytest.mark.parametrize("case", SPEC["urls"], ids=lambda case: case["trick"])
def test_a_url_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(TransportError) as caught:
        asyncio.run(sent(case["url"], Transport()))
    assert (caught.value.reason, caught.value.retry) == ("ADDRESS_REFUSED", False)


@pytest.mark.usefixtures("no_connections")
@pytest.mark.parametrize("case", SPEC["answers"], ids=lambda case: case["trick"])
def test_a_name_is_refused(case: dict[str, Any]) -> None:
    asked, lookup = names(case["addresses"])
    with pytest.raises(TransportError, match=r"inside\.example") as caught:
        asyncio.run(sent("http://inside.example/", Transport(lookup=lookup)))
    assert caught.value.reason == "ADDRESS_REFUSED"
    assert asked == ["inside.example"]


@pytest.mark.parametrize("case", SPEC["reached"], ids=lambda case: case["url"])
def test_what_is_public_is_not_refused(case: dict[str, Any]) -> None:
    target = Guard().target(case["url"])
    assert (target.host, target.port) == (case["host"], case["port"])


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_is_reached(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if Guard().refusal(str(address)) is None and address not in ipaddress.ip_network(
        "64:ff9b::/96" if address.version == 6 else "0.0.0.0/32"
    ):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:{}", "64:ff9b::{}", "2600::5efe:{}"]))
def test_a_wrapped_address_is_reached_only_if_it_would_be_alone(address: ipaddress.IPv4Address, wrap: str) -> None:
    assert Guard().refusal(wrap.format(address)) == Guard().refusal(str(address))


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://"]))
def test_any_text_is_read_or_refused(text: str, scheme: str) -> None:
    with contextlib.suppress(AddressRefused):
        target = Guard().target(scheme + text)
        assert target.host == target.url.raw_host


# ── With servers ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def two(does: Any, url: str, *answers: Sequence[str], times: int = 1) -> tuple[Listener, Listener, Any]:
    """Sends to a server at an allowed address, beside one at 127.0.0.2, on the same port, that is not allowed."""
    _, lookup = names(*answers)
    results: list[Any] = []
    async with listening(does) as allowed, listening(host="127.0.0.2", port=allowed.port) as private:
        transport = Transport(ONLY, lookup=lookup)
        try:
            for _ in range(times):
                try:
                    results.append(await transport.send(request(url.replace("PORT", str(allowed.port))), 20))
                except TransportError as error:
                    results.append(error)
        finally:
            await transport.close()
    return allowed, private, results


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:PORT/", "//127.0.0.2:PORT/", "/elsewhere", "http://169.254.169.254/"]
)
def test_a_redirect_is_not_followed(status: int, location: str) -> None:
    async def does(received: Any, writer: asyncio.StreamWriter) -> None:
        port = received.headers["host"].rpartition(":")[2]
        await answer(status, headers=f"Location: {location.replace('PORT', port)}\r\n")(received, writer)

    allowed, private, (reply,) = asyncio.run(two(does, "http://127.0.0.1:PORT/"))
    assert reply.status == status
    assert len(allowed.received) == 1
    assert not private.received


def test_a_name_that_changes_its_address_reaches_what_was_checked_and_then_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport_module, "NAMES_KEPT_SECONDS", 0)
    closing = answer(200, headers="Connection: close\r\n")
    allowed, private, results = asyncio.run(
        two(closing, "http://changing.example:PORT/", ["127.0.0.1"], ["127.0.0.2"], times=2)
    )
    assert results[0].status == 200
    assert results[1].reason == "ADDRESS_REFUSED"
    assert len(allowed.received) == 1
    assert not private.connections


def test_a_name_is_looked_up_once_for_a_request() -> None:
    asked, lookup = names(["127.0.0.1"], ["127.0.0.2"])

    async def main() -> Listener:
        async with listening() as allowed:
            await sent(f"http://changing.example:{allowed.port}/", Transport(ONLY, lookup=lookup))
            return allowed

    assert asyncio.run(main()).received[0].headers["host"].startswith("changing.example:")
    assert asked == ["changing.example"]


def test_an_allowed_network_is_reached_and_its_neighbour_is_not() -> None:
    allowed, private, (reply,) = asyncio.run(two(None, "http://127.0.0.1:PORT/"))
    assert reply.status == 200
    assert len(allowed.received) == 1
    _, private, (error,) = asyncio.run(two(None, "http://127.0.0.2:PORT/"))
    assert error.reason == "ADDRESS_REFUSED"
    assert not private.connections


@pytest.mark.parametrize("url", ["http://[::ffff:127.0.0.1]:PORT/", "http://inside.example:PORT/"])
def test_an_allowed_network_is_allowed_in_other_spellings_too(url: str) -> None:
    allowed, _, (reply,) = asyncio.run(two(None, url, ["::ffff:127.0.0.1"]))
    assert reply.status == 200
    assert len(allowed.received) == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> tuple[Listener, Listener]:
        async with listening() as proxy, listening() as wanted:
            monkeypatch.setenv(name, proxy.url)
            await sent(wanted.url, Transport(ONLY))
            return proxy, wanted

    proxy, wanted = asyncio.run(main())
    assert not proxy.connections
    assert len(wanted.received) == 1


def test_the_gate_at_the_socket_holds_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the URL let through, the connection would still not be made."""
    everything = Guard([ipaddress.ip_network("0.0.0.0/0")])
    read = everything.target
    monkeypatch.setattr(Guard, "target", lambda guard, url: read(url))
    _, private, (error,) = asyncio.run(two(None, "http://127.0.0.2:PORT/"))
    assert error.reason == "ADDRESS_REFUSED"
    assert not private.connections


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", ()),
        ("10.1.0.0/16", ("10.1.0.0/16",)),
        (" 10.1.0.0/16 , 192.168.7.9,fd00::/8 ,", ("10.1.0.0/16", "192.168.7.9/32", "fd00::/8")),
    ],
)
def test_networks_are_read_from_the_setting(text: str, networks: tuple[str, ...]) -> None:
    assert tuple(map(str, _networks(text))) == networks


@pytest.mark.parametrize("text", ["office", "10.1.2.3/16", "10.0.0.0/33", "10.0.0.0/8;10.1.0.0/16"])
def test_a_setting_that_is_no_network_says_which(text: str) -> None:
    with pytest.raises(ValueError, match=r"PITCAIRN_DELIVERY_NETWORKS has '.*write it as 10"):
        _networks(text)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://user:password@example.com/path?key=secret", "'https://example.com'"),
        ("https://example.com:8443/T000/B000/secret", "'https://example.com:8443'"),
        ("not at all", "'not'"),
        ("", "''"),
    ],
)
def test_an_error_does_not_repeat_what_may_be_secret(url: str, said: str) -> None:
    assert shown(url) == said
