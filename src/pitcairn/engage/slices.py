"""What the live engine does with everybody, a slice at a time, between which the pipeline goes on.

Computing what is new, telling a sync from the beginning, and leaving what a deleted audience said of people.
"""

from __future__ import annotations

from functools import partial

from django.db import connection, transaction

from pitcairn.engage import values
from pitcairn.engage.applying import teach
from pitcairn.engage.changes import Pending
from pitcairn.engage.first_run import FirstRun
from pitcairn.engage.models import EVERYBODY
from pitcairn.engage.standing import Standing
from pitcairn.engage.state import save_state
from pitcairn.engage.sync_pass import next_slice

LEFT_AT_ONCE = 1_000
"""People whose traits are written in one transaction."""


def has_work(standing: Standing) -> bool:
    """Something goes through everybody, and waits for an outbox to become shorter."""
    return standing.run is not None or any(
        telling.position != EVERYBODY and not telling.paused
        for workspace in standing.plan.workspaces.values()
        for one in workspace.live
        for telling in workspace.tellings.get(one.id, ())
    )


def compute_next(standing: Standing) -> bool:
    """A slice of the computation over everybody that is under way, or the beginning of the next."""
    if standing.run is None:
        if not standing.plan.waiting:
            return False
        computed = standing.plan.waiting[0]
        if not any(workspace.live for workspace in standing.plan.workspaces.values()):
            # Nothing depends on older batches: everybody is asked about now.
            save_state(standing.batch, standing.evaluated_at, standing.next_moment(), {})
        workspace = standing.plan.workspaces[computed.workspace_id]
        standing.run = FirstRun(standing.store, computed, workspace, standing.next_moment(), partial(teach, standing))
        standing.run.start()
        return True
    run = standing.run
    waiting = standing.pending.get(run.workspace_id)
    if waiting is not None:
        run.touched |= waiting.profiles
    standing.call(run.next_slice(standing.plan.workspaces[run.workspace_id], standing.next_moment()))
    if not run.finished:
        return not run.held
    standing.run = None
    standing.plan.revision = -1
    standing.ahead.look_again(run.moment)
    if run.finish(standing.next_moment()):
        workspace = standing.plan.workspaces[run.workspace_id]
        touched = run.touched | (run.changed if run.key in workspace.asked_for else set())
        standing.pending.setdefault(run.workspace_id, Pending()).profiles |= touched
    return True


def tell_next(standing: Standing) -> bool:
    """A slice for a sync that goes through everybody. True when there is more that need not wait."""
    for workspace in standing.plan.workspaces.values():
        for one in workspace.live:
            for telling in workspace.tellings.get(one.id, ()):
                slice_ = next_slice(workspace.id, telling, standing.next_moment)
                if slice_ is not None:
                    standing.call(slice_.destinations)
                    return True
    return False


def leave_next(standing: Standing) -> bool:
    """What a deleted audience said of people becomes an ordinary trait of theirs, a slice at a time."""
    if not standing.plan.leaving:
        return False
    one = standing.plan.leaving[0]
    now = standing.next_moment()
    with transaction.atomic(), connection.cursor() as cursor:
        rows = values.some_of(cursor, one.id, LEFT_AT_ONCE)
        if rows and one.audience and standing.learn is not None:
            standing.batch = standing.learn(
                {profile_id: {one.key: value == values.TRUE} for profile_id, value in rows}, now
            )
        values.remove(cursor, one.id, [profile_id for profile_id, _ in rows])
    workspace = standing.plan.workspaces.get(one.workspace_id)
    if workspace is not None and one.key in workspace.asked_traits:
        standing.pending.setdefault(workspace.id, Pending()).profiles.update(profile_id for profile_id, _ in rows)
    if len(rows) < LEFT_AT_ONCE:
        standing.plan.leaving.pop(0)
    return True
