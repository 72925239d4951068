"""What destinations are sent about audiences and computed traits: bodies as Segment Engage sends them (facts §6.6).

Pure. A person with several emails is told of once for each; one who is only anonymous, once for each anonymous id. So that a
call that comes twice is known for the same, its messageId follows from what it says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pitcairn.profiles.identity import ANONYMOUS_ID, EMAIL, USER_ID

AUDIENCE, TRAIT = "audience", "trait"
"""`computation_class`."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is told: an audience or a computed trait, to one destination under its name in the `integrations` object."""

    computation_id: int
    workspace_id: int
    key: str
    audience: bool
    anonymous: bool
    integration: str
    sync_id: int
    send_identify: bool
    send_track: bool
    entered: str
    exited: str
    computed: str


class Address(msgspec.Struct, frozen=True):
    """One way to name a person: one call is made for each."""

    user_id: str = ""
    anonymous_id: str = ""
    email: str = ""


class Call(msgspec.Struct, frozen=True):
    """One call. The four objects are as in `body`."""

    type: str
    event: str
    message_id: str
    traits: dict[str, Any] | None
    properties: dict[str, Any] | None
    context: dict[str, Any]
    integrations: dict[str, Any]
    body: dict[str, Any]
    extra: dict[str, Any] = {}


def addresses(identifiers: Iterable[tuple[str, str]], *, anonymous: bool) -> list[Address]:
    """How a person is named, from their identifiers in order of importance.

    Every user id with every email; without a user id, the first anonymous id with every email. Where anonymous people count,
    every other anonymous id too. Nobody can be named by an email alone, and who has neither kind of id gets no call.
    """
    by_type: dict[str, list[str]] = {}
    for kind, value in identifiers:
        by_type.setdefault(kind, []).append(value)
    users, emails, visitors = by_type.get(USER_ID, []), by_type.get(EMAIL, []), by_type.get(ANONYMOUS_ID, [])
    found = [Address(user_id=user, email=email) for user in users for email in emails or [""]]
    rest = visitors
    if not users and visitors and (emails or anonymous or len(by_type) > 1):
        found = [Address(anonymous_id=visitors[0], email=email) for email in emails or [""]]
        rest = visitors[1:]
    if anonymous:
        found += [Address(anonymous_id=visitor) for visitor in rest]
    return found


def calls(
    subject: Subject, profile_id: int, value: Any, to: Sequence[Address], *, since: int, at: int, again: int = 0
) -> list[Call]:
    """The calls that say that the value holds since `since`; `at` is now, both ms since 1970.

    For an audience `value` is a boolean. `again` tells a repetition that was asked for from the first time.
    """
    made = []
    for address in to:
        if subject.send_identify:
            made.append(_call(subject, profile_id, value, address, "identify", since, at, again))
        if subject.send_track:
            made.append(_call(subject, profile_id, value, address, "track", since, at, again))
    return made


def message_id(
    subject: Subject, profile_id: int, value: Any, address: Address, kind: str, since: int, again: int
) -> str:
    """Always the same for the same news."""
    said = [subject.sync_id, profile_id, value, address, kind, since, again]
    return "personas_" + hashlib.blake2b(msgspec.json.encode(said), digest_size=16).hexdigest()


def _call(
    subject: Subject, profile_id: int, value: Any, address: Address, kind: str, since: int, at: int, again: int
) -> Call:
    identifier = message_id(subject, profile_id, value, address, kind, since, again)
    personas = {
        "computation_class": AUDIENCE if subject.audience else TRAIT,
        "computation_id": f"{'aud' if subject.audience else 'tra'}_{subject.computation_id}",
        "computation_key": subject.key,
        "namespace": f"spa_{subject.workspace_id}",
        "space_id": f"spa_{subject.workspace_id}",
    }
    context: dict[str, Any] = {"personas": personas}
    traits: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    event = ""
    if kind == "identify":
        traits = {"email": address.email} if address.email else {}
        traits[subject.key] = value
    else:
        if address.email:
            context = {"traits": {"email": address.email}, **context}
        if subject.audience:
            event = subject.entered if value else subject.exited
            properties = {"audience_key": subject.key, subject.key: value}
        else:
            event = subject.computed
            properties = {"trait_key": subject.key, subject.key: value}
    integrations = {"All": False, subject.integration: True}
    body: dict[str, Any] = {"type": kind, "messageId": identifier}
    if event:
        body["event"] = event
    if address.user_id:
        body["userId"] = address.user_id
    if address.anonymous_id:
        body["anonymousId"] = address.anonymous_id
    body["context"] = context
    body["integrations"] = integrations
    if traits is not None:
        body["traits"] = traits
    if properties is not None:
        body["properties"] = properties
    body["timestamp"] = _iso(since)
    body["receivedAt"] = _iso(at)
    return Call(kind, event, identifier, traits, properties, context, integrations, body)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"
