"""What destinations were told of one person, and what they would be told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pitcairn.connections.routing import enabled_destinations
from pitcairn.engage.models import Computation, PastValue, Sync, Value
from pitcairn.engage.people import identifiers_of_profiles
from pitcairn.engage.plan import telling_of
from pitcairn.engage.telling import News, bodies_of, calls_of
from pitcairn.engage.values import NOBODY
from pitcairn.eventstore import EventStore

MOST_CHANGES = 20
"""Changes of one person that the log looks up, the newest first."""


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """What a destination would be told of everybody: how many people, and the calls for some of them, as they would be sent."""

    people: int
    calls: tuple[dict[str, Any], ...]
    """Bodies after the destination's filters and mapping."""
    left_out: int
    """Of the people in the sample, those whom the destination would not be told of: it has no name for them, or filters."""


@dataclass(frozen=True, kw_only=True)
class LogItem:
    """One request that told a destination of one person's value."""

    at: datetime
    value: Any
    since: int
    """ms since 1970"""
    type: str
    event: str
    message_id: str
    outcome: str
    reason: str
    status: int
    request: str
    response: str


def dry_run(
    workspace_id: int,
    computation_id: int,
    destination_id: int,
    *,
    send_identify: bool = True,
    send_track: bool = False,
    entered: str = "Audience Entered",
    exited: str = "Audience Exited",
    computed: str = "Trait Computed",
    sample: int = 5,
) -> DryRun:
    """What connecting the destination, or a resync, would send. Sends nothing. Raises `Computation.DoesNotExist`."""
    computation = Computation.objects.get(workspace_id=workspace_id, id=computation_id)
    sync = Sync(
        id=0, computation=computation, destination_id=destination_id, send_identify=send_identify,
        send_track=send_track, entered=entered, exited=exited, computed=computed,
    )  # fmt: skip
    enabled = enabled_destinations().get(destination_id)
    wanted = Value.objects.filter(computation_id=computation_id).exclude(value__in=NOBODY)
    people = wanted.count()
    if enabled is None:
        return DryRun(people=people, calls=(), left_out=0)
    telling = telling_of(sync, computation, enabled)
    rows = list(wanted.order_by("profile_id")[:sample])
    named = identifiers_of_profiles([row.profile_id for row in rows])
    now = int(time.time() * 1000)
    found = [
        bodies_of(News(telling, row.profile_id, named.get(row.profile_id, ()), row.value, row.since), now)
        for row in rows
    ]
    return DryRun(
        people=people,
        calls=tuple(body for bodies in found for body in bodies),
        left_out=sum(not bodies for bodies in found),
    )


def sync_log(store: EventStore, workspace_id: int, sync_id: int, profile_id: int) -> list[LogItem]:
    """Every request that told the sync's destination of the person, newest first, with what was answered.

    As far as the identifiers are the ones that the person has now, and of their newest changes.
    """
    sync = Sync.objects.select_related("computation").get(id=sync_id, computation__workspace_id=workspace_id)
    enabled = enabled_destinations().get(sync.destination_id)
    if enabled is None:
        return []
    telling = telling_of(sync, sync.computation, enabled)
    identifiers = identifiers_of_profiles([profile_id]).get(profile_id, [])
    theirs = {"computation_id": sync.computation_id, "profile_id": profile_id}
    past = PastValue.objects.filter(**theirs).order_by("-until").values_list("value", "since")
    told = [*Value.objects.filter(**theirs).values_list("value", "since"), *past[:MOST_CHANGES]]
    items = []
    for value, since in told:
        for again in {0, sync.started_at}:
            for call in calls_of(News(telling, profile_id, identifiers, value, since, again=again), since):
                for attempt in store.delivery_attempts(
                    workspace_id, destination_id=sync.destination_id, message_id=call.message_id
                ):
                    said = call.traits or call.properties or {}
                    items.append(
                        LogItem(
                            at=attempt.at,
                            value=said.get(telling.subject.key),
                            since=since,
                            type=call.type,
                            event=call.event,
                            message_id=call.message_id,
                            outcome=str(attempt.outcome),
                            reason=attempt.reason,
                            status=attempt.status,
                            request=attempt.request,
                            response=attempt.response,
                        )
                    )
    return sorted(items, key=lambda item: item.at, reverse=True)
