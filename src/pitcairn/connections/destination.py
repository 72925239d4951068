"""The destination interface: all that a folder of the catalog may know of Pitcairn.

A destination is a `manifest.toml` (what it is, which calls it takes, which settings it has) and a `destination.py`:

- `take(message, settings)` says what is to be done with a message: `Personalize`, `Send` or `Reject`. It is asked once, in the
  pipeline, and decides by type and settings alone.
- `prepare(messages, settings)` makes HTTP requests of messages that are to be sent. It does nothing itself: the delivery
  engine sends them, so that every destination gets the same guards, retries, order and records.
- `judge(reply, settings)` reads an answer, where the status alone does not say what became of the messages.
- `write(messages, settings, folder)` instead of `prepare`, for a destination that is no HTTP server: it is called in a thread
  of its own, and returns when everything is stored. `folder` is where it may keep files.
- `check(settings)` says what is wrong with settings, before they are saved.

`prepare` and `write` are asked again for every attempt, and a message can come twice: a process can end between delivering it
and noting that down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

MessageType: TypeAlias = Literal["identify", "track", "page", "screen", "group", "alias"]


class SettingField(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One setting as the manifest declares it and the form asks for it."""

    key: str
    label: str
    type: Literal["string", "secret", "boolean", "number", "url", "text", "choice"] = "string"
    """`text` is several lines; `choice` is one of `options`; `url` is where requests go, and is checked as such."""
    required: bool = False
    description: str = ""
    options: tuple[str, ...] = ()
    default: str | bool | float = ""
    placeholder: str = ""
    any_will_do: bool = False
    """A secret that is made up when the destination is set up: the form offers to make a random one."""


class Pace(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a destination is sent to, unless its own settings say otherwise."""

    batch: int = 1
    """The most messages of one request."""
    concurrency: int = 8
    """Requests on their way at once. Those of one person never are."""
    rate: float = 0
    """Requests per second; 0 is no limit."""
    timeout: float = 10
    """Seconds until a request that was not answered counts as failed."""
    batch_setting: str = ""
    """The number setting that says how many messages a request carries, instead of `batch`."""

    def own(self, settings: Mapping[str, Any], changes: Mapping[str, Any] = {}) -> Pace:
        """The pace of one destination: this one, with its own settings and then with `changes`, by field."""
        chosen = settings.get(self.batch_setting) if self.batch_setting else None
        batch = {"batch": max(1, int(chosen))} if chosen else {}
        return msgspec.structs.replace(self, **{**batch, **changes})


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
    pace: Pace = Pace()
    docs: str = ""
    """More about it, in Markdown, for its page in the catalog."""

    @property
    def defaults(self) -> dict[str, Any]:
        """The settings that have a default."""
        return {
            field.key: int(field.default)
            if isinstance(field.default, float) and field.default.is_integer()
            else field.default
            for field in self.settings
            if field.default != ""
        }

    def missing(self, settings: Mapping[str, Any]) -> list[SettingField]:
        """The required settings that are not set."""
        return [field for field in self.settings if field.required and not settings.get(field.key)]


class IncomingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that routing lets through, as far as deciding needs it."""

    type: MessageType
    event: str
    traits: Mapping[str, Any]
    """Decoded JSON objects, as `properties` and `context` are."""
    properties: Mapping[str, Any]
    context: Mapping[str, Any] = {}
    options: Mapping[str, Any]
    """What the sender's `integrations` object says for this destination, when it is an object."""


class Personalize(msgspec.Struct, frozen=True):
    """The message feeds personalization: `traits` can be targeted from now on, and as a Track event it can convert."""

    traits: Mapping[str, Any]
    send: bool = False
    """It is sent as well."""


class Send(msgspec.Struct, frozen=True):
    """The message is to be sent."""


class Reject(msgspec.Struct, frozen=True):
    """The destination does not take this message, for `reason`: one word that is counted, such as `NO_MATCHING_MAPPING`."""

    reason: str


class OutgoingMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message to be sent, after filters and mapping."""

    body: dict[str, Any]
    """As Segment spells it: type, messageId, userId, traits, properties, context, timestamp, receivedAt, …"""
    person: str
    """Whom it is about. Messages of one person are sent in their order."""
    source_id: int
    options: dict[str, Any] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request that carries these messages."""

    messages: Sequence[OutgoingMessage]
    url: str
    body: bytes
    headers: Mapping[str, str] = {}
    method: str = "POST"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side answered. Header names are in lower case; of a long body only the beginning is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Delivered(msgspec.Struct, frozen=True):
    """It arrived."""


class Retry(msgspec.Struct, frozen=True):
    """It may arrive later. `after` is what the other side asked for, in seconds."""

    reason: str
    detail: str = ""
    after: float | None = None


class Failed(msgspec.Struct, frozen=True):
    """It will not arrive, however often it is tried."""

    reason: str
    detail: str = ""


class WriteFailed(Exception):
    """`write` could not store the messages. `retry` says whether it may work later."""

    def __init__(self, reason: str, detail: str = "", *, retry: bool = True) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail, self.retry = reason, detail, retry


Effect: TypeAlias = Personalize | Send | Reject
Outcome: TypeAlias = Delivered | Retry | Failed
Take: TypeAlias = Callable[[IncomingMessage, Mapping[str, Any]], Effect]
Prepare: TypeAlias = Callable[[Sequence[OutgoingMessage], Mapping[str, Any]], Sequence[Request]]
Judge: TypeAlias = Callable[[Reply, Mapping[str, Any]], Outcome]
Write: TypeAlias = Callable[[Sequence[OutgoingMessage], Mapping[str, Any]], None]
"""As the engine calls it: the folder is filled in already."""
Check: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""Settings to what is wrong with them: a sentence by setting key, and nothing when all is well. A secret's value stays out."""

Forget: TypeAlias = Callable[[Callable[[Mapping[str, Any], bytes], bool], Mapping[str, Any]], None]
"""For destinations that keep messages on this server: removes those for which the question (body, JSON text) is answered yes."""


class CatalogEntry(msgspec.Struct, frozen=True):
    """A destination of the catalog: its manifest and its code."""

    manifest: Manifest
    take: Take
    icon: str
    """SVG text."""
    prepare: Prepare | None = None
    judge: Judge | None = None
    """None: `delivery.outcomes.by_status`."""
    write: Write | None = None
    check: Check | None = None
    forget: Forget | None = None
