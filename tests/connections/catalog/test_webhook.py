"""Webhook: signatures as a receiver checks them, templates, headers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connections.listener import Received, listening
from pitcairn.connections.catalog.webhook.requests import HeadersError, read_headers
from pitcairn.connections.catalog.webhook.template import compile_template
from pitcairn.connections.delivery.transport import Transport
from pitcairn.connections.destination import OutgoingMessage
from pitcairn.connections.registry import catalog
from pitcairn.connections.text_templates import TemplateError

SECRET = "shared secret"
MESSAGE = {
    "type": "track",
    "messageId": "m-1",
    "userId": "u-1",
    "event": 'Said "hi" \\ \n',
    "properties": {"total": 5.5, "plan": None, "tags": ["a", "b"], "first": True, "first name": "Ana"},
}


def received(**settings: Any) -> list[Received]:
    """What a server gets of three messages."""

    async def main() -> list[Received]:
        async with listening() as server:
            prepare = catalog()["webhook"].prepare
            assert prepare is not None
            transport = Transport([ipaddress.ip_network("127.0.0.0/8")])
            messages = [
                OutgoingMessage(body={**MESSAGE, "messageId": f"m-{n}"}, person="u-1", source_id=1) for n in range(3)
            ]
            for request in prepare(messages, {"url": server.url, "sharedSecret": SECRET, **settings}):
                await transport.send(request, 20)
            await transport.close()
            return server.received

    return asyncio.run(main())


def signature(text: bytes) -> str:
    return hmac.new(SECRET.encode(), text, hashlib.sha1).hexdigest()


def test_statement_77_the_signature() -> None:
    singles = received()
    assert len(singles) == 3
    for one in singles:
        assert one.headers["x-signature"] == signature(one.body)
    first, second = received(batchSize=2)
    for batch, begin in ((first, 1), (second, 1)):
        items = json.loads(batch.body)
        # A receiver that takes the list apart and writes its first item as JavaScript does gets the signed text.
        text = json.dumps(items[0], separators=(",", ":"), ensure_ascii=False).encode()
        assert batch.body[begin : begin + len(text)] == text
        assert batch.headers["x-signature"] == signature(text)
    assert [len(json.loads(batch.body)) for batch in (first, second)] == [2, 1]


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"text": "{{ event }}"}', {"text": MESSAGE["event"]}),
        ('{"n": {{ properties.total }}}', {"n": 5.5}),
        ('{"n": "{{ properties.total }}"}', {"n": "5.5"}),
        ("{{ properties }}", MESSAGE["properties"]),
        ("[{{ properties.tags }}, {{properties.first}}, {{ nothing }}]", [["a", "b"], True, None]),
        ('[{{ nothing | default: "none" }}, {{ nothing | default: 0 }}, {{ userId | default: "x" }}]', ["none", 0, "u-1"]),
        ('"{{ properties.plan | default: "free" }} plan"', "free plan"),
        ('"{{ userId | upcase }}, {{ nothing }}"', "U-1, "),
        ("{{ userId | upcase }}", "U-1"),
        ('"{{ properties.first\\ name }}"', "Ana"),
        ('"a \\"quoted\\" {{ userId }} \\u00e9\\n"', 'a "quoted" u-1 é\n'),
        ('{"a": [1, {"b": "{{ type }}"}], "c": null, "d": "no place"}', {"a": [1, {"b": "track"}], "c": None, "d": "no place"}),
        ('{"mark-0": "mark-0", "b": {{ userId }}}', {"mark-0": "mark-0", "b": "u-1"}),
        ("7", 7),
    ],
)  # fmt: skip
def test_a_template(template: str, made: Any) -> None:
    assert compile_template(template)(MESSAGE) == made


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{"a": }', "no JSON"),
        ('{"a": "b"', "no JSON"),
        ("{{ userId }} and more", "no JSON"),
        ("{{ }}", "path is empty"),
        ("{{ a..b }}", "dot with no name"),
        ("{{ a | default: no }}", "no JSON value"),
        ('"{{ a | shout }}"', "no change 'shout'"),
        ('{"{{ userId }}": 1}', "Names are fixed"),
        ('"{{ a "', "not closed"),
        ('"\\x {{ a }}"', "no JSON"),
    ],
)
def test_a_template_that_is_none(template: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        compile_template(template)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["userId", "event", "properties"]), JSON))
def test_whatever_a_message_holds_the_result_is_json(message: dict[str, Any]) -> None:
    made = compile_template('{"a": "{{ userId }}\\"", "b": {{ event }}, "c": "{{ properties.x.y }}"}')(message)
    assert set(json.loads(json.dumps(made))) == {"a", "b", "c"}
    assert made["b"] == message.get("event")


@given(st.text(alphabet='{}|": abd\\,[]efault.0', max_size=60))
def test_any_template_is_compiled_or_refused(template: str) -> None:
    try:
        render = compile_template(template)
    except TemplateError:
        return
    json.dumps(render(MESSAGE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("X-One", "Line 1 is no header"),
        ("X-One: 1\nX Two: 2", "Line 2 is no header"),
        (": 1", "Line 1 is no header"),
        ("X-One: \x07", "Line 1 is no header"),
        ("Host: elsewhere.example", "Line 1 sets Host"),
        ("authorization: Bearer x", "a setting of its own"),
        ("X-Signature: 0", "Line 1 sets X-Signature"),
        ("Content-Length: 1", "Line 1 sets Content-Length"),
    ],
)
def test_lines_that_are_no_headers(text: str, said: str) -> None:
    with pytest.raises(HeadersError, match=said):
        read_headers(text)
