"""The configuration as the edge and the pipeline see it: one immutable value with a revision, never a query per request.

Read whole from the SQL store when the configuration revision has grown. What cannot be understood (a condition that a newer
version wrote, say) is left out and logged, so that one broken experience does not stop the others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pitcairn.conditions import Fact
from pitcairn.connections.destination import CatalogEntry
from pitcairn.connections.oauth_apps import ConfiguredApp, configured_apps
from pitcairn.connections.routing import Change, RoutedSource, routed_sources
from pitcairn.edge.computed import Asked, ComputedKey, asked_of, computed_keys
from pitcairn.edge.guards import SourceGuard
from pitcairn.experiences import queries_live as experiences
from pitcairn.experiences.running import Compiler, Programme, RunningExperience
from pitcairn.experiments.queries import ElementGoal, element_goals
from pitcairn.workspaces import queries as workspaces

logger = logging.getLogger(__name__)

NO_PROGRAMME = Programme()

PERSONALIZING = "mutiny"
"""The catalog entry that feeds personalization."""


class RoutedDestination(msgspec.Struct, frozen=True, kw_only=True):
    """A destination as routing sees it: enabled, and connected to the source it is listed under."""

    id: int
    entry: CatalogEntry
    settings: Mapping[str, Any]
    """Secrets included."""
    ready: bool
    """Every required setting is set."""
    change: Change | None = None
    """Its filters and its mapping; None when it has neither."""


class SourceConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    workspace_id: int
    write_key: str
    enabled: bool
    fills_ip: bool
    """A browser or an app: the sender's address is the visitor's."""
    destinations: tuple[RoutedDestination, ...]
    personalizes: bool
    asks_consent: bool = False
    """The tag stores nothing before a visitor opts in."""
    honours_gpc: bool = False
    """A visitor whose browser sends Global Privacy Control has opted out, unless they opted in on this website."""
    guard: SourceGuard | None = None
    """What its calls must keep to beyond a write key; None for most sources."""
    delivered_by_segment: bool = False
    """Its messages went through Segment: their times are put right already, and `All` was obeyed on the way."""
    identity_secrets: tuple[str, ...] = ()
    """Of a website: what its server signs identity tokens with; the newest first."""
    proves_identity: bool = False
    """Of a server that has to prove itself: what it says of who visitors are is proven."""


class WorkspaceConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    secret: bytes
    programme: Programme
    asked: Asked = Asked()
    """The audiences and computed traits that the experiences ask for."""
    goals: tuple[ElementGoal, ...] = ()
    """What the tag reports: clicks and forms that the running experiences are judged by."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    revision: int
    sources: Mapping[str, SourceConfiguration]
    """By write key."""
    sources_by_id: Mapping[int, SourceConfiguration]
    workspaces: Mapping[int, WorkspaceConfiguration]
    segment_secrets: tuple[tuple[bytes, SourceConfiguration], ...] = ()
    """The Segment sources, each with the secret that its deliveries show."""
    oauth_apps: Mapping[str, ConfiguredApp] = {}
    """By key id."""
    oauth_key_ids: frozenset[str] = frozenset()
    proving: frozenset[int] = frozenset()
    """The workspaces with a source that proves identity."""


EMPTY = Snapshot(revision=-1, sources={}, sources_by_id={}, workspaces={})


def newer_snapshot(current: Snapshot) -> Snapshot:
    """The current snapshot, or a new one when the configuration has changed since."""
    revision = workspaces.configuration_revision()
    return current if revision == current.revision else _read(revision)


def _read(revision: int) -> Snapshot:
    # The revision was read first: a change that comes in between is read again next time, never missed.
    running: dict[int, list[RunningExperience]] = {}
    every = workspaces.workspaces()
    compiler = Compiler({workspace.id: frozenset(workspace.public_traits) for workspace in every})
    for live in experiences.live_experiences():
        try:
            running.setdefault(live.workspace_id, []).append(compiler.compiled(live))
        except ValueError as error:
            logger.error("Experience %s (%r) is left out until it is saved again: %s", live.id, live.name, error)
    keys: dict[int, list[ComputedKey]] = {}
    for key in computed_keys() if running else ():
        keys.setdefault(key.workspace_id, []).append(key)
    goals = element_goals(one.id for found in running.values() for one in found)
    shares = experiences.holdout_shares()
    programmes = {
        workspace_id: Programme(found, shares.get(workspace_id, 0.0)) for workspace_id, found in running.items()
    }
    routed = routed_sources()
    sources = [_source(source) for source in routed]
    apps = {app.key_id: app for app in configured_apps()}
    return Snapshot(
        revision=revision,
        sources={source.write_key: source for source in sources},
        sources_by_id={source.id: source for source in sources},
        workspaces={
            workspace.id: WorkspaceConfiguration(
                id=workspace.id,
                secret=workspace.secret.encode(),
                programme=programmes.get(workspace.id, NO_PROGRAMME),
                goals=tuple(goals.get(workspace.id, ())),
                asked=asked_by(keys.get(workspace.id, ()), programmes.get(workspace.id, NO_PROGRAMME)),
            )
            for workspace in every
        },
        segment_secrets=tuple(
            (from_.secret.encode(), source)
            for from_, source in zip(routed, sources, strict=True)
            if source.delivered_by_segment and from_.secret
        ),
        oauth_apps=apps,
        oauth_key_ids=frozenset(apps),
        proving=frozenset(source.workspace_id for source in sources if source.proves_identity),
    )


def asked_by(keys: Iterable[ComputedKey], programme: Programme) -> Asked:
    """What is to be read of a visitor for the programme's conditions and texts."""
    accounts = Fact.ACCOUNT in programme.facts or any(name.startswith("account.") for name in programme.said)
    return asked_of(keys, programme.audiences, programme.traits, accounts=accounts)


def _source(source: RoutedSource) -> SourceConfiguration:
    destinations = tuple(
        RoutedDestination(
            id=destination.id,
            entry=destination.entry,
            settings=destination.settings,
            ready=not destination.entry.manifest.missing(destination.settings),
            change=destination.change,
        )
        for destination in source.destinations
    )
    return SourceConfiguration(
        id=source.id,
        workspace_id=source.workspace_id,
        write_key=source.write_key,
        enabled=source.enabled,
        fills_ip=source.kind in {"browser", "mobile"},
        destinations=destinations,
        personalizes=source.enabled and any(d.ready and d.entry.manifest.slug == PERSONALIZING for d in destinations),
        asks_consent=source.asks_consent,
        honours_gpc=source.honours_gpc,
        guard=_guard(source),
        delivered_by_segment=source.kind == "segment",
        identity_secrets=source.identity_secrets,
        proves_identity=source.proves_identity,
    )


def _guard(source: RoutedSource) -> SourceGuard | None:
    segment_only = source.kind == "segment"
    if not (source.rate_limit or source.allowed_origins or source.requires_token or segment_only):
        return None
    return SourceGuard(
        rate=source.rate_limit,
        origins=frozenset(source.allowed_origins),
        requires_token=source.requires_token,
        segment_only=segment_only,
    )
