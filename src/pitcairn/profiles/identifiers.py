"""Which identifiers a message carries: of the person it is about, by the rules of the workspace. Pure.

Source: Segment's identity resolution, the identifiers promoted by default and `context.externalIds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pitcairn.profiles.identity_rules import (
    ANONYMOUS_ID,
    DEFAULT_RULES,
    EMAIL,
    GA_CLIENT_ID,
    GROUP_ID,
    USER_ID,
    IdentityRules,
    is_type,
)
from pitcairn.wire.limits import ID_LENGTH

Identifier: TypeAlias = tuple[str, str]
"""Type and value. A plain tuple: every message makes two or three, and looks each up."""


def identifiers_of(
    kind: str,
    user_id: str,
    anonymous_id: str,
    traits: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    rules: IdentityRules = DEFAULT_RULES,
    properties: Mapping[str, Any] | None = None,
) -> list[Identifier]:
    """The identifiers a message carries, the most important first. `alias` names people but never joins them."""
    found: list[Identifier] = []
    if user_id and not rules.blocks(user_id):
        found.append((USER_ID, user_id))
    if kind == "identify" and traits:
        _add_email(found, traits.get("email"), rules)
    if context and isinstance(inner := context.get("traits"), dict):
        _add_email(found, inner.get("email"), rules)
    if anonymous_id and not rules.blocks(anonymous_id):
        found.append((ANONYMOUS_ID, anonymous_id))
    if not rules.plain or (context and not _DEVICE_FIELDS.isdisjoint(context)):
        _add_others(found, kind, traits, context, properties, rules)
        if rules.unused:
            found = [identifier for identifier in found if identifier[0] not in rules.unused]
        found.sort(key=lambda identifier: rules.rank(identifier[0]))
    return found


_DEVICE_FIELDS = frozenset({"device", "externalIds", "integrations"})
"""The parts of a context that may hold further identifiers."""


def _add_email(found: list[Identifier], value: Any, rules: IdentityRules) -> None:
    if not isinstance(value, str) or "@" not in value or "\0" in value:
        return
    identifier = (EMAIL, value.strip().lower())
    if 3 <= len(identifier[1]) <= ID_LENGTH and identifier not in found and not rules.blocks(identifier[1]):
        found.append(identifier)


def _add_others(
    found: list[Identifier],
    kind: str,
    traits: Mapping[str, Any] | None,
    context: Mapping[str, Any] | None,
    properties: Mapping[str, Any] | None,
    rules: IdentityRules,
) -> None:
    if context:
        for name, value in _in_context(context):
            _add(found, name, value, rules)
    if rules.keyed:
        inner = context.get("traits") if context else None
        places = (traits if kind == "identify" else None, inner if isinstance(inner, dict) else None, properties)
        for name, keys in rules.keyed:
            for place in places:
                for key in keys if place else ():
                    _add(found, name, place.get(key), rules)  # type: ignore[union-attr]


def _in_context(context: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The types and values that stand in a context: of a device, of Google Analytics, and those named in `externalIds`."""
    device = context.get("device")
    if isinstance(device, dict):
        system = str(device.get("type")).lower()
        if system in {"ios", "android"}:
            yield f"{system}.id", device.get("id")
            if device.get("adTrackingEnabled") is True:
                yield f"{system}.idfa", device.get("advertisingId")
            yield f"{system}.push_token", device.get("token")
    integrations = context.get("integrations")
    if isinstance(integrations, dict) and isinstance(google := integrations.get("Google Analytics"), dict):
        yield GA_CLIENT_ID, google.get("clientId")
    external = context.get("externalIds")
    if isinstance(external, list):
        for item in external:
            if isinstance(item, dict) and item.get("collection") == "users" and item.get("encoding") == "none":
                yield str(item.get("type")), item.get("id")


def _add(found: list[Identifier], name: str, value: Any, rules: IdentityRules) -> None:
    if name == EMAIL:
        _add_email(found, value, rules)
        return
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= ID_LENGTH or "\0" in value or rules.blocks(value):
        return
    if (name, value) not in found and name != GROUP_ID and is_type(name):
        found.append((name, value))
