"""Cuts a request's body into its envelope and its messages without reading the messages.

The edge must know three things before it can answer: that the body is JSON, whose write key it holds, and where each message
begins and ends. Everything else is read by the pipeline, each message on its own, so that a bad one spoils no other.

Three things that the strict parser stumbles over must not cost a batch its good messages: text with half a surrogate pair
(what `JSON.stringify` makes of a cut emoji), nesting without end, and an envelope with an odd value in a field that does not
matter. All three take the slow path below. It must stay linear in the size of the body: anyone can send half a megabyte that
takes it.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from pitcairn.wire.limits import NESTING
from pitcairn.wire.nesting import may_be_too_deep, too_deep


class MalformedBody(Exception):
    """The body is not JSON, or not an object. The text says where."""


class _Envelope(msgspec.Struct, rename="camel"):
    """What is around the messages. `context` and `integrations` are undecoded JSON, empty when absent."""

    write_key: Any = None
    sent_at: Any = None
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    batch: list[msgspec.Raw] | None = None


class _BareEnvelope(msgspec.Struct, rename="camel"):
    """An envelope of which nothing is read yet."""

    write_key: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    batch: msgspec.Raw = msgspec.Raw()


class _SingleEnvelope(msgspec.Struct, rename="camel"):
    write_key: Any = None


_decode_batch = msgspec.json.Decoder(_Envelope).decode
_decode_bare = msgspec.json.Decoder(_BareEnvelope).decode
_decode_single = msgspec.json.Decoder(_SingleEnvelope).decode
_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode = msgspec.json.Decoder().decode
_skip = msgspec.json.Decoder(msgspec.Raw).decode

# Whole strings, so that brackets inside them are not counted. A string without an end reaches to the end of the text, and
# nothing backtracks (`*+`, `++`): a body of quotes would take hours otherwise.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},]', re.DOTALL)
# Every escape, so that the second half of `\\ud800` is not taken for one; whole pairs, so that they are left alone.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")
_PRUNED_AT = NESTING + 2
"""So deep that what is left of a batch's `context` is still too deep for a message."""
_TOO_DEEP = b'"nested too deep"'
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, ValueError)


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
    except (*_UNREADABLE, RecursionError):
        item = mend(body)
        envelope = _bare_envelope(item)
        return Frame(_value(envelope.write_key), [item])


def frame_batch(body: bytes) -> Frame:
    """The frame of a batch request. Raises `MalformedBody`."""
    try:
        envelope = _decode_batch(body)
    except (*_UNREADABLE, RecursionError):
        return _frame_batch_slowly(mend(body))
    items = envelope.batch
    return Frame(
        envelope.write_key,
        [bytes(item) for item in items] if items is not None else [],
        envelope.sent_at,
        _around(envelope.context),
        _around(envelope.integrations),
        items is None,
    )


def _frame_batch_slowly(body: bytes) -> Frame:
    """Reads each part of the envelope by itself; where the parser gives up on the nesting, cuts by brackets alone."""
    try:
        envelope = _decode_bare(body)
        items = _items(envelope.batch)
    except RecursionError:
        cuts = _batch_items(body)
        items = None
        if cuts is not None:
            start, end, ranges = cuts
            items = [_checked(body[a:b].strip()) for a, b in ranges]
            body = body[:start] + b"[]" + body[end:]
        envelope = _bare_envelope(body)
    except _UNREADABLE as error:
        _refuse(error)
    return Frame(
        _value(envelope.write_key),
        items or [],
        _value(envelope.sent_at),
        _around(envelope.context),
        _around(envelope.integrations),
        items is None,
    )


def _items(batch: msgspec.Raw) -> list[bytes] | None:
    try:
        return [bytes(item) for item in _decode_items(batch)] if batch else None
    except msgspec.ValidationError:  # JSON, but no list.
        return None


def _around(text: msgspec.Raw) -> bytes:
    """A batch's `context` or `integrations`; empty when it is too deep to be part of a message."""
    part = bytes(text)
    if may_be_too_deep(part, NESTING - 1):
        try:
            return b"" if too_deep(_decode(part), NESTING - 1) else part
        except RecursionError:
            return b""
        except _UNREADABLE:  # Its reader finds that too, and leaves it out.
            pass
    return part


def mend(text: bytes) -> bytes:
    """The text without a byte order mark, and with each half of a surrogate pair replaced by U+FFFD, as browsers show it."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if _HALF.search(text) is None:
        return text
    return _ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], text)


def _bare_envelope(body: bytes) -> _BareEnvelope:
    try:
        return _decode_bare(_prune(body))
    except _UNREADABLE as error:
        _refuse(error)


def _value(text: msgspec.Raw) -> Any:
    """The decoded value; None when there is none, or none that can be read."""
    try:
        return _decode(text) if text else None
    except (*_UNREADABLE, RecursionError):
        return None


def _checked(item: bytes) -> bytes:
    """The item, which must be JSON as far as that can be told: what is nested too deep to check is left to the reader."""
    try:
        _skip(item)
    except RecursionError:
        pass
    except _UNREADABLE as error:
        _refuse(error)
    return item


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


def _prune(item: bytes) -> bytes:
    """The text with everything nested too deep replaced by a string, so that its top level can be read."""
    if not may_be_too_deep(item):
        return item
    depth, kept, last = 0, bytearray(), 0
    for token in _TOKEN.finditer(item):
        first = token.group()[0]
        if first in _OPENING:
            depth += 1
            if depth == _PRUNED_AT:
                kept += item[last : token.start()] + _TOO_DEEP
        elif first in _CLOSING:
            depth -= 1
            if depth == _PRUNED_AT - 1:
                last = token.end()
    if depth != 0:
        raise MalformedBody("The body is not JSON: its brackets do not match")
    return bytes(kept + item[last:])


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, msgspec.ValidationError):
        raise MalformedBody("The body is JSON, but not an object") from error
    raise MalformedBody(f"The body is not JSON: {error}") from error
