"""What the live engine computes and tells, read whole from the SQL store when the configuration has changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from pitcairn.conditions import Condition, Events
from pitcairn.conditions.crossings import Crossing, account_moments, crossings, moment_traits
from pitcairn.conditions.places import audiences_in, traits_in
from pitcairn.connections.routing import EnabledDestination, enabled_destinations
from pitcairn.edge.snapshot import RoutedDestination
from pitcairn.engage.definitions import AS_OF_NOW, condition_of
from pitcairn.engage.models import Computation, Kind, Status, Sync, Target, Value
from pitcairn.engage.payloads import Subject
from pitcairn.engage.references import in_order

logger = logging.getLogger(__name__)


class Computed(msgspec.Struct, frozen=True, kw_only=True):
    """An audience or a computed trait as it is computed."""

    id: int
    workspace_id: int
    key: str
    audience: bool
    account: bool
    anonymous: bool
    since_ms: int
    """Only events received from then on count; 0 is all."""
    listed: bool
    revision: int
    definition: Condition | None
    """The condition of an audience, or the `Events` of a trait. None for a list."""

    @property
    def events(self) -> Events:
        assert isinstance(self.definition, Events)
        return self.definition


class Telling(msgspec.Struct, kw_only=True):
    """A sync under way. What changes in it is stored before it is used."""

    id: int
    computation_id: int
    subject: Subject
    destination: RoutedDestination
    position: int
    known: list[tuple[int, int]]
    paused: bool
    resend: bool
    started_at: int
    done: int

    def hears(self, profile_id: int) -> bool:
        """Whether the destination is told at once when the person's value changes."""
        return not self.paused and profile_id <= self.position

    def told_at(self, profile_id: int) -> int | None:
        """As of when the destination knows the person's value; None when it was never told of them."""
        return next((at for end, at in self.known if profile_id <= end), None)


class WorkspacePlan(msgspec.Struct, kw_only=True):
    """What is live. `levels` are those of people, each asking only for audiences of levels before its own."""

    id: int
    levels: list[list[Computed]]
    of_accounts: list[Computed]
    """Those of accounts. They are asked of everybody, since anybody may decide for an account."""
    tellings: dict[int, list[Telling]]
    """By computation."""
    audience_ids: dict[str, int]
    crossings: frozenset[Crossing]
    moments: frozenset[tuple[str, int]]
    account_moments: frozenset[tuple[str, int]]
    asked_traits: frozenset[str]
    """Names of the traits that are asked for."""
    asked_for: frozenset[str]
    """Keys of the audiences for whose members some other asks."""
    ages: dict[tuple[str, str], list[int]]
    """The ages at which events of a type and name matter again, in ms."""

    @property
    def live(self) -> list[Computed]:
        return [*self.of_accounts, *(one for level in self.levels for one in level)]


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """What was deleted, and still has values."""

    id: int
    workspace_id: int
    key: str
    audience: bool


class Plan(msgspec.Struct, kw_only=True):
    revision: int
    workspaces: Mapping[int, WorkspacePlan]
    waiting: list[Computed]
    """Those that are to be computed over everybody, the longest waiting first."""
    leaving: list[Leaving] = []


NOTHING = Plan(revision=-1, workspaces={}, waiting=[])


def read_plan(revision: int, moment: int) -> Plan:
    """`moment` is the last one at which values changed: what a sync knows as of now, it knows as of then."""
    computations = list(Computation.objects.filter(deleted_at__isnull=True).order_by("id"))
    leaving = _leaving()
    if not computations:
        return Plan(revision=revision, workspaces={}, waiting=[], leaving=leaving)
    live: dict[int, list[Computed]] = {}
    waiting = []
    for computation in computations:
        if computation.status not in {Status.LIVE, Status.PREPARING, Status.COMPUTING}:
            continue
        computed = _computed(computation)
        if computed is None:
            continue
        if computation.status == Status.LIVE:
            live.setdefault(computed.workspace_id, []).append(computed)
        else:
            waiting.append((computation.updated_at, computed))
    by_id = {computation.id: computation for computation in computations}
    tellings = _tellings(by_id, moment)
    audience_ids: dict[int, dict[str, int]] = {}
    for computation in computations:
        if computation.kind == Kind.AUDIENCE:
            audience_ids.setdefault(computation.workspace_id, {})[computation.key] = computation.id
    return Plan(
        revision=revision,
        workspaces={
            workspace_id: _workspace(
                workspace_id, live.get(workspace_id, []), tellings, audience_ids.get(workspace_id, {})
            )
            for workspace_id in {computation.workspace_id for computation in computations}
        },
        leaving=leaving,
        waiting=[computed for _, computed in sorted(waiting, key=lambda pair: (pair[0], pair[1].id))],
    )


def _leaving() -> list[Leaving]:
    return [
        Leaving(id=one.id, workspace_id=one.workspace_id, key=one.key, audience=one.kind == Kind.AUDIENCE)
        for one in Computation.objects.filter(deleted_at__isnull=False).order_by("id")
        if Value.objects.filter(computation_id=one.id).exists()
    ]


def _computed(computation: Computation) -> Computed | None:
    definition = condition_of(computation)
    if definition is None and not computation.listed:
        problem = "The definition cannot be read any more. Edit it and save it again."
        Computation.objects.filter(id=computation.id).update(status=Status.FAILED, problem=problem)
        logger.error("%s of workspace %s: %s", computation.name, computation.workspace_id, problem)
        return None
    return Computed(
        id=computation.id,
        workspace_id=computation.workspace_id,
        key=computation.key,
        audience=computation.kind == Kind.AUDIENCE,
        account=computation.target == Target.ACCOUNT,
        anonymous=computation.anonymous,
        since_ms=0 if computation.historical else int(computation.created_at.timestamp() * 1000),
        listed=computation.listed,
        revision=computation.revision,
        definition=definition,
    )


def _workspace(
    workspace_id: int, live: list[Computed], tellings: Mapping[int, list[Telling]], audience_ids: dict[str, int]
) -> WorkspacePlan:
    defined = [one.definition for one in live if one.definition is not None]
    ages: dict[tuple[str, str], set[int]] = {}
    found: set[Crossing] = set()
    moments: set[tuple[str, int]] = set()
    of_accounts: set[tuple[str, int]] = set()
    for definition in defined:
        found |= crossings(definition)
        moments |= moment_traits(definition)
        of_accounts |= account_moments(definition)
    for crossing in found:
        ages.setdefault((crossing.type, crossing.event), set()).add(crossing.age_ms)
    by_key = {one.key: one for one in live if not one.account}
    asks = {
        key: frozenset() if one.definition is None else audiences_in(one.definition) & by_key.keys()
        for key, one in by_key.items()
    }
    return WorkspacePlan(
        id=workspace_id,
        levels=[[by_key[key] for key in level] for level in in_order(asks)],
        of_accounts=[one for one in live if one.account],
        tellings=dict(tellings),
        audience_ids=audience_ids,
        crossings=frozenset(found),
        moments=frozenset(moments),
        account_moments=frozenset(of_accounts),
        asked_traits=frozenset[str]().union(*(traits_in(definition) for definition in defined)),
        asked_for=frozenset[str]().union(*(audiences_in(definition) for definition in defined)),
        ages={name: sorted(values) for name, values in ages.items()},
    )


def _tellings(computations: Mapping[int, Computation], moment: int) -> dict[int, list[Telling]]:
    destinations = enabled_destinations()
    found: dict[int, list[Telling]] = {}
    for sync in Sync.objects.filter(computation__in=computations).order_by("id"):
        _settle(sync, moment)
        enabled = destinations.get(sync.destination_id)
        if enabled is None:
            continue
        found.setdefault(sync.computation_id, []).append(telling_of(sync, computations[sync.computation_id], enabled))
    return found


def telling_of(sync: Sync, computation: Computation, enabled: EnabledDestination) -> Telling:
    """What the sync tells, and to whom."""
    methods = enabled.entry.manifest.methods
    return Telling(
        id=sync.id,
        computation_id=computation.id,
        subject=Subject(
            computation_id=computation.id,
            workspace_id=computation.workspace_id,
            key=computation.key,
            audience=computation.kind == Kind.AUDIENCE,
            anonymous=computation.anonymous,
            integration=enabled.entry.manifest.name,
            sync_id=sync.id,
            send_identify=sync.send_identify and "identify" in methods,
            send_track=sync.send_track and "track" in methods,
            entered=sync.entered,
            exited=sync.exited,
            computed=sync.computed,
        ),
        destination=RoutedDestination(
            id=enabled.id,
            entry=enabled.entry,
            settings=enabled.settings,
            ready=not enabled.entry.manifest.missing(enabled.settings),
            change=enabled.change,
        ),
        position=sync.position,
        known=[(end, at) for end, at in sync.known],
        paused=sync.paused_at is not None,
        resend=sync.resend,
        started_at=sync.started_at,
        done=sync.done,
    )


def _settle(sync: Sync, moment: int) -> None:
    """Writes the moment for what is to be known, or paused, as of now."""
    changed = []
    if sync.paused_at == AS_OF_NOW:
        sync.paused_at = moment
        changed.append("paused_at")
    if any(at == AS_OF_NOW for _, at in sync.known):
        sync.known = [[end, moment if at == AS_OF_NOW else at] for end, at in sync.known]
        changed.append("known")
    if changed:
        sync.save(update_fields=changed)
