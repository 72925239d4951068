"""Segment's messages: one JSON text in, a checked `Message` or a `Refusal` out.

Field names are Segment's on the wire and snake_case here. What the spec does not name is kept in `extra`, so that nothing a
sender put into a message is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pitcairn.wire.limits import ID_LENGTH, MESSAGE_BYTES, MESSAGE_ID_LENGTH, NESTING
from pitcairn.wire.nesting import may_be_too_deep, too_deep
from pitcairn.wire.reasons import DropReason
from pitcairn.wire.timestamps import corrected, parse_timestamp

TYPES: Final = frozenset({"identify", "track", "page", "screen", "group", "alias"})

# Kept in columns of their own, or never kept (the key and the transport's own fields).
_KNOWN: Final = frozenset({
    "type", "messageId", "userId", "anonymousId", "event", "properties", "traits", "context", "integrations",
    "timestamp", "originalTimestamp", "sentAt", "receivedAt", "writeKey",
})  # fmt: skip

_TOO_DEEP: Final = f"lists and objects are nested deeper than {NESTING}"

_decode = msgspec.json.Decoder().decode


class Message(msgspec.Struct):
    """A message that passed every check. Times are ms since 1970, UTC; None where the sender gave none."""

    type: str
    message_id: str
    user_id: str
    """Empty when the message has none; the same for `anonymous_id` and `event`."""
    anonymous_id: str
    event: str
    """The event of a track call, the name of a page or screen."""
    timestamp: int
    original_timestamp: int | None
    sent_at: int | None
    received_at: int
    properties: dict[str, Any] | None
    """None when the message has none; the same for the three below."""
    traits: dict[str, Any] | None
    context: dict[str, Any] | None
    integrations: dict[str, Any] | None
    extra: dict[str, Any]
    """Every other field of the message: groupId, previousId, category, channel, _metadata, …"""


class Refusal(msgspec.Struct):
    """A message that was not taken, with what could be read of it."""

    reason: DropReason
    detail: str = ""
    type: str = ""
    event: str = ""
    message_id: str = ""
    user_id: str = ""
    anonymous_id: str = ""


class Arrival(msgspec.Struct, frozen=True):
    """What the request says about each of its messages."""

    received_at: int
    sent_at: int | None
    type: str
    """From the path; empty for batches."""
    context: Mapping[str, Any]
    integrations: Mapping[str, Any]
    ip: str
    """The sender's address, to be filled in where the source is a browser or an app; else empty."""
    direct_ip: str
    """The sender's address, for messages that ask for it with `context.direct`."""
    corrected: bool = False
    """Whoever passed the messages on has put `timestamp` right already; `sentAt` says nothing about it any more."""


def read_message(text: bytes, arrival: Arrival, fallback_id: str) -> Message | Refusal:
    """Reads and checks one message. `fallback_id` becomes the messageId of a message that has none. Never raises."""
    if len(text) > MESSAGE_BYTES:
        return Refusal(DropReason.MESSAGE_TOO_LARGE, f"{len(text):,} bytes")
    try:
        fields = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        return Refusal(DropReason.MESSAGE_UNREADABLE, str(error))
    except RecursionError:
        return Refusal(DropReason.MESSAGE_UNREADABLE, _TOO_DEEP)
    if may_be_too_deep(text) and too_deep(fields):
        return Refusal(DropReason.MESSAGE_UNREADABLE, _TOO_DEEP)
    if type(fields) is not dict:
        return Refusal(DropReason.MESSAGE_NOT_OBJECT, f"got {_kind(fields)}")
    problem = _problem(fields, arrival)
    if problem is not None:
        reason, detail = problem
        return Refusal(
            reason, detail,
            _text(fields.get("type") or arrival.type), _text(fields.get("event") or fields.get("name")),
            _text(fields.get("messageId")), _text(fields.get("userId")), _text(fields.get("anonymousId")),
        )  # fmt: skip
    return _message(fields, arrival, fallback_id)


def _message(fields: dict[str, Any], arrival: Arrival, fallback_id: str) -> Message:
    get = fields.get
    context = get("context")
    if arrival.context:
        context = {**arrival.context, **(context or {})}
    if arrival.ip and (context is None or "ip" not in context):
        context = {**(context or {}), "ip": arrival.ip}
    elif arrival.direct_ip and context is not None and context.get("direct") is True and "ip" not in context:
        context["ip"] = arrival.direct_ip
    integrations = get("integrations")
    if arrival.integrations:
        integrations = {**arrival.integrations, **(integrations or {})}
    kind = get("type") or arrival.type
    traits = get("traits")
    if traits is None and kind == "identify" and context and _from_rudderstack(fields):
        traits = context.get("traits")
        traits = traits if type(traits) is dict else None
    sent_at = arrival.sent_at if arrival.sent_at is not None else parse_timestamp(get("sentAt"))
    original = parse_timestamp(get("timestamp"))
    timestamp = original
    if original is None or arrival.corrected:
        original = parse_timestamp(get("originalTimestamp")) or original
    if timestamp is None or not arrival.corrected:
        timestamp = corrected(original, sent_at, arrival.received_at)
    return Message(
        kind,
        get("messageId") or fallback_id,
        get("userId") or "",
        get("anonymousId") or "",
        (get("event") if kind == "track" else get("name") if kind in {"page", "screen"} else None) or "",
        timestamp,
        original,
        sent_at,
        arrival.received_at,
        get("properties"),
        traits,
        context,
        integrations,
        _extra(fields, kind),
    )


def _extra(fields: dict[str, Any], kind: str) -> dict[str, Any]:
    unknown = fields.keys() - _KNOWN
    if kind != "track" and "event" in fields:
        unknown.add("event")
    return {key: fields[key] for key in fields if key in unknown} if unknown else {}


def _problem(fields: dict[str, Any], arrival: Arrival) -> tuple[DropReason, str] | None:
    """The first rule the message breaks, or None. Rules and names: Segment's "failed on ingest"."""
    get = fields.get
    kind = get("type") or arrival.type
    if type(kind) is not str or kind not in TYPES:
        return DropReason.TYPE_UNKNOWN, f"type is {_shown(get('type'))}"
    for key in ("userId", "anonymousId", "groupId", "previousId"):
        value = get(key)
        if value is not None and not _is_id(value) and not (value == "" and _from_rudderstack(fields)):
            return DropReason.ID_NOT_STRING, f"{key} is {_shown(value)}"
    message_id = get("messageId")
    if message_id is not None and (
        type(message_id) is not str or len(message_id) > MESSAGE_ID_LENGTH or "\0" in message_id
    ):
        return DropReason.MESSAGE_ID_NOT_STRING, f"messageId is {_shown(message_id)}"
    if kind == "alias":
        if get("previousId") is None or get("userId") is None:
            missing = "previousId" if get("previousId") is None else "userId"
            return DropReason.ID_REQUIRED, f"{missing} is missing"
    elif not get("userId") and not get("anonymousId"):
        return DropReason.NO_USER_ANON_ID, "neither userId nor anonymousId is set"
    if kind == "group" and get("groupId") is None:
        return DropReason.ID_REQUIRED, "groupId is missing"
    for key, reason in _OBJECTS:
        value = get(key)
        if value is not None and type(value) is not dict:
            return reason, f"{key} is {_kind(value)}"
    return _problem_of_kind(kind, fields)


_OBJECTS: Final = (
    ("properties", DropReason.PROPERTIES_NOT_OBJECT),
    ("traits", DropReason.TRAITS_NOT_OBJECT),
    ("context", DropReason.CONTEXT_NOT_OBJECT),
    ("integrations", DropReason.INTEGRATIONS_NOT_OBJECT),
)


def _problem_of_kind(kind: str, fields: dict[str, Any]) -> tuple[DropReason, str] | None:
    if kind == "track":
        event = fields.get("event")
        if event is None:
            return DropReason.EVENT_NOT_DEFINED, "event is missing"
        if type(event) is not str or not event:
            return DropReason.EVENT_NOT_STRING, f"event is {_shown(event)}"
    elif kind in {"page", "screen"}:
        name = fields.get("name")
        if name is not None and (type(name) is not str or not name):
            return DropReason.NAME_NOT_STRING, f"name is {_shown(name)}"
        category = fields.get("category")
        if category is not None and type(category) is not str:
            return DropReason.CATEGORY_NOT_STRING, f"category is {_shown(category)}"
    return None


def _is_id(value: Any) -> bool:
    # PostgreSQL cannot keep a NUL in text; no real id has one.
    return type(value) is str and 0 < len(value) <= ID_LENGTH and "\0" not in value


def _from_rudderstack(fields: dict[str, Any]) -> bool:
    """Whether one of RudderStack's libraries sent it. They differ from Segment's in two ways that must not cost a message.

    Somebody unknown has an empty userId, where Segment's leave it out; and Identify has its traits in the context.
    """
    context = fields.get("context")
    library = context.get("library") if type(context) is dict else None
    name = library.get("name") if type(library) is dict else None
    return type(name) is str and name.startswith(("RudderLabs", "rudder-"))


def _text(value: Any) -> str:
    """The value for a refusal's column: short, whatever its type was."""
    return value[:ID_LENGTH] if type(value) is str else ""


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "an object"}[
        type(value)
    ]


def _shown(value: Any) -> str:
    """A value for a person: itself when short, else what kind it is."""
    if value is None:
        return "missing"
    if isinstance(value, (dict, list)):
        return _kind(value)
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{_kind(value)} of {len(text)} characters"
