"""What a connection makes of bytes that are not quite HTTP, or not quite what they seem. Over real sockets."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass

import pytest

from pitcairn.edge.protocol import HEAD_BYTES
from server import PATIENCE_SECONDS, WRITE_KEYS, Server, unique

TRACK = {"writeKey": WRITE_KEYS["website"], "anonymousId": "a", "event": "E"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes


def converse(server: Server, *sent: bytes) -> bytes:
    """Sends everything, and reads until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_SECONDS) as connection:
        received = b""
        try:
            for part in sent:
                connection.sendall(part)
            while part := connection.recv(65_536):
                received += part
        except ConnectionError:
            pass  # It was closed while we still sent: what came before counts.
        return received


def reply(text: bytes) -> Reply:
    head, _, rest = text.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", "0"))
    return Reply(int(status.split(" ")[1]), headers, rest[:length], rest[length:])


def request(body: bytes, *headers: bytes, path: bytes = b"/v1/t", close: bool = True) -> bytes:
    lines = [b"POST %s HTTP/1.1" % path, b"Host: x", *headers]
    if close and not any(b"connection" in header.lower() for header in headers):
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"FETCH / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/t HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"POST /v1/t HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /v1/t HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
        b"POST /v1/t HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n", b"POST /v1/t HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_not_http_is_answered_in_json(server: Server, sent: bytes) -> None:
    answer = reply(converse(server, sent))
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    said = json.loads(answer.body)
    assert (said["success"], said["code"], said["message"], said["error"]) == (
        False, "not_http", "The request is not HTTP/1.1", "The request is not HTTP/1.1",
    )  # fmt: skip


@pytest.mark.parametrize("header", [b"A: " + b"x" * HEAD_BYTES, b"A: b\r\n" * (HEAD_BYTES // 6)], ids=["one", "many"])
def test_a_head_that_is_too_long_is_refused(server: Server, header: bytes) -> None:
    start = b"POST /v1/t HTTP/1.1\r\nHost: x\r\n"
    # Not a byte beyond what is read: TCP's reset, which answers the rest, would take the answer away.
    answer = reply(converse(server, (start + header)[: HEAD_BYTES + 1]))
    assert answer.status == 431
    assert json.loads(answer.body)["code"] == "headers_too_large"


def test_a_head_without_end_is_cut_off(server: Server) -> None:
    endless = b"A: b\r\n" * 2_000_000
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"POST /v1/t HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(ConnectionError):
            connection.sendall(endless)


def test_large_headers_within_the_limit_are_read(server: Server) -> None:
    message_id = unique()
    body = json.dumps({**TRACK, "messageId": message_id}).encode()
    assert reply(converse(server, request(body, b"Cookie: " + b"c" * (HEAD_BYTES // 2)))).status == 200
    server.message(message_id)


@pytest.mark.parametrize(
    "upgrade",
    [
        (
            b"Connection: Upgrade, HTTP2-Settings",
            b"Upgrade: h2c",
            b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
        ),
        (
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Sec-WebSocket-Version: 13",
        ),
    ],
    ids=["h2c, as Java asks", "websocket"],
)
@pytest.mark.parametrize("cut", [None, 60, -5], ids=["whole", "cut in the head", "cut in the body"])
def test_a_request_that_asks_for_another_protocol_is_answered_in_this_one(
    server: Server, upgrade: tuple[bytes, ...], cut: int | None
) -> None:
    ids = [unique(), unique()]
    first, second = (json.dumps({**TRACK, "messageId": message_id}).encode() for message_id in ids)
    asking = request(first, *upgrade)
    parts = [asking] if cut is None else [asking[:cut], asking[cut:]]
    received = converse(server, *parts, request(second))
    answer = reply(received)
    assert (answer.status, json.loads(answer.body)) == (200, {"success": True})
    assert reply(answer.rest).status == 200
    for message_id in ids:
        server.message(message_id)


def test_requests_may_follow_each_other_without_waiting(server: Server) -> None:
    who = unique()
    bodies = [json.dumps({**TRACK, "anonymousId": who, "properties": {"n": n}}).encode() for n in range(50)]
    received = converse(server, b"".join(request(body, close=body is bodies[-1]) for body in bodies))
    assert received.count(b"HTTP/1.1 200 OK") == len(bodies)
    server.settle()
    stored = server.events(search=who)["messages"]
    assert sorted(message["properties"]["n"] for message in stored) == list(range(50))


def test_a_body_that_is_announced_and_awaited(server: Server) -> None:
    """`Expect: 100-continue`, as curl asks for larger bodies."""
    message_id = unique()
    body = json.dumps({**TRACK, "messageId": message_id}).encode()
    whole = request(body, b"Expect: 100-continue")
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(whole.removesuffix(body))
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert reply(connection.recv(65_536)).status == 200
    server.message(message_id)


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(server: Server) -> None:
    message_id = unique()
    body = json.dumps({**TRACK, "messageId": message_id}).encode()
    for end in (10, 80, -1):
        with socket.create_connection((server.host, server.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(request(body)[:end])
    server.settle()
    assert server.events(search=message_id) == {"messages": [], "refused": []}


@pytest.mark.parametrize("host", [b"a b", b"\xff", b"", b"example.com:99999999", b"[::1", b"<script>"])
@pytest.mark.parametrize(
    "path",
    [b"/sign-in/", b"/v1/projects/website-write-key/settings", b"/tag/website-write-key.js", b"/v1/t", b"/health"],
)
def test_no_host_header_makes_it_fail(server: Server, host: bytes, path: bytes) -> None:
    received = converse(server, b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    assert 200 <= reply(received).status < 500
