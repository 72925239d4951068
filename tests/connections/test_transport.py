"""Outgoing HTTP: what is sent, what is read of the answer, and what each way to fail is called."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from connections.authority import Authority
from connections.listener import Answer, Listener, Received, answer, listening, raw
from pitcairn.connections.delivery.transport import ANSWER_BYTES, Transport, TransportError
from pitcairn.connections.destination import Reply, Request

T = TypeVar("T")
LOCAL = (ipaddress.ip_network("127.0.0.0/8"),)


def exchange(
    does: Answer | None = None, *, timeout: float = 20, times: int = 1, **changes: Any
) -> tuple[Listener, list[Reply]]:
    """Sends a request, some times over, to a server that does this."""

    async def main() -> tuple[Listener, list[Reply]]:
        async with listening(does) as server:
            wanted = {"messages": [], "url": f"{server.url}/hook?a=b", "body": b'{"a":1}', **changes}
            transport = Transport(LOCAL)
            try:
                return server, [await transport.send(Request(**wanted), timeout) for _ in range(times)]
            finally:
                await transport.close()

    return asyncio.run(main())


def failure(does: Answer | None = None, **changes: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        exchange(does, **changes)
    return caught.value


def test_a_request_goes_out_as_it_was_made() -> None:
    server, _ = exchange(method="PUT", headers={"Content-Type": "application/json", "X-One": "1"})
    (received,) = server.received
    assert (received.method, received.path, received.body) == ("PUT", "/hook?a=b", b'{"a":1}')
    host = received.headers.pop("host")
    assert host == f"127.0.0.1:{server.port}"
    assert received.headers == {
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-length": "7",
        "content-type": "application/json",
        "user-agent": "Pitcairn",
        "x-one": "1",
    }


def test_an_address_that_is_quoted_already_is_not_quoted_again() -> None:
    server, _ = exchange()
    port = server.port

    async def main() -> str:
        async with listening(port=port) as again:
            transport = Transport(LOCAL)
            await transport.send(Request(messages=[], url=f"{again.url}/a%2Fb%20c?d=%26&e=f+g", body=b""), 20)
            await transport.close()
            return again.received[0].path

    assert asyncio.run(main()) == "/a%2Fb%20c?d=%26&e=f+g"


@pytest.mark.parametrize("status", [200, 204, 302, 404, 429, 500, 599])
def test_the_answer_is_returned_whatever_its_status(status: int) -> None:
    body = b"" if status == 204 else b'{"message":"said"}'
    _, (reply,) = exchange(answer(status, body, "Retry-After: 7\r\nX-Said: yes\r\n"))
    assert (reply.status, reply.body) == (status, body)
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-said"] == "yes"


def test_connections_are_kept_open() -> None:
    server, replies = exchange(times=5)
    assert len(replies) == len(server.received) == 5
    assert server.connections == 1


def test_cookies_are_not_kept() -> None:
    server, _ = exchange(answer(headers="Set-Cookie: a=b; Path=/\r\n"), times=2)
    assert all("cookie" not in received.headers for received in server.received)


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    _, (reply,) = exchange(answer(200, b"x" * (3 * ANSWER_BYTES)))
    assert reply.body == b"x" * ANSWER_BYTES


def test_an_answer_without_an_end_is_cut() -> None:
    async def endless(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"y" * 65_536)
            await writer.drain()

    _, (reply,) = exchange(endless)
    assert reply.body == b"y" * ANSWER_BYTES


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_packed_answer_is_unpacked_so_far(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    headers = f"Content-Encoding: {encoding}\r\n"
    _, (reply,) = exchange(answer(400, pack(b'{"message":"no"}'), headers))
    assert reply.body == b'{"message":"no"}'
    _, (reply,) = exchange(answer(200, pack(b"\0" * 50_000_000), headers))
    assert reply.body == b"\0" * ANSWER_BYTES
    _, (reply,) = exchange(answer(200, b"not packed", headers))
    assert reply.body == b"not packed"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere.example"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "upgrade"},
        {"X-One": "1\r\nX-Two: 2"},
        {"X-One": "1\n"},
        {"X-One": "\0"},
        {"X One": "1"},
        {"X-One:": "1"},
        {"": "1"},
    ],
    ids=str,
)
def test_headers_cannot_change_how_the_request_is_framed(headers: dict[str, str]) -> None:
    error = failure(headers=headers)
    assert (error.reason, error.retry) == ("INVALID_REQUEST", False)


@pytest.mark.parametrize("method", ["", "PO ST", "POST / HTTP/1.1\r\nHost: elsewhere\r\n\r\nGET"])
def test_a_method_that_is_none_is_not_sent(method: str) -> None:
    error = failure(method=method)
    assert (error.reason, error.retry) == ("INVALID_REQUEST", False)


# ── Ways to fail ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def hang(received: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def half(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await asyncio.Event().wait()


async def reset(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


@pytest.mark.parametrize("does", [hang, half])
def test_no_whole_answer_in_time(does: Answer) -> None:
    error = failure(does, timeout=0.2)
    assert (error.reason, error.retry) == ("ETIMEDOUT", True)
    assert "0.2 s" in error.detail


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        (reset, "ECONNRESET"),
        (raw(b""), "ECONNRESET"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), "ECONNRESET"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "INVALID_RESPONSE"),
        (raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n"), "INVALID_RESPONSE"),
        (raw(b"HTTP/1.1 two hundred OK\r\n\r\n"), "INVALID_RESPONSE"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n"), "INVALID_RESPONSE"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 100_000 + b"\r\n"), "INVALID_RESPONSE"),
    ],
)
def test_an_answer_that_is_none(does: Answer, reason: str) -> None:
    error = failure(does)
    assert (error.reason, error.retry) == (reason, True)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = failure(url=f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert (error.reason, error.retry) == ("ECONNREFUSED", True)


@pytest.mark.parametrize(("code", "reason"), [(socket.EAI_NONAME, "ENOTFOUND"), (socket.EAI_AGAIN, "EAI_AGAIN")])
def test_a_name_that_cannot_be_looked_up(code: int, reason: str) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror(code, "said the name server")

    async def main() -> None:
        transport = Transport(lookup=lookup)
        try:
            await transport.send(Request(messages=[], url="https://nowhere.example/secret-path", body=b""), 20)
        finally:
            await transport.close()

    with pytest.raises(TransportError) as caught:
        asyncio.run(main())
    assert (caught.value.reason, caught.value.retry) == (reason, True)
    assert "nowhere.example" in caught.value.detail
    assert "secret-path" not in caught.value.detail


def test_a_cancelled_request_leaves_the_transport_whole() -> None:
    async def main() -> int:
        async with listening(hang) as hanging, listening() as well:
            transport = Transport(LOCAL)
            task = asyncio.create_task(transport.send(Request(messages=[], url=hanging.url, body=b""), 20))
            while not hanging.received:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            reply = await transport.send(Request(messages=[], url=well.url, body=b""), 20)
            await transport.close()
            return reply.status

    assert asyncio.run(main()) == 200


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def over_tls(context: ssl.SSLContext) -> tuple[Listener, Reply]:
    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with listening(context=context) as server:
        transport = Transport(LOCAL, lookup=lookup)
        try:
            request = Request(messages=[], url=f"https://hooks.example:{server.port}/", body=b"secret")
            return server, await transport.send(request, 20)
        finally:
            await transport.close()
            assert all(received.body == b"secret" for received in server.received)


def test_a_trusted_certificate(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server, reply = asyncio.run(over_tls(authority.server("hooks.example")))
    assert reply.status == 200
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("name", "days", "trusted"), [("hooks.example", 1, False), ("other.example", 1, True), ("hooks.example", -1, True)]
)
def test_nothing_is_sent_to_a_server_with_a_wrong_certificate(
    name: str, days: int, trusted: bool, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))

    async def main() -> Awaitable[None] | None:
        with pytest.raises(TransportError) as caught:
            await over_tls(authority.server(name, days=days))
        assert (caught.value.reason, caught.value.retry) == ("CERTIFICATE", True)
        assert "hooks.example" in caught.value.detail
        return None

    asyncio.run(main())
