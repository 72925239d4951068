"""Runs the application in uvicorn, with other small sites beside it where wanted (the demo website)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import uvicorn
import uvloop

from pitcairn.asgi import ALL_ROLES, Application, Role
from pitcairn.dashboard import live
from pitcairn.edge.protocol import Protocol

GRACEFUL_SECONDS = 10
"""How long open requests may take to finish after SIGTERM. Live pages end by themselves, at once."""

COLLECT_AFTER = (50_000, 20, 50)
"""Python's cyclic collector starts after 700 new objects; a batch of the pipeline makes some 100,000, none of them in cycles."""

SWITCH_INTERVAL_SECONDS = 0.0005
"""How long a thread may hold the interpreter while another waits. Python's 5 ms would be the tail of every answer the edge
gives while the pipeline works."""


KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open. Longer than proxies and load balancers keep theirs (nginx and Amazon's: 60 s): one that
closes first loses the request that is just on its way.
"""


class _CalmServer(uvicorn.Server):
    """Wakes once a second, for the `Date` header, and when it is told to stop; uvicorn's own looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 1.0)

    def stop(self) -> None:
        self.should_exit = True
        self._told.set()


class _Server(_CalmServer):
    """Tells when it listens, and ends live pages when it stops."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: Any = None) -> None:
        live.close_streams()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self._told.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but a signal that was obeyed is not raised again: that would end the process at once,
        before the control file is removed and the other sites have stopped."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


class _SideServer(_CalmServer):
    """A server that leaves the signals to the main one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CannotStart(Exception):
    """The server did not start; the log says why."""


def serve(
    roles: Iterable[Role] = ALL_ROLES,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    sites: Mapping[int, Any] | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves until SIGTERM or SIGINT. `sites` are further ASGI applications by port. Raises `CannotStart`."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    application = Application(roles)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(application, host, port, sites or {}, on_ready))


async def _serve(
    application: Application, host: str, port: int, sites: Mapping[int, Any], on_ready: Callable[[], None]
) -> None:
    from pitcairn import control  # noqa: PLC0415 - needs Django to be set up, which the application does

    def ready() -> None:
        # What lives now lives as long as the process: leave it out of every later collection.
        gc.collect()
        gc.freeze()
        if application.store is not None:  # an edge alone has nothing that commands could ask for
            reachable = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104
            control.announce(f"http://{reachable}:{port}", application.control_token)
        on_ready()

    main = _Server(_config(application, host, port, lifespan="on"), ready)
    side = [_SideServer(_config(site, host, its_port, lifespan="off")) for its_port, site in sites.items()]
    tasks = [asyncio.create_task(server.serve()) for server in side]
    try:
        await main.serve()
    finally:
        control.withdraw()
        for server in side:
            server.stop()
        await asyncio.gather(*tasks)
    if not main.started:
        raise CannotStart("The server did not start; the lines above say why")


def _config(application: Any, host: str, port: int, *, lifespan: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        lifespan=lifespan,
        loop="none",
        http=Protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the edge reads X-Forwarded-For itself, and believes only as many hops as it is told to
        backlog=2048,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
