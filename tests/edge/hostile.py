"""Hostile requests, in two kinds.

*Told* requests are built from parts whose fate is known beforehand by `wire.naive`, a second reading of the rules: what must
be stored, what must be refused, and why. They go to the source "website". *Wild* requests may be anything; of them it is only
asked that they are answered, and with no 5xx. They go to a source of another workspace, so that they cannot blur the count.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from server import WRITE_KEYS, basic_authorization
from wire.naive import faults
from wire.strategies import Parts, doubtful_messages, good_messages

SINGLE = {
    f"/v1/{name}": kind
    for kind in ("identify", "track", "page", "screen", "group", "alias")
    for name in (kind, kind[0])
}
BATCH = ("/v1/batch", "/v1/import", "/v1/b", "/v1/import/")
SINGLE_LIMIT, BATCH_LIMIT = 32_768, 512_000
BOMB = gzip.compress(b"[" * 30_000_000, 9)


@dataclass(repr=False)
class Attack:
    """One request as bytes, and what must come of it. `serial` numbers are what told messages are found by again."""

    sent: bytes
    head: bool = False
    statuses: frozenset[int] | None = None
    """None: anything below 500."""
    stored: list[str] = field(default_factory=list)
    refused: dict[str, set[str]] = field(default_factory=dict)
    """Reasons by serial."""
    unnumbered: list[set[str]] = field(default_factory=list)
    """Reasons for refusals of what has no serial: requests as a whole, and items that are no objects."""

    def __repr__(self) -> str:
        return f"{self.sent[:200]!r}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis shows of it."""
        printer.text(repr(self))


class Serials:
    """Gives out what no other message of the run has."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> str:
        self._next += 1
        return f"serial-{self._next:06}-"


def http(
    path: str | bytes,
    body: bytes | None,
    headers: list[tuple[bytes, bytes]],
    *,
    method: bytes = b"POST",
    chunks: int = 0,
) -> bytes:
    """The request as bytes. With `chunks` its body is cut into so many."""
    target = path if isinstance(path, bytes) else path.encode()
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: edge.test", *(b"%s: %s" % header for header in headers)]
    if body is None:
        return b"\r\n".join([*lines, b"", b""])
    if not chunks:
        return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
    size = max(len(body) // chunks, 1)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    packed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", packed + b"0\r\n\r\n"])


# ── What a message may be made of ────────────────────────────────────────────────────────────────────────────────────────

RAW_VALUES = (
    "1e999", "-1e999", "1e-999", "9" * 400, "9" * 5_000, "-0", "1.0000000000000000000000001", "18446744073709551616", '"\\ud83d"',
    '"\\ude00\\ud83d"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u0000\\ud800"', "[" * 150 + "]" * 150, "[" * 197 + "]" * 197, "[" * 205 + "]" * 205,
    '{"a":' * 150 + "1" + "}" * 150, '{"a":' * 600 + "1" + "}" * 600, "[" * 990 + "]" * 990, "[" * 2_000 + "]" * 2_000, "[" + "[]," * 500 + "[]]",
    '"' + "x" * 33_000 + '"', '{"__proto__": 1, "constructor": 2}', '{"a": 1, "a": 2}', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"<script>"', "\"' OR 1=1 --\"",
    '"%s%n{}{0}"', '"../../etc/passwd"', '"\\uffff\\ufffe"', '"\\u202e"', '{"": {"": {"": ""}}}', '{"a.b": {"c": 1}, "a": {"b.c": 2}}', "true", "null", "[]", "{}",
)  # fmt: skip
# Near the depth at which Python gives up, which is another one wherever a message is read or written.
RAW_VALUES += tuple(
    '{"a":' * depth + "1" + "}" * depth for depth in (198, 199, 200, 960, 975, 985, 990, 993, 995, 996, 997)
)
RAW_BYTES = (b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b'"\xf4\x90\x80\x80"', b'"ok \xc3\xa9"', b'{"\xff": 1}')
FIELDS = (
    "type", "userId", "anonymousId", "groupId", "previousId", "messageId", "event", "name", "category", "properties", "traits", "context",
    "integrations", "timestamp", "originalTimestamp", "sentAt", "_metadata", "channel", "traits.email", "context.traits",
)  # fmt: skip
ALL_RAW = [*(value.encode() for value in RAW_VALUES), *RAW_BYTES]
# By number: hypothesis would write the values themselves out, which are large.
raw_values = st.integers(0, len(ALL_RAW) - 1).map(lambda number: ALL_RAW[number])


# Values to choose from, not to make: ten thousand requests are to be drawn in a minute.
OBJECTS: list[dict[str, Any]] = [
    {}, {"a": 1}, {"email": "a@example.com"}, {"email": 5, "traits": {"email": "\0@x"}}, {"traits": {"email": "B@example.com "}}, {"ip": "x", "direct": True},
    {"All": False}, {"All": True, "Mutiny": False}, {"Mutiny": {"x": [1]}}, {"bundled": ["Mutiny"]}, {"": {"": ""}}, {"n": 10**30, "f": -1.5e300, "b": None},
    {"\ud83d": "\ude00"}, {"text": "Grüße 👩🏽\u200d💻 \u2028"}, {"list": [[], {}, [[None]]]}, {"k" * 200: "v" * 2_000}, {f"key {n}": n for n in range(200)},
    {"page": {"url": "http://[::1"}, "userAgent": "(" * 500}, {"exposureId": "exp-1-1-x", "visitorId": "v", "experienceId": 1}, {"$ne": None, "__proto__": {}},
]  # fmt: skip
NAMES = [
    "u",
    "Ünïcode 世界",
    "x" * 500,
    "0",
    "null",
    "anonymous",
    "-1",
    "a b",
    "'; --",
    "\x7f",
    "\u202e",
    "Mutiny Experience Viewed",
    "👩🏽‍💻",
    "a" * 80,
]
PARTS = Parts(
    ids=st.sampled_from(NAMES),
    texts=st.sampled_from([*NAMES, ""]),
    objects=st.sampled_from(OBJECTS),
    values=st.sampled_from([*NAMES, *OBJECTS, None, True, 0, -1, 2.5, 10**40, [], [1, [2]]]),
)


@st.composite
def numbered_texts(draw: st.DrawFn, serials: Serials, *, single: bool = False) -> tuple[bytes, str]:
    """A message's JSON text with a serial in it, good or not, and the serial."""
    message = draw(st.one_of(good_messages(PARTS), doubtful_messages(PARTS), doubtful_messages(PARTS)))
    serial = serials()
    message["own"] = serial
    if single:
        message.pop("writeKey", None)  # It would be the request's.
    if isinstance(message.get("messageId"), str) and 0 < len(message["messageId"]) <= 80:
        # Good ids must differ: a second message with the same one is a duplicate.
        message["messageId"] += serial
    elif message.get("messageId") == "x" * 100:
        message["messageId"] = serial.rjust(100, "x")
    text = json.dumps(message).encode()
    if draw(st.integers(0, 2)) == 0:
        # The value of a field as no JSON writer would write it.
        name, value = draw(st.sampled_from(FIELDS)), draw(raw_values)
        if name == "messageId":
            value = b'["no id"]'
        message.pop(name, None)
        text = json.dumps(message).encode()[:-1] + b', "%s": %s}' % (name.encode(), value)
    return text, serial


odd_items = st.one_of(
    st.sampled_from(
        [
            b"null",
            b"7",
            b"true",
            b'"text"',
            b"[]",
            b"[{}]",
            b"1e999",
            b"[" * 300 + b"]" * 300,
            b"[" * 3_000 + b"]" * 3_000,
            b'"\\ud800"',
        ]
    ),
    st.sampled_from([*NAMES, 2.5, -1, 10**40, [{}], [[[None]]]]).map(lambda value: json.dumps(value).encode()),
)
spaces = st.sampled_from([b"", b"", b" ", b"\n\t "])


def good_text(serial: str) -> bytes:
    return json.dumps(
        {"type": "track", "userId": "sentinel", "event": "Sentinel", "messageId": serial, "own": serial}
    ).encode()


# ── Told requests ────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def told_batches(draw: st.DrawFn, serials: Serials) -> Attack:
    """A batch of messages good and bad, with a good one on either side of each."""
    items: list[bytes] = [good_text(first := serials())]
    attack = Attack(b"", statuses=frozenset({200}), stored=[first])
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 3)) == 0:
            item = draw(odd_items)
            attack.unnumbered.append(faults(item))
        else:
            item, serial = draw(numbered_texts(serials))
            if reasons := faults(item):
                attack.refused[serial] = reasons
            else:
                attack.stored.append(serial)
        items += [item, good_text(sentinel := serials())]
        attack.stored.append(sentinel)
    if attack.refused or attack.unnumbered:
        attack.unnumbered.append({"multi_user_error"})
    space = draw(spaces)
    parts = [b'"batch":%s[%s%s]' % (space, space, (space + b"," + space).join(items))]
    for name in draw(
        st.lists(st.sampled_from([b"context", b"integrations", b"sentAt", b"timestamp", b"x"]), max_size=2, unique=True)
    ):
        parts.insert(draw(st.integers(0, len(parts))), b'"%s":%s' % (name, draw(raw_values)))
    attack.sent = _delivered(draw, draw(st.sampled_from(BATCH)), parts, attack, BATCH_LIMIT)
    return attack


@st.composite
def told_singles(draw: st.DrawFn, serials: Serials) -> Attack:
    text, serial = draw(numbered_texts(serials, single=True))
    path = draw(st.sampled_from(sorted(SINGLE)))
    attack = Attack(b"", statuses=frozenset({200}))
    if reasons := faults(text, SINGLE[path]):
        attack.refused[serial] = reasons
    else:
        attack.stored.append(serial)
    attack.sent = _delivered(draw, path, [text[1:-1]], attack, SINGLE_LIMIT)
    return attack


def _delivered(draw: st.DrawFn, path: str, parts: list[bytes], attack: Attack, limit: int) -> bytes:
    """The object with these members, sent in one of the ways there are. What is over the limit is told to be refused."""
    headers = [
        draw(
            st.sampled_from(
                [(b"Content-Type", b"application/json"), (b"Content-Type", b"text/plain"), (b"X-None", b"")]
            )
        )
    ]
    key, inside = WRITE_KEYS["website"], draw(st.booleans())
    packing = draw(st.sampled_from([None, None, None, "gzip", "deflate"]))
    if inside:
        # Of a packed body that is too large only the beginning is ever seen.
        parts.insert(0 if packing else draw(st.sampled_from([0, len(parts)])), b'"writeKey":"%s"' % key.encode())
    else:
        headers.append((b"Authorization", basic_authorization(key, colon=draw(st.booleans())).encode()))
    body = b"{" + b",".join(part for part in parts if part) + b"}"
    if len(body) > limit:
        attack.statuses = frozenset({400})
        attack.stored, attack.refused, attack.unnumbered = [], {}, [{"request_too_large"}]
    if packing == "gzip":
        body, headers = gzip.compress(body, 1), [*headers, (b"Content-Encoding", b"gzip")]
    elif packing == "deflate":
        body, headers = zlib.compress(body, 1), [*headers, (b"Content-Encoding", b"deflate")]
    return http(path, body, headers, chunks=draw(st.sampled_from([0, 0, 0, 1, 3])))


BROKEN = (
    b"", b" ", b"{", b"}", b"[", b"null", b"7", b'"text"', b"[]", b"[{}]", b"nonsense", b"{'a': 1}", b'{"a": NaN}', b'{"a": 01}', b'{"a": 1,}', b'{"a"}',
    b'{"batch": [{}', b'{"batch": [{},]}', b'{"batch": [{} {}]}', b'{"batch": [{"a": tru}]}', b'{"batch": [}', b'{"a": "\n"}', b'{"a": "\x00"}', b'{"a": "',
    b'{"a": "\\x"}', b'{"a": "\\u12"}', b'{"a": 1}{"a": 1}', b"[" * 3_000, b"{" * 3_000, b'{"batch": [' + b"[" * 3_000 + b"]}", b'{"a": "' + b'\\"' * 5_000,
    '{"a": 1}'.encode("utf-16"), '{"batch": [1]}'.encode("utf-32"), b"event=E&userId=u", b"--boundary\r\n", b"<xml/>", b"\x00" * 50, bytes(range(256)),
)  # fmt: skip


@st.composite
def told_broken(draw: st.DrawFn) -> Attack:
    """What is no JSON object, or does not hold what its encoding says: 400, and recorded."""
    headers = [(b"Authorization", basic_authorization(WRITE_KEYS["website"]).encode())]
    body = BROKEN[draw(st.integers(0, len(BROKEN) - 1))]
    how = draw(st.integers(0, 7))
    if how == 0:
        headers.append(
            (
                b"Content-Encoding",
                draw(st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip", b"x", b"\xe9"])),
            )
        )
    elif how == 1:
        body, headers = gzip.compress(body), [*headers, (b"Content-Encoding", b"gzip")]
    elif how == 2:
        body, headers = gzip.compress(b"{}")[: draw(st.integers(0, 21))], [*headers, (b"Content-Encoding", b"gzip")]
    attack = Attack(b"", statuses=frozenset({400}), unnumbered=[{"malformed_json"}])
    if how == 3:
        body, headers = BOMB, [*headers, (b"Content-Encoding", b"gzip")]
        attack.unnumbered = [{"request_too_large"}]
    path = draw(st.sampled_from([*BATCH[:3], *sorted(SINGLE)])) if how != 3 else draw(st.sampled_from(BATCH))
    attack.sent = http(path, body, headers, chunks=draw(st.sampled_from([0, 0, 2])))
    return attack


AS_A_WHOLE = (
    (b"{}", "empty_batch", 200), (b'{"batch":[]}', "empty_batch", 200), (b'{"batch":null}', "empty_batch", 200),
    (b'{"batch":{"a":1}}', "empty_batch", 200), (b'{"batch":"[1]"}', "empty_batch", 200),
    (b'{"batch":[' + b"{}," * 2_500 + b"{}]}", "batch_too_long", 200),
    (b'{"batch":["' + b"x" * BATCH_LIMIT + b'"]}', "request_too_large", 400),
)  # fmt: skip


@st.composite
def told_requests_as_a_whole(draw: st.DrawFn) -> Attack:
    """Batches of nothing, and of too much."""
    headers = [(b"Authorization", basic_authorization(WRITE_KEYS["website"]).encode())]
    body, reason, status = AS_A_WHOLE[draw(st.integers(0, len(AS_A_WHOLE) - 1))]
    return Attack(
        http(draw(st.sampled_from(BATCH)), body, headers), statuses=frozenset({status}), unnumbered=[{reason}]
    )


# ── Wild requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

KEY = WRITE_KEYS["elsewhere"].encode()
WILD_PATHS = (
    b"/", b"/v1", b"/v1/", b"/v1/t", b"/v1/t/", b"/v1//t", b"//v1/t", b"/v1/t?writeKey=x", b"/v1/t#x", b"/v1/%74", b"/v1/t%00", b"/v1/%ff", b"/v1/../v1/t", b"/v1/%2e%2e/t",
    b"/V1/T", b"/v1/batch", b"/v1/b", b"/v1/m", b"/v1/decide", b"/v1/decide/", b"/v1/projects/" + KEY + b"/settings", b"/v1/projects//settings", b"/v1/projects/x/settings",
    b"/v1/projects/settings", b"/v1/projects/" + b"x" * 5_000 + b"/settings", b"/v1/pixel/track?data=x", b"/v1/" + b"x" * 20_000, b"/tag/" + KEY + b".js", b"/tag/x.js",
    b"/tag/0.0.0/" + KEY + b".js", b"/tag/", b"/tag/shim.js", b"/tag/../../etc/passwd", b"/tag/%2e%2e%2fsettings.py", b"/health", b"/control", b"/static/../settings.py",
    b"/sign-in/", b"/experiences/9999999999999999999999/", b"/no/such/page", b"*", b"http://elsewhere.test/v1/t", b"/v1/t\xff", b"/ v1/t", b"/v1/t?" + b"a=b&" * 3_000,
)  # fmt: skip
METHODS = (b"POST",) * 6 + (
    b"GET",
    b"HEAD",
    b"OPTIONS",
    b"PUT",
    b"DELETE",
    b"PATCH",
    b"TRACE",
    b"PROPFIND",
    b"BREW",
    b"",
)
WILD_HEADERS = (
    (b"Authorization", b"Basic " + b"A" * 9_000), (b"Authorization", b"Basic"), (b"Authorization", b"Basic \xff\xfe"), (b"Authorization", b"Basic Og=="),
    (b"Authorization", b"Bearer x.y.z"), (b"Authorization", b"Digest a=b"), (b"Authorization", b"Basic AAAA"), (b"Authorization", b"Basic /////w=="),
    (b"X-Retry-Count", b"999999999999999999999"), (b"X-Retry-Count", b"-1"), (b"X-Retry-Count", b"\xb2"), (b"X-Retry-Count", b"1e9"), (b"X-Retry-Count", b""),
    (b"X-Forwarded-For", b"," * 500), (b"X-Forwarded-For", b"\xff"), (b"X-Forwarded-Proto", b"javascript"), (b"Origin", b"null"), (b"Origin", b"https://\xff"),
    (b"Origin", b"x" * 5_000), (b"Cookie", b"pitcairn_visitor=" + b"x" * 5_000), (b"Cookie", b";=;==;\xff"), (b"Cookie", b"pitcairn_session=x; pitcairn_csrf=y"),
    (b"User-Agent", b"\xff" * 2_000), (b"User-Agent", b"(" * 3_000), (b"User-Agent", b""), (b"cf-ipcountry", b"\xff\xff"), (b"Content-Type", b"multipart/form-data"),
    (b"Content-Type", b"application/x-www-form-urlencoded"), (b"Content-Type", b"\xff; charset=utf-99"), (b"Content-Encoding", b"gzip"), (b"Content-Encoding", b"br"),
    (b"Expect", b"100-continue"), (b"Connection", b"close"), (b"Connection", b"Upgrade"), (b"Upgrade", b"h2c"), (b"Transfer-Encoding", b"gzip, chunked"),
    (b"Content-Length", b"5"), (b"Host", b"a b"), (b"Host", b"\xff"), (b"Accept-Language", b"x" * 3_000), (b"Accept-Encoding", b"*;q=0"), (b"If-None-Match", b'"' * 100),
    (b"Range", b"bytes=0-0,-1"), (b"HX-Request", b"true"), (b"X-CSRFToken", b"x"), (b"Bad Name", b"x"), (b"", b"x"), (b"A", b"\x00"), (b"A", b"b\rc"), (b"Access-Control-Request-Method", b"\xff"),
)  # fmt: skip
FAKE_EXPOSURE = {
    "type": "track", "event": "Mutiny Experience Viewed", "anonymousId": "a",
    "properties": {"exposureId": "exp-a-1-b", "visitorId": "\ud800", "experienceId": 10**30, "audienceSegmentId": True, "variationId": -1},
}  # fmt: skip


@st.composite
def wild_requests(draw: st.DrawFn) -> Attack:
    """Any method, path, headers and body. A head that is no HTTP, or lies about the body, ends the connection."""
    headers = [WILD_HEADERS[number] for number in draw(st.lists(st.integers(0, len(WILD_HEADERS) - 1), max_size=3))]
    if draw(st.booleans()):
        headers.append((b"Authorization", basic_authorization(KEY.decode()).encode()))
    method, path = draw(st.sampled_from(METHODS)), WILD_PATHS[draw(st.integers(0, len(WILD_PATHS) - 1))]
    body = draw(st.one_of(st.none(), st.binary(max_size=40), mutated_bodies(), decide_bodies()))
    if body is None:
        # The server would wait for what was announced.
        headers = [header for header in headers if header[0] not in {b"Content-Length", b"Transfer-Encoding"}]
    return Attack(
        http(path, body, headers, method=method, chunks=draw(st.sampled_from([0, 0, 2]))), head=method == b"HEAD"
    )


@st.composite
def mutated_bodies(draw: st.DrawFn) -> bytes:
    """A good body of which some bytes were changed, lost or doubled."""
    message = draw(st.one_of(good_messages(PARTS), st.just(FAKE_EXPOSURE)))
    whole: dict[str, Any] = (
        {"writeKey": KEY.decode(), "batch": [message, message]}
        if draw(st.booleans())
        else {**message, "writeKey": KEY.decode()}
    )
    body = bytearray(json.dumps(whole).encode())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        end = at + draw(st.integers(0, 9))
        body[at:end] = draw(
            st.sampled_from(
                [
                    b"",
                    b"\x00",
                    b"\xff",
                    b'"',
                    b"\\",
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b",",
                    b"\\ud800",
                    b"1e999",
                    bytes(body[at:end]) * 2,
                ]
            )
        )
    return bytes(body)


@st.composite
def decide_bodies(draw: st.DrawFn) -> bytes:
    """Questions to `/v1/decide`, with odd values in every field."""
    question: dict[str, Any] = {"writeKey": draw(st.sampled_from([KEY.decode(), "", None, 7, "x" * 5_000]))}
    for name in ("anonymousId", "url", "referrer", "language", "other"):
        if draw(st.booleans()):
            question[name] = draw(
                st.one_of(
                    PARTS.values,
                    st.sampled_from(
                        [
                            "http://[::1",
                            "//",
                            "http://\x00/",
                            "http://a/?" + "utm_source=x&" * 500,
                            "x" * 9_000,
                            "\ud800",
                            "http://a:99999999/",
                        ]
                    ),
                )
            )
    return json.dumps(question).encode()
