"""The live engine: keeps every audience and computed trait right, in the worker's own thread.

After each batch the profiles that it changed are looked at, and so are those whom time alone may change (`ahead`). One query
asks all audiences of a workspace about these profiles. What differs from what is stored becomes values, past values and
messages for destinations, in one SQL transaction, so that nothing is told twice or forgotten. Then the event store gets its
copy of the memberships.

A round may be repeated: what is stored already does not differ any more. After a failure or a restart everything that
changed since the last batch that counts is asked of the stores again.

Here is when which part is due. The parts are `rounds`, `slices` and `applying`; what they share is their `standing`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from pitcairn.engage.changes import Pending, note
from pitcairn.engage.mirror import mirror_people, mirror_since
from pitcairn.engage.plan import read_plan
from pitcairn.engage.rounds import look_at_accounts, look_at_pending
from pitcairn.engage.slices import compute_next, has_work, leave_next, tell_next
from pitcairn.engage.standing import Learn, Standing
from pitcairn.engage.state import committed_batch, last_received, load_state, survivors, telling_identifiers
from pitcairn.eventstore import EventStore
from pitcairn.pipeline.batch import Batch
from pitcairn.workspaces.queries import configuration_revision

GAP_SECONDS = 0.3
"""The shortest time between two rounds: what happens within it is looked at together."""

HELD_SECONDS = 0.5
"""How long what waits for a destination's outbox waits until it looks again."""

NOTE_EVERY_MS = 1_000
"""How often a round that changed nothing writes down that there was one."""

ACCOUNT_GAP_SECONDS = 5.0
"""The shortest time between two looks at what is computed of accounts: each look reads everybody's events."""


def now_ms() -> int:
    return int(time.time() * 1000)


class Live:
    """`clock` gives ms since 1970. Everything runs in the worker's thread."""

    def __init__(
        self,
        store: EventStore,
        *,
        on_queued: Callable[[set[int]], None] | None = None,
        clock: Callable[[], int] = now_ms,
        gap_seconds: float = GAP_SECONDS,
    ) -> None:
        self._standing = Standing(store, on_queued, clock)
        self._gap = gap_seconds
        self._account_gap = min(ACCOUNT_GAP_SECONDS, gap_seconds * 100)
        self._ready = False
        self._held = False
        self._round_at = 0.0
        self._accounts_at = 0.0

    def learn_with(self, learn: Learn) -> None:
        """Computed traits are written into the profiles with it: the pipeline's part, as a batch."""
        self._standing.learn = learn

    # ── What the worker tells ────────────────────────────────────────────────────────────────────────────────────────

    def note(self, batch: Batch) -> None:
        """A batch, or a part of it, is as good as committed. Should it fail after all, `forget` follows."""
        standing = self._standing
        if not standing.plan.workspaces:
            standing.batch = batch.number
            return
        note(batch, standing.pending)
        standing.batch = batch.number
        standing.ahead.add(batch, standing.plan.workspaces)

    def forget(self) -> None:
        """What is in memory is not to be trusted: the stores are asked again."""
        self._ready = False
        self._standing.forget()

    def due_in(self) -> float:
        """Seconds until there may be something to do; what batches bring is not foreseen."""
        standing = self._standing
        if not self._ready:
            return 0.0
        if not standing.plan.workspaces:
            return 3600.0
        if standing.pending:
            return max(0.0, self._round_at + self._gap - time.monotonic())
        if standing.accounts:
            return max(0.0, self._accounts_at + self._account_gap - time.monotonic())
        noting = [standing.noted_at + NOTE_EVERY_MS] if standing.unsaved else []
        due = max(0.0, (min([standing.ahead.soonest, *noting]) - standing.clock()) / 1000)
        return min(due, HELD_SECONDS) if self._held else due

    # ── Working ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def work(self) -> bool:
        """Does what is due. True when there is more that need not wait.

        Raises what the stores raise; call `forget` then.
        """
        standing = self._standing
        self._read_plan()
        if not standing.plan.workspaces:
            return leave_next(standing)
        now = standing.clock()
        standing.ahead.look(now, standing.plan.workspaces.values())
        standing.ahead.take_due(now, standing.pending)
        if standing.pending and time.monotonic() - self._round_at >= self._gap:
            self._round_at = time.monotonic()
            look_at_pending(standing)
        if not standing.pending:
            standing.evaluated_at = now
        if standing.accounts and time.monotonic() - self._accounts_at >= self._account_gap:
            look_at_accounts(standing)
            self._accounts_at = time.monotonic()
        if standing.unsaved and now - standing.noted_at >= NOTE_EVERY_MS:
            standing.write_down()
        more = bool(standing.pending) and not self._gap
        more = compute_next(standing) or more
        more = leave_next(standing) or more
        more = tell_next(standing) or more
        self._held = not more and has_work(standing)
        return more

    def _read_plan(self) -> None:
        standing = self._standing
        revision = configuration_revision()
        if self._ready and revision == standing.plan.revision:
            return
        if not self._ready:
            state = load_state()
            standing.moment = max(standing.moment, state.mirrored_at)
            standing.evaluated_at = state.evaluated_at
            standing.ahead.begin(state.evaluated_at or standing.clock())
            standing.batch = committed_batch()
        standing.plan = read_plan(revision, standing.moment)
        if not standing.plan.workspaces:
            self._ready = True
            return
        if not self._ready:
            mirror_since(standing.store, state.mirrored_at)
            if any(workspace.live for workspace in standing.plan.workspaces.values()):
                received = last_received()
                for workspace_id, profiles in standing.store.changed_since(state.evaluated_batch).items():
                    self._recover(workspace_id, profiles, received.get(workspace_id, 0) + 1, state.mirrored_at)
            self._ready = True
        if standing.run is not None and not any(standing.run.computes(one) for one in standing.plan.waiting):
            standing.run = None

    def _recover(self, workspace_id: int, profiles: Iterable[int], since: int, moment: int) -> None:
        """`since` is receivedAt of the first message that may not count yet, `moment` the last one whose values do."""
        standing = self._standing
        ids = sorted(set(map(int, profiles)))
        pending = standing.pending.setdefault(workspace_id, Pending())
        merged = survivors(ids)
        pending.profiles.update(merged.get(one, one) for one in ids)
        pending.merges += sorted(merged.items())
        pending.links.update(telling_identifiers(ids, since))
        pending.told_until = moment
        # A merge gives values to its survivor that are older than the last copy.
        mirror_people(standing.store, sorted(pending.profiles), standing.next_moment())
