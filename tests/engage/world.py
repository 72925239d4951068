"""The pipeline's world with a clock that is set by hand, and a webhook that hears of audiences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from pipeline.world import NOON, World
from pitcairn.connections import services as connections
from pitcairn.connections.delivery import outbox
from pitcairn.connections.models import OutboxChunk
from pitcairn.engage import queries, services
from pitcairn.engage.live import Live
from pitcairn.engage.models import Audience, ComputedTrait, Value
from pitcairn.eventstore import EventStore
from pitcairn.pipeline.worker import Worker
from pitcairn.profiles import queries as profiles

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


class EngageWorld(World):
    """`now` is the engine's clock, in ms since 1970."""

    def __init__(self, store: EventStore) -> None:
        super().__init__(store)
        self.now = NOON
        self.restart()
        self.hook = connections.create_destination(
            workspace_id=self.workspace_id,
            slug="webhook",
            source_ids=[],
            settings={"url": "https://hooks.example/in"},
            enabled=True,
        ).id
        self._read = 0

    def restart(self) -> None:
        """Another worker takes over: what was only in memory is gone."""
        self.worker = Worker(self.store, live=Live(self.store, clock=lambda: self.now, gap_seconds=0))

    # ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """Everything that is due is done."""
        self.work()

    def pass_time(self, ms: int) -> None:
        self.now += ms
        self.settle()

    def send(self, *messages: Mapping[str, Any], settle: bool = True) -> None:
        """The messages arrive now, and everything that follows from them happens."""
        self.accept(*messages, at=self.now)
        if settle:
            self.settle()

    def did(self, event: str, person: str = "u1", *, ago: int = 0, **properties: Any) -> None:
        """`person` did something so many ms ago. A name that begins with `a` is an anonymous id, any other a user id."""
        self._number = getattr(self, "_number", 0) + 1
        who = {"anonymousId": person} if person.startswith("a") else {"userId": person}
        self.send({
            "type": "track", "event": event, "messageId": f"m{self._number}-{self.workspace_id}", **who,
            "timestamp": iso(self.now - ago), "properties": properties,
        })  # fmt: skip

    def identify(self, person: str, traits: Mapping[str, Any] | None = None, **fields: Any) -> None:
        self._number = getattr(self, "_number", 0) + 1
        who = {"anonymousId": person} if person.startswith("a") else {"userId": person}
        self.send({
            "type": "identify", "messageId": f"m{self._number}-{self.workspace_id}", **who, "traits": dict(traits or {}),
            "timestamp": iso(self.now), **fields,
        })  # fmt: skip

    def audience(self, name: str, condition: Mapping[str, Any], *, told: bool = True, **options: Any) -> Audience:
        """An audience, computed; the webhook hears of it."""
        made = services.create_audience(self.workspace_id, name, condition, **options)
        if told:
            services.connect_destination(self.workspace_id, made.id, self.hook)
        self.settle()
        return made

    def trait(self, name: str, events: Mapping[str, Any], *, told: bool = True, **options: Any) -> ComputedTrait:
        made = services.create_computed_trait(self.workspace_id, name, events, **options)
        if told:
            services.connect_destination(self.workspace_id, made.id, self.hook)
        self.settle()
        return made

    # ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def told(self, destination_id: int = 0) -> list[dict[str, Any]]:
        """The bodies queued for the webhook since this was last asked, in order."""
        wanted = OutboxChunk.objects.filter(destination_id=destination_id or self.hook).order_by("id")
        bodies = [message.body for chunk in wanted for message in outbox.unpack(bytes(chunk.messages))]
        with transaction.atomic():
            wanted.delete()
        return bodies

    def news(self) -> list[tuple[str, str, Any]]:
        """The same in short: (who, key, value) of Identify calls."""
        return [news_of(body) for body in self.told()]

    def profile_id(self, identifier: str) -> int:
        kind, _, value = identifier.partition(":")
        found = profiles.profile_of(self.workspace_id, kind, value)
        assert found is not None, f"{identifier} points to nobody"
        return found

    def values(self, computation_id: int) -> dict[int, str]:
        """What is stored, by profile."""
        return dict(Value.objects.filter(computation_id=computation_id).values_list("profile_id", "value"))

    def is_member(self, audience: Audience, identifier: str) -> bool | None:
        """None when they never were one."""
        for item in queries.memberships_of(self.profile_id(identifier)):
            if item.computation_id == audience.id:
                return item.member
        return None


def news_of(body: Mapping[str, Any]) -> tuple[str, str, Any]:
    who = body.get("userId") or body.get("anonymousId") or ""
    key = body["context"]["personas"]["computation_key"]
    return who, key, body["traits"][key]


def iso(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trait_is(name: str, value: Any) -> dict[str, Any]:
    return {"fact": "trait", "name": name, "operator": "equals", "value": value}


def did(event: str, at_least: int = 1, **fields: Any) -> dict[str, Any]:
    return {"event": event, "operator": "at_least", "value": at_least, **fields}


def within(amount: int, unit: str) -> dict[str, Any]:
    return {"oldest": {"amount": amount, "unit": unit}}


def member_of(key: str) -> dict[str, Any]:
    return {"fact": "audience", "name": key, "operator": "equals", "value": True}
