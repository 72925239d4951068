"""Cutting a body into its messages: what must be kept whole, what is not JSON, and how long it may take."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.wire.framing import Frame, MalformedBody, frame_batch, frame_single, mend
from pitcairn.wire.limits import BATCH_REQUEST_BYTES, NESTING

scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=[]), max_size=12)  # half surrogates too
values = st.recursive(
    scalars | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def replaced(value: Any) -> Any:
    """The value with half surrogates as U+FFFD, by way of UTF-16, where pairs written as two escapes are one character."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [replaced(item) for item in value]
    if isinstance(value, dict):
        return {replaced(key): replaced(item) for key, item in value.items()}
    return value


@given(st.lists(values, max_size=5), values, values)
def test_every_item_of_a_batch_is_cut_out_as_it_was(items: list[Any], context: Any, sent_at: Any) -> None:
    body = json.dumps({"writeKey": "K", "context": context, "batch": items, "sentAt": sent_at}).encode()
    frame = frame_batch(body)
    assert frame.write_key == "K"
    assert [json.loads(item) for item in frame.items] == replaced(items)
    assert json.loads(frame.context) == replaced(context)
    assert frame.sent_at == replaced(sent_at)
    assert not frame.batch_missing


@given(st.dictionaries(texts, values, max_size=4))
def test_a_single_message_is_kept_whole(message: dict[str, Any]) -> None:
    body = json.dumps({**message, "writeKey": "K"}).encode()
    frame = frame_single(body)
    assert frame.write_key == "K"
    (item,) = frame.items
    assert json.loads(item) == replaced({**message, "writeKey": "K"})


@given(st.lists(values, max_size=4), st.integers(0, 3), st.sampled_from([300, 999, 5_000]))
def test_nesting_without_end_costs_no_other_item(items: list[Any], place: int, depth: int) -> None:
    texts_ = [json.dumps(item) for item in items]
    place = min(place, len(texts_))
    texts_.insert(place, nested(depth))
    body = f'{{"context": {{"a": 1}}, "batch": [{", ".join(texts_)}], "writeKey": "K"}}'.encode()
    frame = frame_batch(body)
    assert frame.write_key == "K"
    assert json.loads(frame.context) == {"a": 1}
    assert len(frame.items) == len(texts_)
    assert frame.items[place].strip() == nested(depth).encode()
    del frame.items[place]
    assert [json.loads(item) for item in frame.items] == replaced(items)


@pytest.mark.parametrize("depth", [10, 300, 5_000, 200_000])
def test_nesting_in_a_single_message(depth: int) -> None:
    body = f'{{"a": {nested(depth)}, "writeKey": "K", "b": "]"}}'.encode()
    assert frame_single(body) == Frame("K", [body])


@pytest.mark.parametrize("depth", [NESTING - 1, 980, 5_000])
def test_nesting_in_the_envelope(depth: int) -> None:
    """What is too deep for a message is too deep for what is merged into it, and adds nothing."""
    around = f'{{"a": {nested(depth)}, "b": 1}}'
    body = f'{{"context": {around}, "integrations": {around}, "batch": [{{}}, 2], "writeKey": "K"}}'.encode()
    assert frame_batch(body) == Frame("K", [b"{}", b"2"])


def test_nesting_in_the_envelope_up_to_the_limit() -> None:
    around = f'{{"a": {nested(NESTING - 2)}, "b": 1}}'.encode()
    assert frame_batch(b'{"context": %s, "batch": []}' % around).context == around


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"1", b'"text"', b"[]", b"[{}]", b"{", b"}", b"nonsense", b"{}{}", b"{} x", b"{'a': 1}", b'{"a": NaN}',
        b'{"a": Infinity}', b'{"a": 01}', b'{"a": 1,}', b'{"a" 1}', b'{"a": "\x00"}', b'{"a": "\n"}', b'{"a": "\\x"}', b'{"a": "\\ud8"}',
        b'{"batch": [1,]}', b'{"batch": [,1]}', b'{"batch": [1 2]}', b'{"batch": [1}', b'{"batch": [}', b'{"batch": [1]',
        b'{"batch": [{"a": "unfinished]}', b'{"batch": [tru]}', b"event=E&userId=u", b"<xml/>",
        '{"a": 1}'.encode("utf-16"), '{"batch": [1]}'.encode("utf-16-le"), '{"a": 1}'.encode("utf-32"),
        b'{"batch": [1], "deep": ' + b"[" * 5_000 + b"}", b'{"batch": [{,}, ' + nested(5_000).encode() + b"]}",
        b'{"batch": [' + nested(5_000).encode() + b",]}", b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody, match=r"^The body is (not JSON|JSON, but not an object)"):
        frame_batch(body)
    with pytest.raises(MalformedBody):
        frame_single(body)


@pytest.mark.parametrize(
    "batch", ["", ', "batch": null', ', "batch": {}', ', "batch": "[1]"', ', "batch": 7', ', "Batch": [1]']
)
def test_a_batch_request_without_a_batch_says_so(batch: str) -> None:
    frame = frame_batch(f'{{"writeKey": "K"{batch}}}'.encode())
    assert (frame.write_key, frame.items, frame.batch_missing) == ("K", [], True)


def test_an_empty_batch_is_not_missing() -> None:
    assert frame_batch(b'{"batch": [ ]}') == Frame(None, [], batch_missing=False)


@pytest.mark.parametrize(
    "odd", ["1e999", "9" * 5_000, '"\\ud800"', nested(3_000), '"\xff"', '{"a": 1e999}', "[]", "null"]
)
def test_an_odd_value_in_the_envelope_costs_no_message(odd: str) -> None:
    """The text is no longer UTF-8 where it holds \\xff: what is wrong inside a string is for its reader to find."""
    body = f'{{"sentAt": {odd}, "integrations": {odd}, "other": {odd}, "batch": [{{"a": 1}}], "writeKey": "K"}}'.encode(
        "latin-1"
    )
    frame = frame_batch(body)
    assert (frame.write_key, frame.items) == ("K", [b'{"a": 1}'])


@pytest.mark.parametrize("odd", ["1e999", '"\\ud800"', nested(3_000), '"\xff"', "7", "null", "{}"])
def test_an_odd_write_key_is_no_text(odd: str) -> None:
    for frame in (
        frame_batch(f'{{"writeKey": {odd}, "batch": [1]}}'.encode("latin-1")),
        frame_single(f'{{"writeKey": {odd}}}'.encode("latin-1")),
    ):
        assert not isinstance(frame.write_key, str) or frame.write_key == "\ufffd"


def test_a_byte_order_mark_is_left_out() -> None:
    assert frame_single(b'\xef\xbb\xbf{"writeKey": "K"}') == Frame("K", [b'{"writeKey": "K"}'])
    assert frame_batch(b'\xef\xbb\xbf{"writeKey": "K", "batch": [1]}').items == [b"1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\uD83D\uDE00"', rb'"\uD83D\uDE00"'),
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ude00"', rb'"\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\ud83d\u0041"', rb'"\ufffd\u0041"'),
        (rb'"\u0041\"\n"', rb'"\u0041\"\n"'),
        (rb'"\uffff\ud7ff\ue000"', rb'"\uffff\ud7ff\ue000"'),
    ],
)
def test_mend_replaces_halves_and_nothing_else(text: bytes, expected: bytes) -> None:
    assert mend(text) == expected


HALF = BATCH_REQUEST_BYTES // 2
HOSTILE = {
    "quotes that begin and never end": b'{"a": "' + b'\\"' * HALF,
    "strings without end": b'{"batch": [' + b'"' * (2 * HALF - 1),
    "halves": b'{"batch": ["' + b"\\ud83d" * (HALF // 3) + b'"]}',
    "backslashes": b'{"batch": ["' + b"\\" * (2 * HALF),
    "brackets": b"[" * (2 * HALF),
    "deep": b'{"batch": [' + b"[" * HALF + b"]" * HALF + b"]}",
    "many deep": b'{"batch": [' + (nested(1_100) + ",").encode() * (HALF // 1_102) + b"1]}",
    "braces": b'{"a":' * (HALF // 3),
    "commas": b'{"batch": [' + b"," * (2 * HALF),
    "digits": b'{"writeKey": ' + b"9" * (2 * HALF) + b"}",
    "white space": b" " * (2 * HALF),
    "keys": b'{"batch":' * (HALF // 5),
}


@pytest.mark.parametrize("frame", [frame_batch, frame_single])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
def test_work_grows_no_faster_than_the_body(body: bytes, frame: Callable[[bytes], Frame]) -> None:
    """Half a megabyte made to be slow to refuse. It is done in milliseconds; were work to grow with the square of the
    size, this test would not end today.
    """
    with contextlib.suppress(MalformedBody):
        frame(body)
