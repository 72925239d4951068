"""Cuts a request's body into its envelope and its messages without reading the messages.

The edge must know three things before it can answer: that the body is JSON, whose write key it holds, and where each message
begins and ends. Everything else is read by the pipeline, each message on its own, so that a bad one spoils no other.

Two things that strict parsers stumble over are legal JSON and must not cost a batch its good messages: text with half a
surrogate pair (what `JSON.stringify` makes of a cut emoji) and nesting without end. Both take the slow path below.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import msgspec


class MalformedBody(Exception):
    """The body is not JSON, or not an object. The text says where."""


class Envelope(msgspec.Struct, rename="camel"):
    """What is around the messages. `context` and `integrations` are undecoded JSON, empty when absent."""

    write_key: Any = None
    sent_at: Any = None
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    batch: list[msgspec.Raw] | None = None
    type: Any = None


class _SingleEnvelope(msgspec.Struct, rename="camel"):
    write_key: Any = None


class _BareEnvelope(msgspec.Struct, rename="camel"):
    """An envelope whose `batch` has been cut out, or was never a list."""

    write_key: Any = None
    sent_at: Any = None
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    batch: msgspec.Raw = msgspec.Raw()


_decode_batch = msgspec.json.Decoder(Envelope).decode
_decode_bare = msgspec.json.Decoder(_BareEnvelope).decode
_decode_single = msgspec.json.Decoder(_SingleEnvelope).decode
_skip = msgspec.json.Decoder(msgspec.Raw).decode

# Strings first, so that brackets inside them are not counted.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]', re.DOTALL)
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")
_TOO_DEEP = b'"\\u0000 nested too deep"'
_DEPTH = 200


class Frame(msgspec.Struct):
    """A body cut up: `items` are the messages' JSON texts."""

    write_key: Any
    items: list[bytes]
    sent_at: Any = None
    context: bytes = b""
    integrations: bytes = b""
    batch_missing: bool = False
    """The body of a batch request had no `batch` list."""


def frame_single(body: bytes) -> Frame:
    """The frame of a request that is one message. Raises `MalformedBody`."""
    try:
        return Frame(_decode_single(body).write_key, [body])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    item = _mend(body)
    try:
        return Frame(_decode_single(_prune(item)).write_key, [item])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse(error)


def frame_batch(body: bytes) -> Frame:
    """The frame of a batch request. Raises `MalformedBody`."""
    try:
        envelope = _decode_batch(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _frame_batch_slowly(body)
    items = envelope.batch
    return Frame(
        envelope.write_key,
        [bytes(item) for item in items] if items is not None else [],
        envelope.sent_at,
        bytes(envelope.context),
        bytes(envelope.integrations),
        items is None,
    )


def _frame_batch_slowly(body: bytes) -> Frame:
    """Cuts by brackets alone, then checks the envelope and each message by itself."""
    cuts = _batch_items(body)
    if cuts is None:
        bare, items = _prune(_mend(body)), []
    else:
        start, end, ranges = cuts
        bare = _prune(_mend(body[:start] + b"[]" + body[end:]))
        items = [_mend(body[a:b]) for a, b in ranges]
    try:
        envelope = _decode_bare(bare)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse(error)
    return Frame(
        envelope.write_key,
        items,
        envelope.sent_at,
        bytes(envelope.context),
        bytes(envelope.integrations),
        cuts is None,
    )


def _batch_items(body: bytes) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Where the top-level `batch` list stands and where its items do; None when there is no such list."""
    depth, key, list_start, item_start = 0, b"", -1, -1
    ranges: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(body):
        text = token.group()
        first = text[0]
        if first in _OPENING:
            depth += 1
            if depth == 2 and key == b'"batch"' and first == 0x5B:
                list_start, item_start = token.start(), token.end()
        elif first in _CLOSING:
            depth -= 1
            if depth == 1 and list_start >= 0:
                if body[item_start : token.start()].strip():
                    ranges.append((item_start, token.start()))
                elif ranges:
                    raise MalformedBody("The body is not JSON: a comma before the end of batch")
                return list_start, token.end(), ranges
        elif first == 0x2C and depth == 2 and list_start >= 0:
            ranges.append((item_start, token.start()))
            item_start = token.end()
        elif first == 0x22 and depth == 1:
            key = text
    return None


def _mend(item: bytes) -> bytes:
    """The same JSON text if it can be skipped; with half surrogates replaced by U+FFFD if that was the fault.

    Text nested too deep to check is returned as it is: reading it refuses that one message. Raises `MalformedBody`.
    """
    try:
        return bytes(_skip(item))
    except RecursionError:
        return item
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        try:
            value = json.loads(item, parse_constant=_no_constant)
        except RecursionError:
            return item
        except ValueError:
            _refuse(error)
        return _replace_half_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _replace_half_surrogates(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _prune(item: bytes) -> bytes:
    """The JSON text with everything below a depth of 200 replaced by a string, so that its top level can be read."""
    depth, kept, last = 0, bytearray(), 0
    for token in _TOKEN.finditer(item):
        first = token.group()[0]
        if first in _OPENING:
            depth += 1
            if depth == _DEPTH:
                kept += item[last : token.start()] + _TOO_DEEP
        elif first in _CLOSING:
            depth -= 1
            if depth == _DEPTH - 1:
                last = token.end()
    if depth != 0:
        raise MalformedBody("The body is not JSON: its brackets do not match")
    return bytes(kept + item[last:])


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse(error: Exception) -> NoReturn:
    raise MalformedBody(f"The body is not JSON: {error}") from error
