"""The composition root: which parts run in this process, in which order they start and stop, and who answers which path."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import logging
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import django
import msgspec
from django.apps import apps
from django.conf import settings
from django.core.asgi import get_asgi_application

from pitcairn.edge.responses import Receive, Scope, Send, send_error, send_json

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

logger = logging.getLogger(__name__)


class Role(StrEnum):
    EDGE = "edge"
    WORKER = "worker"
    DASHBOARD = "dashboard"


ALL_ROLES = frozenset(Role)

PROFILE_API = ("/v1/spaces/", "/v1/namespaces/")
"""What Segment's Profile API answers at another host; here it stands beside the Tracking API."""


def read_struct_types() -> None:
    """Has msgspec read the annotations of every struct there is. To be called before there are threads.

    It reads them when a struct is first decoded, in Python code, and keeps what is half read where other threads find it:
    two of them that begin with the same struct end the process, or hang it where chDB catches the signal (msgspec 0.22).
    """
    for struct in _structs(msgspec.Struct):
        if struct.__module__.startswith("pitcairn."):
            with contextlib.suppress(TypeError, NameError):  # It is not made to be decoded.
                msgspec.json.Decoder(struct)


def _structs(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for struct in base.__subclasses__():
        yield struct
        yield from _structs(struct)


class Application:
    """Pitcairn as one ASGI application, made of the roles it is given."""

    def __init__(self, roles: Iterable[Role] = ALL_ROLES) -> None:
        self.roles = frozenset(roles)
        if not apps.ready:
            django.setup(set_prefix=False)
        # Their imports need Django to be set up.
        from pitcairn.connections.alerts.checking import AlertWatch  # noqa: PLC0415
        from pitcairn.connections.delivery.engine import Engine  # noqa: PLC0415
        from pitcairn.connections.delivery.transport import Transport  # noqa: PLC0415
        from pitcairn.control import ControlRoom  # noqa: PLC0415
        from pitcairn.dashboard.turns import Turns  # noqa: PLC0415
        from pitcairn.edge.app import Edge  # noqa: PLC0415
        from pitcairn.eventstore import EventStore  # noqa: PLC0415
        from pitcairn.experiences.health.watching import HealthWatch  # noqa: PLC0415
        from pitcairn.experiments.optimizing import optimize_due  # noqa: PLC0415
        from pitcairn.experiments.reports import send_due  # noqa: PLC0415
        from pitcairn.pipeline.replays import Replays  # noqa: PLC0415
        from pitcairn.pipeline.worker import POLL_SECONDS, POLL_SECONDS_BESIDE_EDGE, Worker  # noqa: PLC0415

        self.store: EventStore | None = None
        self._worker: Worker | None = None
        self._alerts: AlertWatch | None = None
        self._engine: Engine | None = None
        self._replays: Replays | None = None
        self._edge = Edge(on_commit=self._call_worker) if Role.EDGE in self.roles else None
        self._pages = Turns(get_asgi_application()) if Role.DASHBOARD in self.roles else None  # type: ignore[arg-type]
        self._control = ControlRoom()
        self._open_store = EventStore.open
        self._make_alerts = functools.partial(AlertWatch, senders=[HealthWatch(), send_due, optimize_due])
        poll_seconds = POLL_SECONDS if self._edge is None else POLL_SECONDS_BESIDE_EDGE
        self._make_worker = functools.partial(Worker, poll_seconds=poll_seconds)
        self._make_replays = Replays
        self._make_engine = functools.partial(Engine, make_sender=lambda: Transport(settings.DELIVERY_NETWORKS))

    @property
    def control_token(self) -> str:
        return self._control.token

    def _call_worker(self) -> None:
        if self._worker is not None:
            self._worker.call()

    async def start(self) -> None:
        """Opens the stores and starts the roles. Raises EventStoreError, DatabaseError and the like, with what to do."""
        if self._pages is not None:
            importlib.import_module(settings.ROOT_URLCONF)
        read_struct_types()
        if self.roles - {Role.EDGE}:
            self.store = await asyncio.to_thread(self._open_store, settings.EVENTS_URL)
            await asyncio.to_thread(self.store.migrate)
            from pitcairn.dashboard import stores  # noqa: PLC0415

            stores.provide(self.store)
            self._control.store = self.store
        if self.store is not None and Role.WORKER in self.roles:
            self._start_worker(self.store)
        if self._edge is not None:
            await self._edge.start()

    def _leads(self) -> bool:
        return self._worker is not None and self._worker.leads

    def _start_worker(self, store: EventStore) -> None:
        """The pipeline, and what only the process may do whose pipeline works: delivering and replaying."""
        engine = self._engine = self._make_engine(store, leads=self._leads)
        self._worker = self._make_worker(store, on_queued=engine.call)
        self._replays = self._make_replays(store, leads=self._leads, on_queued=engine.call)
        self._worker.start()
        engine.start()
        self._replays.start()
        self._alerts = self._make_alerts(store)
        self._alerts.start()

    async def stop(self) -> None:
        """What was accepted is on disk, what was in hand is finished, the rest stays in the inbox."""
        if self._edge is not None:
            await self._edge.stop()
        if self._alerts is not None:
            await asyncio.to_thread(self._alerts.stop)
        if self._worker is not None:
            await asyncio.to_thread(self._worker.stop)
        if self._replays is not None:
            await asyncio.to_thread(self._replays.stop)
        if self._engine is not None:
            await asyncio.to_thread(self._engine.stop)
        if self.store is not None:
            await asyncio.to_thread(self.store.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"Pitcairn answers HTTP, not {scope['type']}")
        path = scope["path"]
        if self._pages is not None and path.startswith(PROFILE_API):
            await self._pages(scope, receive, send)
        elif self._edge is not None and (
            path.startswith(("/v1/", "/tag/", "/p/")) or self._edge.owns_besides(scope["method"], path)
        ):
            await self._edge(scope, receive, send)
        elif path == "/health":
            await send_json(send, 200, b'{"status":"ok"}', [])
        elif path == "/control":
            await self._control(scope, receive, send)
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        else:
            await send_error(
                send,
                404,
                "not_found",
                f"This process runs {', '.join(sorted(self.roles))}; nothing here answers {path}",
            )

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    logger.error("Pitcairn cannot start: %s", error)
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
