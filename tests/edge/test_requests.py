"""What the edge reads of a request: the body up to a limit, packed or not; the key; who sent it."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.edge.requests import (
    BodyTooLarge,
    BodyUnreadable,
    ClientGone,
    HeaderReader,
    RequestHeaders,
    basic_key,
    client_ip,
    cookie_value,
    read_body,
)

LIMIT = 1_000
PACKED = gzip.compress(b"text")


def read(parts: Iterable[bytes], encoding: bytes = b"", *, gone: bool = False) -> bytes:
    """Reads a body that comes in these parts; with `gone` the client leaves before the last."""
    events: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if gone:
        events.append({"type": "http.disconnect"})
    else:
        events[-1] |= {"more_body": False}

    async def receive() -> dict[str, Any]:
        return events.pop(0)

    return asyncio.run(read_body(receive, LIMIT, encoding))


@given(st.lists(st.binary(max_size=700), min_size=1, max_size=5))
def test_a_body_is_read_whole_or_refused(parts: list[bytes]) -> None:
    body = b"".join(parts)
    if len(body) <= LIMIT:
        assert read(parts) == body
    else:
        with pytest.raises(BodyTooLarge) as caught:
            read(parts)
        assert body.startswith(caught.value.start)
        assert body.endswith(caught.value.end)
        assert len(caught.value.start) == LIMIT
        assert len(caught.value.end) == 1_000
        assert "1,000 bytes" in str(caught.value)


def test_the_limit_itself_is_allowed() -> None:
    assert read([b"x" * LIMIT]) == b"x" * LIMIT
    assert read([b"x"] * LIMIT) == b"x" * LIMIT
    with pytest.raises(BodyTooLarge):
        read([b"x"] * (LIMIT + 1))


@pytest.mark.parametrize("parts", [[], [b"half"]])
def test_a_client_that_leaves_is_noticed(parts: list[bytes]) -> None:
    with pytest.raises(ClientGone):
        read(parts, gone=True)


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.sampled_from([b"gzip", b"x-gzip", b"GZip", b" gzip "])
)
def test_gzip_of_any_number_of_members_is_unpacked(members: list[bytes], encoding: bytes) -> None:
    packed = b"".join(map(gzip.compress, members))
    assert read([packed], encoding) == b"".join(members)
    assert read([packed[:7], packed[7:], b""], encoding) == b"".join(members)
    assert read([packed + b"\0" * 20], encoding) == b"".join(members)


def test_other_encodings() -> None:
    assert read([zlib.compress(b"text")], b"deflate") == b"text"
    assert read([b"text"], b"identity") == b"text"
    assert read([b"text"], b"Identity ") == b"text"
    for encoding in (b"br", b"zstd", b"gzip, gzip", b"*", b"\xff"):
        with pytest.raises(BodyUnreadable, match="not supported"):
            read([b"text"], encoding)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text",
        PACKED[:-1],
        PACKED[:5],
        PACKED + b"more",
        PACKED[:-4] + b"\0\0\0\1",
        gzip.compress(b"") * 17,
    ],
    ids=["nothing", "text", "a byte short", "half a head", "more behind it", "wrong length", "too many members"],
)
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BodyUnreadable):
        read([body], b"gzip")


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"x" * (LIMIT + 1)),
        gzip.compress(b"x" * 600) + gzip.compress(b"x" * 600),
        gzip.compress(b"x" * 50_000_000),
        gzip.compress(b"x" * LIMIT) + gzip.compress(b"x"),
    ],
    ids=["one over", "two members", "bomb", "a byte in the second member"],
)
def test_the_limit_holds_for_what_is_unpacked(body: bytes) -> None:
    with pytest.raises(BodyTooLarge) as caught:
        read([body[:500], body[500:]] if len(body) <= LIMIT else [body], b"gzip")
    assert len(caught.value.start) <= LIMIT


def test_a_packed_body_over_the_limit_is_not_unpacked() -> None:
    with pytest.raises(BodyTooLarge) as caught:
        read([b"\x1f\x8b" + b"x" * LIMIT], b"gzip")
    assert (caught.value.start, caught.value.end) == (b"", b"")


@given(
    st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["", ":", ":password"]),
)
def test_the_key_is_read_from_basic(key: str, rest: str) -> None:
    encoded = b64encode(f"{key}{rest}".encode())
    for scheme in (b"Basic ", b"basic ", b"BASIC  "):
        assert basic_key(scheme + encoded) == key


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Bearer dG9rZW4=",
        b"Basic !!!",
        b"Basic ====",
        b"Basic /w==",
        b"Basic a",
        b"\xff\xfe",
        b"Basic a2V5Og==x",
    ],
)
def test_what_is_no_basic_gives_no_key(header: bytes) -> None:
    assert not basic_key(header)


@given(st.binary(max_size=60))
def test_no_header_makes_it_fail(value: bytes) -> None:
    basic_key(value)
    basic_key(b"Basic " + value)
    cookie_value(value, b"name")
    client_ip({"client": ("192.0.2.1", 1)}, RequestHeaders(forwarded_for=value), 1)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        (b"", 0, "192.0.2.1"),
        (b"", 1, "192.0.2.1"),
        (b"203.0.113.7", 0, "192.0.2.1"),
        (b"203.0.113.7", 1, "203.0.113.7"),
        (b"198.51.100.1, 203.0.113.7", 1, "203.0.113.7"),
        (b"198.51.100.1, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        (b"203.0.113.7", 5, "203.0.113.7"),
        (b"2001:db8::1", 1, "2001:db8::1"),
    ],
)
def test_the_address_of_the_sender(forwarded: bytes, proxies: int, expected: str) -> None:
    scope = {"client": ("192.0.2.1", 4711)}
    assert client_ip(scope, RequestHeaders(forwarded_for=forwarded), proxies) == expected


def test_without_a_client_there_is_no_address() -> None:
    """Over a Unix socket."""
    assert client_ip({"client": None}, RequestHeaders(), 0) == ""
    assert client_ip({}, RequestHeaders(), 0) == ""


def test_headers_are_read_in_one_pass() -> None:
    reader = HeaderReader("x-country")
    headers = reader.read({
        "headers": [
            (b"authorization", b"Basic eA=="), (b"content-encoding", b"gzip"), (b"x-country", b"DE"), (b"x-other", b"1"), (b"origin", b"null"),
        ]
    })  # fmt: skip
    assert headers == RequestHeaders(
        authorization=b"Basic eA==", content_encoding=b"gzip", country=b"DE", origin=b"null"
    )


def test_cookies() -> None:
    cookie = b"a=1; pitcairn_visitor=v-1;b=2; pitcairn_visitor=v-2"
    assert cookie_value(cookie, b"pitcairn_visitor") == "v-1"
    assert cookie_value(cookie, b"b") == "2"
    assert cookie_value(cookie, b"visitor") == ""
    assert cookie_value(b"", b"a") == ""
