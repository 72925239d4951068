"""What others, and the pages, may know of sources and destinations.

A secret never leaves this module: pages learn that it is set and how it ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from pitcairn.connections.destination import Manifest, SettingField
from pitcairn.connections.models import Destination, Source, SourceKind
from pitcairn.connections.registry import catalog

ENDS_WITH = 4
SHORTEST_WITH_END = 12
"""A shorter secret would be half given away by its last characters."""


@dataclass(frozen=True, kw_only=True)
class SecretState:
    """What may be shown of a secret. `ends_with` is "" when it is not set or too short to show a part of."""

    is_set: bool
    ends_with: str

    @property
    def words(self) -> str:
        if not self.is_set:
            return "not set"
        return f"set, ends in {self.ends_with}" if self.ends_with else "set"


def secret_state(value: object) -> SecretState:
    text = value if isinstance(value, str) else ""
    return SecretState(is_set=bool(text), ends_with=text[-ENDS_WITH:] if len(text) >= SHORTEST_WITH_END else "")


@dataclass(frozen=True, kw_only=True)
class SourceItem:
    """A source as lists show it. `destinations` are the names of the connected ones."""

    id: int
    name: str
    kind: str
    kind_words: str
    write_key: str
    enabled: bool
    created_at: datetime
    destinations: tuple[str, ...]
    secret: SecretState
    """Of a Segment source: the API key it is delivered with."""
    rate_limit: int | None
    """Messages per second; None is no limit."""
    allowed_origins: tuple[str, ...]
    requires_token: bool
    asks_consent: bool
    honours_gpc: bool
    identity_secret: SecretState
    """Of a website: what its server signs identity tokens with, and the secret before that."""
    identity_secret_before: SecretState
    proves_identity: bool


@dataclass(frozen=True, kw_only=True)
class SettingState:
    """A setting and what it is set to; `value` is None for a secret, whose state is in `secret`."""

    field: SettingField
    value: Any
    secret: SecretState | None

    @property
    def is_set(self) -> bool:
        return self.secret.is_set if self.secret else self.value not in {None, ""}


@dataclass(frozen=True, kw_only=True)
class DestinationItem:
    """A destination as pages show it, without its secrets. `missing` are the labels of required settings not set."""

    id: int
    name: str
    manifest: Manifest
    icon: str
    enabled: bool
    sources: tuple[SourceItem, ...]
    settings: tuple[SettingState, ...]
    missing: tuple[str, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def slug(self) -> str:
        return self.manifest.slug

    @property
    def state(self) -> str:
        """`on`, `off`, or `warn` when it is enabled and still takes nothing."""
        if not self.enabled:
            return "off"
        return "on" if any(source.enabled for source in self.sources) and not self.missing else "warn"

    @property
    def state_words(self) -> str:
        if not self.enabled:
            return f"Disabled, {self.missing[0]} is not set" if self.missing else "Disabled"
        if self.missing:
            return f"Enabled, but {self.missing[0]} is not set"
        if not self.sources:
            return "Enabled, but connected to no source"
        if not any(source.enabled for source in self.sources):
            return "Enabled, but its sources are disabled"
        return "Enabled"


def sources(workspace_id: int) -> list[SourceItem]:
    """Every source of the workspace, by name."""
    return [_source_item(source) for source in _sources(workspace_id).order_by("name")]


def source(workspace_id: int, source_id: int) -> SourceItem | None:
    found = _sources(workspace_id).filter(id=source_id).first()
    return _source_item(found) if found else None


def website_keys() -> frozenset[str]:
    """The write keys of all enabled websites, of whichever workspace."""
    kept = Source.objects.filter(kind=SourceKind.BROWSER, enabled=True)
    return frozenset(kept.values_list("write_key", flat=True))


def source_names(workspace_id: int) -> dict[int, str]:
    return dict(Source.objects.filter(workspace_id=workspace_id).values_list("id", "name"))


def destination_names(workspace_id: int) -> dict[int, str]:
    return dict(Destination.objects.filter(workspace_id=workspace_id).values_list("id", "name"))


def destinations(workspace_id: int, *, slug: str | None = None) -> list[DestinationItem]:
    """The destinations of the workspace, or those of one catalog entry, by name."""
    found = _destinations(workspace_id).order_by("name")
    if slug is not None:
        found = found.filter(slug=slug)
    return [_destination_item(destination) for destination in found if destination.slug in catalog()]


def destination(workspace_id: int, destination_id: int) -> DestinationItem | None:
    found = _destinations(workspace_id).filter(id=destination_id).first()
    return _destination_item(found) if found and found.slug in catalog() else None


def categories() -> list[str]:
    """Every category that the catalog uses, by name."""
    return sorted({category for entry in catalog().values() for category in entry.manifest.categories})


def _sources(workspace_id: int) -> "QuerySet[Source]":
    return Source.objects.filter(workspace_id=workspace_id).prefetch_related(
        Prefetch("destinations", Destination.objects.order_by("name").only("id", "name"))
    )


def _destinations(workspace_id: int) -> "QuerySet[Destination]":
    return Destination.objects.filter(workspace_id=workspace_id).prefetch_related(
        Prefetch("sources", Source.objects.order_by("name"))
    )


def _source_item(source: Source, *, destinations: Iterable[Destination] | None = None) -> SourceItem:
    connected = source.destinations.all() if destinations is None else destinations
    return SourceItem(
        id=source.id,
        name=source.name,
        kind=source.kind,
        kind_words=source.get_kind_display(),
        write_key=source.write_key,
        enabled=source.enabled,
        created_at=source.created_at,
        destinations=tuple(destination.name for destination in connected),
        secret=secret_state(source.secret),
        rate_limit=source.rate_limit,
        allowed_origins=tuple(source.allowed_origins),
        requires_token=source.requires_token,
        asks_consent=source.asks_consent,
        honours_gpc=source.honours_gpc,
        identity_secret=secret_state(source.identity_secret),
        identity_secret_before=secret_state(source.identity_secret_before),
        proves_identity=source.proves_identity,
    )


def _destination_item(destination: Destination) -> DestinationItem:
    entry = catalog()[destination.slug]
    manifest = entry.manifest
    return DestinationItem(
        id=destination.id,
        name=destination.name,
        manifest=manifest,
        icon=entry.icon,
        enabled=destination.enabled,
        sources=tuple(_source_item(source, destinations=()) for source in destination.sources.all()),
        settings=tuple(_setting_state(field, destination) for field in manifest.settings),
        missing=tuple(field.label for field in manifest.missing({**destination.settings, **destination.secrets})),
        created_at=destination.created_at,
        updated_at=destination.updated_at,
    )


def _setting_state(field: SettingField, destination: Destination) -> SettingState:
    if field.type == "secret":
        return SettingState(field=field, value=None, secret=secret_state(destination.secrets.get(field.key)))
    return SettingState(field=field, value=destination.settings.get(field.key), secret=None)
