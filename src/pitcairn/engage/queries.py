"""What pages, the API and the command line show of audiences and computed traits. Times are ms since 1970; 0 is never."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pitcairn.conditions import Condition, describe
from pitcairn.connections import queries as connections
from pitcairn.engage.definitions import condition_of
from pitcairn.engage.models import (
    EVERYBODY,
    Audience,
    Computation,
    ComputedTrait,
    Freshness,
    PastValue,
    SizePoint,
    Status,
    Sync,
    Value,
)
from pitcairn.engage.people import identifiers_of_profiles
from pitcairn.engage.state import load_state
from pitcairn.pipeline.progress import lag

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class ComputationItem:
    """An audience or a computed trait as lists show it."""

    id: int
    kind: str
    name: str
    key: str
    description: str
    sentence: str
    """The definition in words; for a list, that it is one."""
    target: str
    anonymous: bool
    historical: bool
    listed: bool
    size: int
    status: str
    status_words: str
    problem: str
    progress: float | None
    """From 0 to 1 while it is being computed over everybody; None otherwise."""
    computed_at: int
    changed_at: int
    """When anybody's value last changed."""
    evaluated_at: int
    """When it was last looked at."""
    last_received_at: int
    """receivedAt of the last message that counts in it."""
    lag_ms: int
    """How far it is behind what was accepted; 0 when it is not."""
    destinations: tuple[str, ...]


AudienceItem = ComputationItem


@dataclass(frozen=True, kw_only=True)
class ComputationDetail(ComputationItem):
    """One of them with everything. `definition` is its JSON."""

    definition: dict[str, Any]
    condition: Condition | None
    """None for a list, or when what is stored cannot be read any more."""
    syncs: tuple[SyncItem, ...]


AudienceDetail = ComputationDetail


@dataclass(frozen=True, kw_only=True)
class SyncItem:
    """A destination that a computation is told to."""

    id: int
    destination_id: int
    destination: str
    send_identify: bool
    send_track: bool
    entered: str
    exited: str
    computed: str
    state: str
    """live, first (telling everybody for the first time), again, catching_up, paused or waiting (not computed yet)."""
    total: int
    """People the pass under way will look at."""
    done: int
    rate: float
    """People a second."""
    seconds_left: int | None
    """None when no pass is under way, or nothing tells."""
    queued: int
    """Messages queued since it was connected."""
    changed_at: int


@dataclass(frozen=True, kw_only=True)
class MemberItem:
    """A person with a value. `identifiers` are (type, value) pairs, the most important first."""

    profile_id: int
    identifiers: tuple[tuple[str, str], ...]
    value: Any
    since: int


@dataclass(frozen=True, kw_only=True)
class MemberPage:
    members: tuple[MemberItem, ...]
    next: int | None
    """Give it as `after` for the following page; None at the end."""


@dataclass(frozen=True, kw_only=True)
class SizePointItem:
    at: int
    size: int


@dataclass(frozen=True, kw_only=True)
class MembershipItem:
    """What an audience or a computed trait says of one person, now and before."""

    computation_id: int
    kind: str
    name: str
    key: str
    deleted: bool
    value: Any
    member: bool
    since: int
    history: tuple[PastItem, ...]
    """What was before, newest first."""


@dataclass(frozen=True, kw_only=True)
class PastItem:
    value: Any
    since: int
    until: int


def audiences(workspace_id: int) -> list[AudienceItem]:
    """Every audience of the workspace, by name."""
    return _items(workspace_id, list(Audience.objects.filter(workspace_id=workspace_id).order_by("name")))


def computed_traits(workspace_id: int) -> list[ComputationItem]:
    """Every computed trait of the workspace, by name."""
    return _items(workspace_id, list(ComputedTrait.objects.filter(workspace_id=workspace_id).order_by("name")))


def audience(workspace_id: int, audience_id: int) -> AudienceDetail | None:
    found = Audience.objects.filter(workspace_id=workspace_id, id=audience_id).first()
    return _detail(found) if found is not None else None


def computed_trait(workspace_id: int, trait_id: int) -> ComputationDetail | None:
    found = ComputedTrait.objects.filter(workspace_id=workspace_id, id=trait_id).first()
    return _detail(found) if found is not None else None


def audience_ids(workspace_id: int) -> dict[str, int]:
    """The audiences' ids by key, as `EventStore` wants them."""
    return dict(Audience.objects.filter(workspace_id=workspace_id).values_list("key", "id"))


def audience_names(workspace_id: int) -> dict[str, str]:
    """The audiences' names by key, to choose one of."""
    return dict(Audience.objects.filter(workspace_id=workspace_id).order_by("name").values_list("key", "name"))


def members(computation_id: int, *, after: int = 0, limit: int = PAGE) -> MemberPage:
    """Who is in the audience, or has a value of the trait, by profile id."""
    wanted = Value.objects.filter(computation_id=computation_id, profile_id__gt=after).exclude(value__in=_NOBODY)
    rows = list(wanted.order_by("profile_id")[: limit + 1])
    found = _identifiers([row.profile_id for row in rows])
    return MemberPage(
        members=tuple(
            MemberItem(
                profile_id=row.profile_id,
                identifiers=found.get(row.profile_id, ()),
                value=msgspec.json.decode(row.value),
                since=row.since,
            )
            for row in rows[:limit]
        ),
        next=rows[limit - 1].profile_id if len(rows) > limit else None,
    )


def size_series(computation_id: int) -> list[SizePointItem]:
    """The size at the end of each hour in which it changed, oldest first; the last is the size now."""
    points = SizePoint.objects.filter(computation_id=computation_id).order_by("hour")
    return [SizePointItem(at=point.hour, size=point.size) for point in points]


def syncs(computation_id: int) -> list[SyncItem]:
    computation = Computation.objects.get(id=computation_id)
    names = connections.destination_names(computation.workspace_id)
    return [_sync_item(sync, computation, names) for sync in computation.syncs.order_by("id")]


def memberships_of(profile_id: int) -> list[MembershipItem]:
    """What every audience and computed trait says of the profile, those it left as well, by name."""
    rows = {row.computation_id: row for row in Value.objects.filter(profile_id=profile_id)}
    past: dict[int, list[PastItem]] = {}
    for old in PastValue.objects.filter(profile_id=profile_id).order_by("-until"):
        item = PastItem(value=msgspec.json.decode(old.value), since=old.since, until=old.until)
        past.setdefault(old.computation_id, []).append(item)
    items = []
    for computation in Computation.objects.filter(id__in=rows).order_by("name"):
        row = rows[computation.id]
        items.append(
            MembershipItem(
                computation_id=computation.id,
                kind=computation.kind,
                name=computation.name,
                key=computation.key,
                deleted=computation.deleted_at is not None,
                value=msgspec.json.decode(row.value),
                member=row.value not in _NOBODY,
                since=row.since,
                history=tuple(past.get(computation.id, ())),
            )
        )
    return items


_NOBODY = ("false", "null")
"""Values that make nobody a member."""


def _items(workspace_id: int, computations: Sequence[Computation]) -> list[ComputationItem]:
    fresh = Freshness.objects.filter(workspace_id=workspace_id).first() or Freshness(workspace_id=workspace_id)
    names = connections.destination_names(workspace_id)
    connected: dict[int, list[str]] = {}
    for computation_id, destination_id in Sync.objects.filter(computation__in=computations).values_list(
        "computation_id", "destination_id"
    ):
        if destination_id in names:
            connected.setdefault(computation_id, []).append(names[destination_id])
    return [ComputationItem(**_shown(one, fresh, sorted(connected.get(one.id, ())))) for one in computations]


def _detail(computation: Computation) -> ComputationDetail:
    fresh = Freshness.objects.filter(workspace_id=computation.workspace_id).first()
    connected = tuple(syncs(computation.id))
    shown = _shown(computation, fresh or Freshness(), [sync.destination for sync in connected])
    return ComputationDetail(
        **shown, definition=computation.definition, condition=condition_of(computation), syncs=connected
    )


def lag_ms(fresh: Freshness) -> int:
    """How long what was accepted waits already: for the pipeline, or for audiences to be asked about it."""
    now = int(time.time() * 1000)
    waiting = lag()
    if waiting.oldest_received_at is not None:
        return max(0, now - waiting.oldest_received_at)
    state = load_state()
    behind = state.evaluated_batch < waiting.batch and Computation.objects.filter(status=Status.LIVE).exists()
    return max(0, now - max(state.evaluated_at, fresh.evaluated_at)) if behind else 0


def _shown(computation: Computation, fresh: Freshness, destinations: Sequence[str]) -> dict[str, Any]:
    condition = condition_of(computation)
    computing = computation.status == Status.COMPUTING and computation.total > 0
    return {
        "id": computation.id,
        "kind": computation.kind,
        "name": computation.name,
        "key": computation.key,
        "description": computation.description,
        "sentence": _sentence(computation, condition),
        "target": computation.target,
        "anonymous": computation.anonymous,
        "historical": computation.historical,
        "listed": computation.listed,
        "size": computation.size,
        "status": computation.status,
        "status_words": Status(computation.status).label,
        "problem": computation.problem,
        "progress": computation.done / computation.total if computing else None,
        "computed_at": computation.computed_at,
        "changed_at": computation.changed_at,
        "evaluated_at": max(fresh.evaluated_at, computation.computed_at),
        "last_received_at": fresh.last_received_at,
        "lag_ms": lag_ms(fresh),
        "destinations": tuple(destinations),
    }


def _sentence(computation: Computation, condition: Condition | None) -> str:
    if computation.listed:
        return "on the list"
    return describe(condition) if condition is not None else "a definition that cannot be read any more"


def _sync_item(sync: Sync, computation: Computation, names: dict[int, str]) -> SyncItem:
    passing = sync.position != EVERYBODY and sync.paused_at is None
    spent = max(0, sync.changed_at - sync.started_at) / 1000 if passing and sync.started_at else 0
    rate = sync.done / spent if spent else 0.0
    return SyncItem(
        id=sync.id,
        destination_id=sync.destination_id,
        destination=names.get(sync.destination_id, "a deleted destination"),
        send_identify=sync.send_identify,
        send_track=sync.send_track,
        entered=sync.entered,
        exited=sync.exited,
        computed=sync.computed,
        state=_state(sync, computation),
        total=sync.total,
        done=sync.done,
        rate=rate,
        seconds_left=round((sync.total - sync.done) / rate) if passing and rate else None,
        queued=sync.queued,
        changed_at=sync.changed_at,
    )


def _state(sync: Sync, computation: Computation) -> str:
    if sync.paused_at is not None:
        return "paused"
    if sync.position == EVERYBODY:
        return "live"
    if computation.status in {Status.PREPARING, Status.COMPUTING} and not computation.computed_at:
        return "waiting"
    if sync.resend:
        return "again"
    return "catching_up" if sync.known else "first"


def _identifiers(profile_ids: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    return {key: tuple(found) for key, found in identifiers_of_profiles(profile_ids).items()}
