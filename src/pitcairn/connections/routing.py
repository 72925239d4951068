"""Sources with the destinations that are enabled for them, and destinations that are sent to: secrets included."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from pitcairn.connections.destination import CatalogEntry, Pace
from pitcairn.connections.filters import FilterRule, compile_filters
from pitcairn.connections.mapping import MappingError, compile_mapping
from pitcairn.connections.models import DeliveryState, Destination, DestinationFilter, Source, SourceKind
from pitcairn.connections.registry import catalog

logger = logging.getLogger(__name__)

FILTERED_AT_MAPPING = "FILTERED_AT_MAPPING"
"""The mapping that is stored cannot be read: nothing is sent rather than something wrong."""

LONGEST_TIMEOUT_SECONDS = 60.0
MOST_CONCURRENCY = 200

Change: TypeAlias = Callable[[dict[str, Any], int], "dict[str, Any] | str"]
"""Filters, then mapping: a message as Segment spells it and its source to what the destination gets, or why it gets nothing.
The message that is given is not changed."""


class EnabledDestination(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    entry: CatalogEntry
    settings: Mapping[str, Any]
    change: Change | None
    """None when the destination has neither filters nor a mapping."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How delivery to a destination stood when it was last written down; times are ms since 1970."""

    circuit: str = "closed"
    reason: str = ""
    since: int = 0
    until: int = 0
    discards: int = 0


class DeliveringDestination(msgspec.Struct, frozen=True, kw_only=True):
    """A destination as the delivery engine sees it."""

    id: int
    workspace_id: int
    entry: CatalogEntry
    settings: Mapping[str, Any]
    secrets: tuple[str, ...]
    """The values that must not be shown, out of `settings`."""
    pace: Pace
    sends: bool
    """It is enabled, has every setting it requires, and its catalog folder says how to send."""
    state: Standing


class RoutedSource(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    workspace_id: int
    write_key: str
    kind: str
    enabled: bool
    destinations: tuple[EnabledDestination, ...]
    secret: str
    """Of a Segment source: the API key it is delivered with, which signs as well. Empty when there is none."""
    rate_limit: int
    """Messages per second; 0 is no limit."""
    allowed_origins: tuple[str, ...]
    requires_token: bool
    asks_consent: bool
    honours_gpc: bool
    identity_secrets: tuple[str, ...]
    """What identity tokens may be signed with; the newest first."""
    proves_identity: bool
    """Its calls come with a bearer token, and prove who a visitor is."""


def routed_sources() -> list[RoutedSource]:
    """Every source of every workspace. A destination whose catalog folder is gone is left out."""
    destinations: dict[int, list[EnabledDestination]] = {}
    for destination, enabled in _enabled():
        for source in destination.sources.all():
            destinations.setdefault(source.id, []).append(enabled)
    return [
        RoutedSource(
            id=source.id,
            workspace_id=source.workspace_id,
            write_key=source.write_key,
            kind=source.kind,
            enabled=source.enabled,
            destinations=tuple(destinations.get(source.id, ())),
            secret=source.secret,
            rate_limit=source.rate_limit or 0,
            allowed_origins=tuple(source.allowed_origins),
            requires_token=source.requires_token,
            asks_consent=source.asks_consent,
            honours_gpc=source.honours_gpc,
            identity_secrets=tuple(filter(None, (source.identity_secret, source.identity_secret_before))),
            proves_identity=source.proves_identity and source.requires_token and source.kind == SourceKind.SERVER,
        )
        for source in Source.objects.order_by("id")
    ]


def enabled_destinations() -> dict[int, EnabledDestination]:
    """Every enabled destination by id, whatever sources it is connected to."""
    return {enabled.id: enabled for _, enabled in _enabled()}


def _enabled() -> Iterator[tuple[Destination, EnabledDestination]]:
    entries = catalog()
    for destination in Destination.objects.filter(enabled=True).prefetch_related("sources", "filters").order_by("id"):
        entry = entries.get(destination.slug)
        if entry is not None:
            settings = {**destination.settings, **destination.secrets}
            yield (
                destination,
                EnabledDestination(id=destination.id, entry=entry, settings=settings, change=change_of(destination)),
            )


def change_of(destination: Destination, *, mapping_only: bool = False) -> Change | None:
    """The destination's filters and mapping as one function; the filters are left out with `mapping_only`."""
    rules = [] if mapping_only else [_rule(one) for one in _by_id(destination.filters.all()) if one.enabled]
    filters = compile_filters(rules) if rules else None
    if not destination.mapping:
        return filters
    try:
        mapped = compile_mapping(destination.mapping)
    except MappingError as error:
        logger.error("Destination %s gets nothing until its mapping is saved again: %s", destination.id, error)
        return lambda body, source_id: FILTERED_AT_MAPPING
    if filters is None:
        return lambda body, source_id: mapped(body)

    def change(body: dict[str, Any], source_id: int) -> dict[str, Any] | str:
        changed = filters(body, source_id)
        return changed if isinstance(changed, str) else mapped(changed)

    return change


def _by_id(filters: Iterable[DestinationFilter]) -> list[DestinationFilter]:
    return sorted(filters, key=lambda one: one.id)


def _rule(one: DestinationFilter) -> FilterRule:
    return FilterRule(condition=one.condition, action=one.action, source_id=one.source_id, id=one.id)


def delivering_destinations() -> list[DeliveringDestination]:
    """Every destination that could be sent to, the disabled ones too."""
    entries = catalog()
    states = {
        state.destination_id: Standing(
            circuit=state.circuit, reason=state.reason, since=state.since, until=state.until, discards=state.discards
        )
        for state in DeliveryState.objects.all()
    }
    return [
        delivering_destination(destination, entries[destination.slug], states.get(destination.id, Standing()))
        for destination in Destination.objects.order_by("id")
        if destination.slug in entries
        and (entries[destination.slug].prepare is not None or entries[destination.slug].write is not None)
    ]


def delivering_destination(destination: Destination, entry: CatalogEntry, state: Standing) -> DeliveringDestination:
    manifest, settings = entry.manifest, {**destination.settings, **destination.secrets}
    return DeliveringDestination(
        id=destination.id,
        workspace_id=destination.workspace_id,
        entry=entry,
        settings=settings,
        secrets=tuple(value for value in destination.secrets.values() if isinstance(value, str)),
        pace=_pace(manifest.pace, settings, destination.pace),
        sends=destination.enabled
        and not manifest.missing(settings)
        and (entry.prepare is not None or entry.write is not None),
        state=state,
    )


def _pace(pace: Pace, settings: Mapping[str, Any], changes: Mapping[str, Any]) -> Pace:
    """The pace with the destination's own changes, kept within what makes sense whatever is stored."""
    own = pace.own(settings, {name: value for name, value in changes.items() if name in _PACE_FIELDS})
    return msgspec.structs.replace(
        own,
        batch=max(1, int(own.batch)),
        concurrency=min(MOST_CONCURRENCY, max(1, int(own.concurrency))),
        rate=max(0.0, float(own.rate)),
        timeout=min(LONGEST_TIMEOUT_SECONDS, max(0.01, float(own.timeout))),
    )


_PACE_FIELDS = frozenset({"batch", "concurrency", "rate", "timeout"})
