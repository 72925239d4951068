"""Posts messages as JSON to an address of the customer's, as Segment's Webhooks destinations do."""

from collections.abc import Mapping, Sequence
from typing import Any

from pitcairn.connections.catalog.webhook.requests import MOST_MESSAGES, HeadersError, json_requests, read_headers
from pitcairn.connections.catalog.webhook.template import compile_template
from pitcairn.connections.destination import IncomingMessage, OutgoingMessage, Request, Send
from pitcairn.connections.text_templates import TemplateError


def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Send:
    return Send()


def prepare(messages: Sequence[OutgoingMessage], settings: Mapping[str, Any]) -> Sequence[Request]:
    template = str(settings.get("template") or "").strip()
    render = compile_template(template) if template else None
    bodies = [render(message.body) if render else message.body for message in messages]
    return json_requests(messages, bodies, settings)


def check(settings: Mapping[str, Any]) -> Mapping[str, str]:
    problems: dict[str, str] = {}
    template = str(settings.get("template") or "").strip()
    try:
        if template:
            compile_template(template)
    except TemplateError as error:
        problems["template"] = str(error)
    try:
        read_headers(str(settings.get("headers") or ""))
    except HeadersError as error:
        problems["headers"] = str(error)
    size = settings.get("batchSize") or 1
    if not 1 <= size <= MOST_MESSAGES or size != int(size):
        problems["batchSize"] = (
            f"{size:g} messages cannot go into one request. Use a whole number from 1 to {MOST_MESSAGES:,}."
        )
    if not str(settings.get("authorization") or "").isprintable():
        problems["authorization"] = "The header has a line break or another character in it that no header can have."
    return problems
