"""Rounds of the live engine: those whom something changed are looked at, and so are accounts where anything did."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from pitcairn.engage import values
from pitcairn.engage.applying import apply
from pitcairn.engage.changes import Pending, Told
from pitcairn.engage.evaluation import Found, evaluate, everybody
from pitcairn.engage.first_run import fail
from pitcairn.engage.mirror import mirror
from pitcairn.engage.people import people_by_account
from pitcairn.engage.plan import Computed, WorkspacePlan
from pitcairn.engage.standing import Standing
from pitcairn.engage.state import survivors
from pitcairn.engage.values import Change
from pitcairn.eventstore import EventStoreError

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 20_000
"""Profiles in one round; more are looked at one part after the other."""


def look_at_pending(standing: Standing) -> None:
    """Looks at everybody who is pending."""
    pending, batch = standing.pending, standing.batch
    standing.pending = {}
    changed = False
    for workspace_id, one in pending.items():
        workspace = standing.plan.workspaces.get(workspace_id)
        if workspace is None:
            continue
        if one.accounts:
            one.profiles.update(*people_by_account(sorted(one.accounts)).values())
        if workspace.of_accounts:
            standing.accounts.add(workspace_id)
        merged = survivors(sorted(one.profiles))
        one.profiles = {merged.get(profile_id, profile_id) for profile_id in one.profiles}
        if standing.run is not None and standing.run.workspace_id == workspace_id:
            standing.run.touched |= one.profiles
        ids = sorted(one.profiles)
        for start in range(0, len(ids), MOST_AT_ONCE):
            changed |= _look_at(standing, workspace, one, ids[start : start + MOST_AT_ONCE])
    for workspace_id, one in pending.items():
        standing.received[workspace_id] = max(standing.received.get(workspace_id, 0), one.last_received_at)
    standing.counted = batch if standing.pending else standing.batch
    standing.unsaved = True
    if changed or any(standing.again.values()):
        standing.write_down()


def look_at_accounts(standing: Standing) -> None:
    """Asks again of all accounts, where anything changed."""
    for workspace_id in sorted(standing.accounts):
        workspace = standing.plan.workspaces.get(workspace_id)
        for one in workspace.of_accounts if workspace is not None else ():
            assert workspace is not None
            now = standing.next_moment()
            try:
                found = everybody(standing.store, workspace, one, now)
            except EventStoreError as error:
                _refused(standing, one, error)
                continue
            with connection.cursor() as cursor:
                profiles = sorted(found.keys() | values.members_of(cursor, one.id))
            for start in range(0, len(profiles), MOST_AT_ONCE):
                part = profiles[start : start + MOST_AT_ONCE]
                with transaction.atomic():
                    changes, destinations = apply(
                        standing, workspace, [one], {one.id: found}, part, Told(Pending()), now, []
                    )
                mirror(standing.store, workspace, changes, now)
                standing.call(destinations)
                _affect(standing, workspace, [one], changes)
    standing.accounts.clear()
    if not standing.pending:
        standing.counted, standing.unsaved = standing.batch, True


def _affect(
    standing: Standing, workspace: WorkspacePlan, changed: Sequence[Computed], changes: Iterable[Change]
) -> None:
    """Has those looked at again whose membership changed after the audiences that ask for it were looked at."""
    if {one.key for one in changed} & workspace.asked_for:
        profiles = {change.profile_id for change in changes}
        if profiles:
            standing.pending.setdefault(workspace.id, Pending()).profiles |= profiles


def _look_at(standing: Standing, workspace: WorkspacePlan, pending: Pending, profiles: Sequence[int]) -> bool:
    now = standing.next_moment()
    changed = False
    here = set(profiles)
    merges = [merge for merge in pending.merges if merge[1] in here]
    told = Told(pending)
    for index, level in enumerate(workspace.levels):
        found = _evaluate(standing, workspace, level, now, profiles)
        level = [one for one in level if one.id in found]  # noqa: PLW2901 - without those that failed
        with transaction.atomic():
            parted = pending.parted & here if index == 0 else set()
            changes, destinations = apply(standing, workspace, level, found, profiles, told, now, merges, parted)
        mirror(standing.store, workspace, changes, now)
        standing.call(destinations)
        changed |= bool(changes)
        if index == 0:
            merges = []
    return changed


def _evaluate(
    standing: Standing, workspace: WorkspacePlan, level: Sequence[Computed], now: int, profiles: Sequence[int]
) -> Found:
    """The values of all at once; where the event store refuses, of each for itself, so that one cannot stop the others."""
    try:
        return evaluate(standing.store, workspace, level, now, profiles)
    except EventStoreError:
        standing.store.ping()
    found: Found = {}
    for one in level:
        try:
            found |= evaluate(standing.store, workspace, [one], now, profiles)
        except EventStoreError as error:
            _refused(standing, one, error)
    return found


def _refused(standing: Standing, one: Computed, error: EventStoreError) -> None:
    """It fails alone. Raises when it is the store that is gone."""
    standing.store.ping()
    logger.error("%s (%s) cannot be computed any more: %s", one.key, one.id, error)
    fail(one, f"The event store refuses the question: {error}")
    standing.plan.revision = -1
