"""The live engine: keeps every audience and computed trait right, in the worker's own thread.

After each batch the profiles that it changed are looked at, and so are those whom time alone may change (`ahead`). One query
asks all audiences of a workspace about these profiles. What differs from what is stored becomes values, past values and
messages for destinations, in one SQL transaction, so that nothing is told twice or forgotten. Then the event store gets its
copy of the memberships.

A round may be repeated: what is stored already does not differ any more. After a failure or a restart everything that
changed since the last batch that counts is asked of the stores again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection, transaction

from pitcairn.engage import values
from pitcairn.engage.ahead import Ahead
from pitcairn.engage.changes import Pending, Told, note
from pitcairn.engage.evaluation import Found, differences, evaluate, everybody
from pitcairn.engage.first_run import FirstRun, fail
from pitcairn.engage.mirror import mirror, mirror_people, mirror_since
from pitcairn.engage.models import EVERYBODY
from pitcairn.engage.people import identifiers_of_profiles, is_known, people_by_account
from pitcairn.engage.plan import NOTHING, Computed, Plan, WorkspacePlan, read_plan
from pitcairn.engage.state import (
    committed_batch,
    last_received,
    load_state,
    save_state,
    survivors,
    telling_identifiers,
)
from pitcairn.engage.sync_pass import next_slice
from pitcairn.engage.telling import News, tell
from pitcairn.engage.values import Change
from pitcairn.eventstore import EventStore, EventStoreError
from pitcairn.pipeline.batch import Batch
from pitcairn.workspaces.queries import configuration_revision

logger = logging.getLogger(__name__)

GAP_SECONDS = 0.3
"""The shortest time between two rounds: what happens within it is looked at together."""

HELD_SECONDS = 0.5
"""How long what waits for a destination's outbox waits until it looks again."""

NOTE_EVERY_MS = 1_000
"""How often a round that changed nothing writes down that there was one."""

ACCOUNT_GAP_SECONDS = 5.0
"""The shortest time between two looks at what is computed of accounts: each look reads everybody's events."""

MOST_AT_ONCE = 20_000
"""Profiles in one round; more are looked at one part after the other."""


Learned = Mapping[int, Mapping[str, Any]]
"""Traits that people have from now on, by profile and name; None takes a trait away."""


LEFT_AT_ONCE = 1_000
"""People whose traits are written in one transaction."""


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
        self.learn: Callable[[Learned, int], int] | None = None
        """Writes computed traits into the profiles, in the transaction that is open: the pipeline's part, as a batch."""
        self._store = store
        self._on_queued = on_queued
        self._clock = clock
        self._gap = gap_seconds
        self._account_gap = min(ACCOUNT_GAP_SECONDS, gap_seconds * 100)
        self._plan: Plan = NOTHING
        self._pending: dict[int, Pending] = {}
        self._ahead = Ahead(store)
        self._moment = 0
        self._evaluated_at = 0
        """Whatever time changed until then is in the values."""
        self._batch = 0
        self._ready = False
        self._held = False
        self._noted_at = 0
        self._counted = 0
        """The last batch that rounds have looked at."""
        self._unsaved = False
        self._received: dict[int, int] = {}
        """When the last message came that counts, by workspace, as far as it is not written down."""
        self._again: dict[int, list[News]] = {}
        """What holds as before, and is to be told under new names, by workspace."""
        self._round_at = 0.0
        self._run: FirstRun | None = None
        self._accounts: set[int] = set()
        """Workspaces in which something changed that accounts may depend on."""
        self._accounts_at = 0.0

    # ── What the worker tells ────────────────────────────────────────────────────────────────────────────────────────

    def note(self, batch: Batch) -> None:
        """A batch, or a part of it, is as good as committed. Should it fail after all, `forget` follows."""
        if not self._plan.workspaces:
            self._batch = batch.number
            return
        note(batch, self._pending)
        self._batch = batch.number
        self._ahead.add(batch, self._plan.workspaces)

    def forget(self) -> None:
        """What is in memory is not to be trusted: the stores are asked again."""
        self._ready = False
        self._plan = NOTHING
        self._pending.clear()
        self._accounts.clear()
        self._received = {}
        self._again = {}
        self._run = None

    def due_in(self) -> float:
        """Seconds until there may be something to do; what batches bring is not foreseen."""
        if not self._ready:
            return 0.0
        if not self._plan.workspaces:
            return 3600.0
        if self._pending:
            return max(0.0, self._round_at + self._gap - time.monotonic())
        if self._accounts:
            return max(0.0, self._accounts_at + self._account_gap - time.monotonic())
        noting = [self._noted_at + NOTE_EVERY_MS] if self._unsaved else []
        due = max(0.0, (min([self._ahead.soonest, *noting]) - self._clock()) / 1000)
        return min(due, HELD_SECONDS) if self._held else due

    # ── Working ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def work(self) -> bool:
        """Does what is due. True when there is more that need not wait.

        Raises what the stores raise; call `forget` then.
        """
        self._read_plan()
        if not self._plan.workspaces:
            return self._leave_next()
        now = self._clock()
        self._ahead.look(now, self._plan.workspaces.values())
        self._ahead.take_due(now, self._pending)
        if self._pending and time.monotonic() - self._round_at >= self._gap:
            self._round_at = time.monotonic()
            self._round()
        if not self._pending:
            self._evaluated_at = now
        if self._accounts and time.monotonic() - self._accounts_at >= self._account_gap:
            self._look_at_accounts()
            self._accounts_at = time.monotonic()
        if self._unsaved and now - self._noted_at >= NOTE_EVERY_MS:
            self._note_state()
        more = bool(self._pending) and not self._gap
        more = self._compute_next() or more
        more = self._leave_next() or more
        more = self._tell_next() or more
        self._held = not more and self._has_work()
        return more

    def _has_work(self) -> bool:
        """Something goes through everybody, and waits for an outbox to become shorter."""
        return self._run is not None or any(
            telling.position != EVERYBODY and not telling.paused
            for workspace in self._plan.workspaces.values()
            for one in workspace.live
            for telling in workspace.tellings.get(one.id, ())
        )

    def _read_plan(self) -> None:
        revision = configuration_revision()
        if self._ready and revision == self._plan.revision:
            return
        if not self._ready:
            state = load_state()
            self._moment = max(self._moment, state.mirrored_at)
            self._evaluated_at = state.evaluated_at
            self._ahead.begin(state.evaluated_at or self._clock())
            self._batch = committed_batch()
        self._plan = read_plan(revision, self._moment)
        if not self._plan.workspaces:
            self._ready = True
            return
        if not self._ready:
            mirror_since(self._store, state.mirrored_at)
            if any(workspace.live for workspace in self._plan.workspaces.values()):
                received = last_received()
                for workspace_id, profiles in self._store.changed_since(state.evaluated_batch).items():
                    self._recover(workspace_id, profiles, received.get(workspace_id, 0) + 1, state.mirrored_at)
            self._ready = True
        if self._run is not None and not any(self._run.computes(one) for one in self._plan.waiting):
            self._run = None

    def _recover(self, workspace_id: int, profiles: Iterable[int], since: int, moment: int) -> None:
        """`since` is receivedAt of the first message that may not count yet, `moment` the last one whose values do."""
        ids = sorted(set(map(int, profiles)))
        pending = self._pending.setdefault(workspace_id, Pending())
        merged = survivors(ids)
        pending.profiles.update(merged.get(one, one) for one in ids)
        pending.merges += sorted(merged.items())
        pending.links.update(telling_identifiers(ids, since))
        pending.told_until = moment
        # A merge gives values to its survivor that are older than the last copy.
        mirror_people(self._store, sorted(pending.profiles), self._next_moment())

    def _next_moment(self) -> int:
        """Now, and later than every moment before."""
        self._moment = max(self._clock(), self._moment + 1)
        return self._moment

    def _round(self) -> None:
        """Looks at everybody who is pending."""
        pending, batch = self._pending, self._batch
        self._pending = {}
        changed = False
        for workspace_id, one in pending.items():
            workspace = self._plan.workspaces.get(workspace_id)
            if workspace is None:
                continue
            if one.accounts:
                one.profiles.update(*people_by_account(sorted(one.accounts)).values())
            if workspace.of_accounts:
                self._accounts.add(workspace_id)
            merged = survivors(sorted(one.profiles))
            one.profiles = {merged.get(profile_id, profile_id) for profile_id in one.profiles}
            if self._run is not None and self._run.workspace_id == workspace_id:
                self._run.touched |= one.profiles
            ids = sorted(one.profiles)
            for start in range(0, len(ids), MOST_AT_ONCE):
                changed |= self._look_at(workspace, one, ids[start : start + MOST_AT_ONCE])
        for workspace_id, one in pending.items():
            self._received[workspace_id] = max(self._received.get(workspace_id, 0), one.last_received_at)
        self._counted = batch if self._pending else self._batch
        self._unsaved = True
        if changed or any(self._again.values()):
            self._note_state()

    def _note_state(self) -> None:
        """Writes down how far it is, and tells under new names what holds as before: after a failure it does both again."""
        destinations: set[int] = set()
        with transaction.atomic():
            with connection.cursor() as cursor:
                for workspace_id, news in self._again.items():
                    destinations |= tell(cursor, workspace_id, news, self._moment).destinations
            save_state(self._counted, self._evaluated_at, self._moment, self._received)
        self._call(destinations)
        self._again = {}
        self._noted_at = self._moment
        self._received = {}
        self._unsaved = False

    def _look_at_accounts(self) -> None:
        """Asks again of all accounts, where anything changed."""
        for workspace_id in sorted(self._accounts):
            workspace = self._plan.workspaces.get(workspace_id)
            for one in workspace.of_accounts if workspace is not None else ():
                assert workspace is not None
                now = self._next_moment()
                try:
                    found = everybody(self._store, workspace, one, now)
                except EventStoreError as error:
                    self._refused(one, error)
                    continue
                with connection.cursor() as cursor:
                    profiles = sorted(found.keys() | values.members_of(cursor, one.id))
                for start in range(0, len(profiles), MOST_AT_ONCE):
                    part = profiles[start : start + MOST_AT_ONCE]
                    with transaction.atomic():
                        changes, destinations = self._apply(
                            workspace, [one], {one.id: found}, part, Told(Pending()), now, []
                        )
                    mirror(self._store, workspace, changes, now)
                    self._call(destinations)
                    self._affect(workspace, [one], changes)
        self._accounts.clear()
        if not self._pending:
            self._counted, self._unsaved = self._batch, True

    def _affect(self, workspace: WorkspacePlan, changed: Sequence[Computed], changes: Iterable[Change]) -> None:
        """Has those looked at again whose membership changed after the audiences that ask for it were looked at."""
        if {one.key for one in changed} & workspace.asked_for:
            profiles = {change.profile_id for change in changes}
            if profiles:
                self._pending.setdefault(workspace.id, Pending()).profiles |= profiles

    def _look_at(self, workspace: WorkspacePlan, pending: Pending, profiles: Sequence[int]) -> bool:
        now = self._next_moment()
        changed = False
        here = set(profiles)
        merges = [merge for merge in pending.merges if merge[1] in here]
        told = Told(pending)
        for index, level in enumerate(workspace.levels):
            found = self._evaluate(workspace, level, now, profiles)
            level = [one for one in level if one.id in found]  # noqa: PLW2901 - without those that failed
            with transaction.atomic():
                parted = pending.parted & here if index == 0 else set()
                changes, destinations = self._apply(workspace, level, found, profiles, told, now, merges, parted)
            mirror(self._store, workspace, changes, now)
            self._call(destinations)
            changed |= bool(changes)
            if index == 0:
                merges = []
        return changed

    def _evaluate(
        self, workspace: WorkspacePlan, level: Sequence[Computed], now: int, profiles: Sequence[int]
    ) -> Found:
        """The values of all at once; where the event store refuses, of each for itself, so that one cannot stop the others."""
        try:
            return evaluate(self._store, workspace, level, now, profiles)
        except EventStoreError:
            self._store.ping()
        found: Found = {}
        for one in level:
            try:
                found |= evaluate(self._store, workspace, [one], now, profiles)
            except EventStoreError as error:
                self._refused(one, error)
        return found

    def _refused(self, one: Computed, error: EventStoreError) -> None:
        """It fails alone. Raises when it is the store that is gone."""
        self._store.ping()
        logger.error("%s (%s) cannot be computed any more: %s", one.key, one.id, error)
        fail(one, f"The event store refuses the question: {error}")
        self._plan.revision = -1

    def _apply(
        self,
        workspace: WorkspacePlan,
        level: Sequence[Computed],
        found: Mapping[int, Mapping[int, str]],
        profiles: Sequence[int],
        told: Told,
        now: int,
        merges: Sequence[tuple[int, int]],
        parted: Iterable[int] = (),
    ) -> tuple[list[Change], set[int]]:
        """Stores and tells what is new. Within a transaction."""
        ended: list[Change] = []
        with connection.cursor() as cursor:
            for loser, winner in merges:
                gone, taken = values.take_over(cursor, workspace.id, loser, winner, now)
                ended += gone + taken
                told.took_over(
                    winner,
                    loser,
                    [change.computation_id for change in gone],
                    [change.computation_id for change in taken],
                )
            for loser in sorted(parted):
                ended += values.share(cursor, workspace.id, loser, now)
            ids = [one.id for one in level]
            stored = values.read(cursor, ids, profiles)
            changes = differences(level, {key: dict(value) for key, value in found.items()}, stored, profiles)
            changed = {(change.computation_id, change.profile_id) for change in changes}
            again = [
                (key, one)
                for key, one in stored.items()
                if told.has_news(key[1], one.since)
                and one.member
                and key not in changed
                and workspace.tellings.get(key[0])
            ]
            named = identifiers_of_profiles(
                sorted({change.profile_id for change in changes} | {key[1] for key, _ in again})
            )
            strict = {one.id for one in level if not one.audience and not one.anonymous}
            changes = [
                change
                for change in changes
                if change.computation_id not in strict or is_known(named.get(change.profile_id, ()))
            ]
            values.write(cursor, workspace.id, changes, now)
            values.count(cursor, changes, now)
            news = [
                News(telling, change.profile_id, named.get(change.profile_id, ()), change.value, now)
                for change in changes
                for telling in workspace.tellings.get(change.computation_id, ())
                if telling.hears(change.profile_id)
            ]
            self._again.setdefault(workspace.id, []).extend(
                News(
                    telling,
                    key[1],
                    named.get(key[1], ()),
                    one.value,
                    one.since,
                    told.groups(*key, named.get(key[1], ())),
                )
                for key, one in again
                for telling in workspace.tellings.get(key[0], ())
                if telling.hears(key[1])
            )
            outcome = tell(cursor, workspace.id, news, now)
        self._teach(workspace, level, changes, now)
        return ended + changes, outcome.destinations

    def _teach(
        self, workspace: WorkspacePlan, computed: Sequence[Computed], changes: Sequence[Change], now: int
    ) -> None:
        """Makes computed traits traits of the people, and has whoever asks for them look again."""
        keys = {one.id: one.key for one in computed if not one.audience}
        learned: dict[int, dict[str, Any]] = {}
        for change in changes:
            if change.computation_id in keys:
                value = msgspec.json.decode(change.value)
                learned.setdefault(change.profile_id, {})[keys[change.computation_id]] = value
        if not learned or self.learn is None:
            return
        self._batch = self.learn(learned, now)
        if workspace.asked_traits.intersection(keys.values()):
            self._pending.setdefault(workspace.id, Pending()).profiles.update(learned)

    def _leave_next(self) -> bool:
        """What a deleted audience said of people becomes an ordinary trait of theirs, a slice at a time."""
        if not self._plan.leaving:
            return False
        one = self._plan.leaving[0]
        now = self._next_moment()
        with transaction.atomic(), connection.cursor() as cursor:
            rows = values.some_of(cursor, one.id, LEFT_AT_ONCE)
            if rows and one.audience and self.learn is not None:
                self._batch = self.learn(
                    {profile_id: {one.key: value == values.TRUE} for profile_id, value in rows}, now
                )
            values.remove(cursor, one.id, [profile_id for profile_id, _ in rows])
        workspace = self._plan.workspaces.get(one.workspace_id)
        if workspace is not None and one.key in workspace.asked_traits:
            self._pending.setdefault(workspace.id, Pending()).profiles.update(profile_id for profile_id, _ in rows)
        if len(rows) < LEFT_AT_ONCE:
            self._plan.leaving.pop(0)
        return True

    def _call(self, destinations: set[int]) -> None:
        if destinations and self._on_queued is not None:
            self._on_queued(destinations)

    # ── Everybody ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _compute_next(self) -> bool:
        """A slice of the computation over everybody that is under way, or the beginning of the next."""
        if self._run is None:
            if not self._plan.waiting:
                return False
            computed = self._plan.waiting[0]
            if not any(workspace.live for workspace in self._plan.workspaces.values()):
                # Nothing depends on older batches: everybody is asked about now.
                save_state(self._batch, self._evaluated_at, self._next_moment(), {})
            workspace = self._plan.workspaces[computed.workspace_id]
            self._run = FirstRun(self._store, computed, workspace, self._next_moment(), self._teach)
            self._run.start()
            return True
        run = self._run
        waiting = self._pending.get(run.workspace_id)
        if waiting is not None:
            run.touched |= waiting.profiles
        self._call(run.next_slice(self._plan.workspaces[run.workspace_id], self._next_moment()))
        if not run.finished:
            return not run.held
        self._run = None
        self._plan.revision = -1
        self._ahead.look_again(run.moment)
        if run.finish(self._next_moment()):
            workspace = self._plan.workspaces[run.workspace_id]
            touched = run.touched | (run.changed if run.key in workspace.asked_for else set())
            self._pending.setdefault(run.workspace_id, Pending()).profiles |= touched
        return True

    def _tell_next(self) -> bool:
        """A slice for a sync that goes through everybody. True when there is more that need not wait."""
        for workspace in self._plan.workspaces.values():
            for one in workspace.live:
                for telling in workspace.tellings.get(one.id, ()):
                    slice_ = next_slice(workspace.id, telling, self._next_moment)
                    if slice_ is not None:
                        self._call(slice_.destinations)
                        return True
        return False
