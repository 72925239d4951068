"""A workspace, the real stores, and a worker that works when told: what the tests of the pipeline stand in."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Mapping
from typing import Any

from pitcairn.connections import services as connections
from pitcairn.connections.destination import CatalogEntry, Effect, IncomingMessage
from pitcairn.connections.registry import catalog
from pitcairn.edge import inbox
from pitcairn.edge.inbox import Accepted
from pitcairn.edge.snapshot import EMPTY, Snapshot, newer_snapshot
from pitcairn.eventstore import EventStore, Refusal, StoredMessage
from pitcairn.pipeline.models import PipelineState
from pitcairn.pipeline.worker import Worker
from pitcairn.profiles import queries as profiles
from pitcairn.profiles.queries import ProfileDetail
from pitcairn.workspaces.models import Workspace

NOON = 1_793_620_800_000
"""2026-11-02T12:00:00Z in ms: when requests arrive."""

_requests = itertools.count(1)


class World:
    """One workspace with the sources `website`, connected to Mutiny, and `backend`, which is not."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.worker = Worker(store)
        # An id of its own, since the event store is shared with tests whose SQL store has been emptied since.
        self.workspace = Workspace.objects.create(id=secrets.randbelow(2**31) + 2**20, name="Acme")
        self.workspace_id = self.workspace.id
        self.website = connections.create_source(workspace_id=self.workspace_id, name="website").id
        self.backend = connections.create_source(workspace_id=self.workspace_id, name="backend", kind="server").id
        self.mutiny = connections.create_destination(
            workspace_id=self.workspace_id,
            slug="mutiny",
            source_ids=[self.website],
            settings={"apiKey": "key"},
            enabled=True,
        ).id
        # Other tests share the event store: what they left there is not this pipeline's to remove.
        PipelineState.objects.create(id=1, batch=store.last_batch(), next_profile_id=secrets.randbelow(2**40) + 1)

    # ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def request(
        self, *messages: Mapping[str, Any] | bytes, source_id: int = 0, at: int = NOON, **fields: Any
    ) -> Accepted:
        """An accepted batch request. `fields` are further fields of `Accepted`."""
        given: dict[str, Any] = {
            "request_id": f"request{next(_requests)}",
            "received_at": at,
            "source_id": source_id or self.website,
            "type": "",
            "ip": "",
            "retry_count": 0,
            "sent_at": "",
            "context": b"",
            "integrations": b"",
            "items": [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages],
        }
        return Accepted(**{**given, **fields})

    def accept(self, *messages: Mapping[str, Any] | bytes, source_id: int = 0, at: int = NOON, **fields: Any) -> None:
        """One request with the messages, durable in the inbox as a row of its own."""
        inbox.append([self.request(*messages, source_id=source_id, at=at, **fields)])

    def work(self, worker: Worker | None = None) -> int:
        """Has the worker work until the inbox is empty; returns in how many batches."""
        batches = 0
        while (worker or self.worker).work():
            batches += 1
        return batches

    def process(self, *messages: Mapping[str, Any], source_id: int = 0, at: int = NOON, **fields: Any) -> None:
        """Accepts the messages and has them worked on."""
        self.accept(*messages, source_id=source_id, at=at, **fields)
        self.work()

    # ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def messages(self, **wanted: Any) -> list[StoredMessage]:
        """What is in the event store, in no promised order."""
        return self.store.messages(self.workspace_id, limit=100_000, **wanted)

    def message_ids(self) -> list[str]:
        return sorted(message.message_id for message in self.messages())

    def refusals(self, **wanted: Any) -> list[Refusal]:
        return self.store.refusals(self.workspace_id, limit=100_000, **wanted)

    def reasons(self) -> dict[str, str]:
        """Why what was refused was refused, by message id."""
        return {refusal.message_id: refusal.reason for refusal in self.refusals()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds; `{workspace}` in it is this workspace's id."""
        return self.store._rows(query.replace("{workspace}", str(self.workspace_id)), {})

    def exposures(self) -> list[tuple[Any, ...]]:
        """(experience, segment, variation, personalized, visitor, profile, message id) of each, oldest batch first."""
        return self.rows(
            "SELECT experience_id, segment_id, variation_id, personalized, visitor, profile_id, message_id "
            "FROM exposures WHERE workspace_id = {workspace} ORDER BY batch, message_id"
        )

    def merges(self) -> dict[int, int]:
        """The survivor of every merged profile, as results see it."""
        found = self.rows(
            "SELECT loser_id, argMax(winner_id, batch) FROM merges WHERE workspace_id = {workspace} GROUP BY loser_id"
        )
        return {int(loser): int(winner) for loser, winner in found}

    def profile(self, identifier: str) -> ProfileDetail:
        """The profile that `user_id:u1` points to."""
        kind, _, value = identifier.partition(":")
        found = profiles.profile_of(self.workspace_id, kind, value)
        assert found is not None, f"{identifier} points to nobody"
        detail = profiles.profile(self.workspace_id, found)
        assert detail is not None, f"{identifier} points to {found}, which is no living profile"
        return detail

    def traits(self, identifier: str) -> dict[str, Any]:
        return {trait.name: trait.value for trait in self.profile(identifier).traits}

    def targetable(self, identifier: str) -> set[str]:
        return {trait.name for trait in self.profile(identifier).traits if trait.targetable}


class FailingStore(EventStore):
    """The store it is given, but the insert with the number `fails_at` (1 is the next one) raises, before or after."""

    def __init__(self, store: EventStore, error: Exception) -> None:
        super().__init__(store._connection)
        self.error = error
        self.fails_at = 0
        self.after = False

    def insert(self, table: str, rows: Any) -> None:
        self.fails_at -= 1
        if self.fails_at == 0 and not self.after:
            raise self.error
        super().insert(table, rows)
        if self.fails_at == 0:
            raise self.error


def faulty_snapshot(is_poison: Any) -> Snapshot:
    """The configuration as it is, with a Mutiny whose `take` raises for the messages that `is_poison` picks."""
    import msgspec

    def take(message: IncomingMessage, settings: Mapping[str, Any]) -> Effect:
        if is_poison(message):
            raise ZeroDivisionError(f"poisoned by {message.event}")
        return catalog()["mutiny"].take(message, settings)

    replace = msgspec.structs.replace
    snapshot = newer_snapshot(EMPTY)
    sources = {
        source.id: replace(
            source,
            destinations=tuple(
                replace(one, entry=CatalogEntry(one.entry.manifest, take, "")) for one in source.destinations
            ),
        )
        for source in snapshot.sources_by_id.values()
    }
    return replace(snapshot, sources_by_id=sources)


def track(message_id: str, event: str = "Looked", **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "messageId": message_id, "anonymousId": "a1", **fields}


def identify(message_id: str, traits: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": message_id, "traits": dict(traits or {}), **fields}
