"""The destination interface: all that a folder of the catalog may know of Pitcairn.

A destination is a `manifest.toml` (what it is, which calls it takes, which settings it has) and a `destination.py` with one
function, `deliver(message, settings)`, which says what is to be done with a message. It does nothing itself: the pipeline
carries the answer out, so that every destination gets the same guards, retries and records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

MessageType: TypeAlias = Literal["identify", "track", "page", "screen", "group", "alias"]


class SettingField(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One setting as the manifest declares it and the form asks for it."""

    key: str
    label: str
    type: Literal["string", "secret", "boolean", "number"] = "string"
    required: bool = False
    description: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the catalog shows of a destination, and what routing needs to know. Read from `manifest.toml`."""

    slug: str
    name: str
    """The name in the `integrations` object; case counts."""
    summary: str
    description: str
    categories: tuple[str, ...]
    methods: tuple[MessageType, ...]
    status: Literal["public", "beta"] = "public"
    website: str = ""
    settings: tuple[SettingField, ...] = ()

    def missing(self, settings: Mapping[str, Any]) -> list[SettingField]:
        """The required settings that are not set."""
        return [field for field in self.settings if field.required and not settings.get(field.key)]


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a destination sees it. `traits` and `properties` are decoded JSON objects."""

    type: MessageType
    event: str
    traits: Mapping[str, Any]
    properties: Mapping[str, Any]
    options: Mapping[str, Any]
    """What the sender's `integrations` object says for this destination, when it is an object."""


class Personalize(msgspec.Struct, frozen=True):
    """The message feeds personalization: `traits` can be targeted from now on, and as a Track event it can convert."""

    traits: Mapping[str, Any]


class Reject(msgspec.Struct, frozen=True):
    """The destination does not take this message, for `reason`."""

    reason: str


Effect: TypeAlias = Personalize | Reject
Deliver: TypeAlias = Callable[[OutgoingMessage, Mapping[str, Any]], Effect]


class CatalogEntry(msgspec.Struct, frozen=True):
    """A destination of the catalog: its manifest and its code."""

    manifest: Manifest
    deliver: Deliver
    icon: str
    """SVG text."""
