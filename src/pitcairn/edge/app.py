"""The edge as an ASGI application, and what runs beside it: the inbox writer and the watch on the configuration."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
from django.conf import settings
from django.db import DatabaseError, connections

from pitcairn.edge.collect import BATCH_PATHS, SINGLE_PATHS, Collector, answer_metrics, client_settings
from pitcairn.edge.guards import Guards
from pitcairn.edge.hosted import PREFIX as HOSTED_PREFIX
from pitcairn.edge.hosted import HostedPages
from pitcairn.edge.inbox import InboxWriter
from pitcairn.edge.ip_data import IPData
from pitcairn.edge.personalize import Personalizer
from pitcairn.edge.pixel import KINDS as PIXEL_KINDS
from pitcairn.edge.pixel import PREFIX as PIXEL_PREFIX
from pitcairn.edge.pixel import PixelUnreadable, message_in, send_pixel
from pitcairn.edge.profile_reader import ProfileReader, profile_reader
from pitcairn.edge.requests import HeaderReader
from pitcairn.edge.responses import CORS, Receive, Scope, Send, send_error, send_json, send_preflight
from pitcairn.edge.rudderstack import (
    BEACON_PATHS,
    CONFIGURATION_PATHS,
    source_configuration,
    with_key_in_header,
    write_key,
)
from pitcairn.edge.segment import PATHS as SEGMENT_PATHS
from pitcairn.edge.segment import SegmentReceiver
from pitcairn.edge.snapshot import EMPTY, Snapshot, newer_snapshot
from pitcairn.edge.tag import TagFiles, answer_tag
from pitcairn.edge.tokens import TokenEndpoint, TokenKey
from pitcairn.edge.vitals import PATH as VITALS_PATH
from pitcairn.edge.vitals import VitalsReceiver

logger = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
"""How soon a changed configuration is in force. The look costs one read of one row."""

_SETTINGS_PREFIX, _SETTINGS_SUFFIX = "/v1/projects/", "/settings"
_DECIDE = "/v1/decide"
_TOKEN = "/token"  # noqa: S105 - a path
_OTHERS = frozenset({
    ("POST", _TOKEN),
    *(("POST", path) for path in SEGMENT_PATHS | BEACON_PATHS),
    *((method, path) for method in ("GET", "HEAD", "OPTIONS") for path in CONFIGURATION_PATHS),
    *(("OPTIONS", path) for path in BEACON_PATHS),
})  # fmt: skip


class Edge:
    """Everything under `/v1/`, `/tag/` and `/p/`, tokens, and what Segment delivers."""

    def __init__(self, *, on_commit: Callable[[], None] = lambda: None) -> None:
        headers = HeaderReader(settings.COUNTRY_HEADER)
        self.inbox = InboxWriter(on_commit)
        self._headers = headers
        self._profiles: ProfileReader = profile_reader()
        token_key = TokenKey(settings.SECRET_KEY)
        guards = Guards(token_key)
        self._collector = Collector(
            self.inbox,
            headers,
            guards,
            trusted_proxies=settings.TRUSTED_PROXIES,
            strict_write_keys=settings.STRICT_WRITE_KEYS,
        )
        self._ip_data = IPData(settings.IP_DATA)
        self._personalizer = Personalizer(
            self._profiles, headers, self._ip_data, trusted_proxies=settings.TRUSTED_PROXIES
        )
        self._segment = SegmentReceiver(self.inbox, headers, guards)
        self._vitals = VitalsReceiver(self.inbox, headers, guards, trusted_proxies=settings.TRUSTED_PROXIES)
        self._tokens = TokenEndpoint(headers, token_key)
        self._tag_files = TagFiles()
        self._hosted = HostedPages(headers)
        self._watch: asyncio.Task[None] | None = None
        # A thread of its own: the pages' thread may be busy with a slow page.
        self._configuration_thread = ThreadPoolExecutor(1, "configuration")
        self._set_snapshot(EMPTY)

    @staticmethod
    def owns_besides(method: str, path: str) -> bool:
        """Whether the edge answers this outside `/v1/`, `/tag/` and `/p/`, which are its own. Pages stand beside it there."""
        return (method, path) in _OTHERS

    async def start(self) -> None:
        """Reads the configuration and begins to accept. Raises what the SQL store raises when it cannot be read."""
        self.inbox.start(asyncio.get_running_loop())
        self._set_snapshot(await self._newer_snapshot())
        await self._profiles.open()
        self._watch = asyncio.create_task(self._watch_configuration())

    async def stop(self) -> None:
        """Everything appended is on disk when this returns."""
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.to_thread(self.inbox.stop)
        await self._personalizer.stop()
        await self._hosted.stop()
        await asyncio.get_running_loop().run_in_executor(self._configuration_thread, connections.close_all)
        self._configuration_thread.shutdown()
        await self._profiles.close()
        self._ip_data.close()

    def _set_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshot = self._collector.snapshot = self._personalizer.snapshot = snapshot
        self._segment.snapshot = self._vitals.snapshot = self._hosted.snapshot = snapshot
        self._tokens.apps = snapshot.oauth_apps

    async def _watch_configuration(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                newer = await self._newer_snapshot()
            except DatabaseError as error:
                logger.warning("The configuration cannot be read; the last one stays in force: %s", error)
                continue
            if newer is not self.snapshot:
                self._set_snapshot(newer)

    async def _newer_snapshot(self) -> Snapshot:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._configuration_thread, _newer_snapshot, self.snapshot)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path.startswith(HOSTED_PREFIX):
            await self._hosted.answer(scope, receive, send)
            return
        if method == "POST":
            kind = SINGLE_PATHS.get(path)
            if kind is not None:
                await self._collector.collect(scope, receive, send, kind)
                return
            if path == _DECIDE:
                await self._personalizer.answer(scope, receive, send)
                return
        await self._answer_rest(scope, receive, send, path.rstrip("/"), method)

    async def _answer_rest(self, scope: Scope, receive: Receive, send: Send, path: str, method: str) -> None:
        if method == "OPTIONS":
            await send_preflight(send, self._headers.read(scope).origin, credentials=path == _DECIDE)
        elif method == "POST" and path in BATCH_PATHS:
            await self._collector.collect(scope, receive, send, "")
        elif method == "POST" and path in SINGLE_PATHS:
            await self._collector.collect(scope, receive, send, SINGLE_PATHS[path])
        elif path.startswith(PIXEL_PREFIX) and method in {"GET", "HEAD"}:
            await self._answer_pixel(scope, send, path.removeprefix(PIXEL_PREFIX))
        elif method == "POST" and path in SEGMENT_PATHS:
            await self._segment.answer(scope, receive, send)
        elif method == "POST" and path == _TOKEN:
            await self._tokens.answer(scope, receive, send, self._public_url(scope))
        elif method in {"GET", "HEAD"} and path in CONFIGURATION_PATHS:
            await self._answer_source_configuration(scope, send)
        elif method == "POST" and path in BEACON_PATHS:
            await self._collector.collect(with_key_in_header(scope), receive, send, "")
        elif method == "POST" and path == VITALS_PATH:
            await self._vitals.answer(scope, receive, send)
        elif method == "POST" and path == "/v1/m":
            await answer_metrics(receive, send)
        elif method in {"GET", "HEAD"} and path.startswith(_SETTINGS_PREFIX) and path.endswith(_SETTINGS_SUFFIX):
            await self._answer_settings(scope, send, path[len(_SETTINGS_PREFIX) : -len(_SETTINGS_SUFFIX)])
        elif method in {"GET", "HEAD"} and path.startswith("/tag/"):
            etag = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
            host = self._public_url(scope)
            await answer_tag(send, path.removeprefix("/tag/"), self._tag_files, self.snapshot, host, etag)
        elif path in BATCH_PATHS or path in SINGLE_PATHS or path in {_DECIDE, VITALS_PATH, "/v1/m"}:
            await send_error(send, 405, "method_not_allowed", f"{path} takes POST, not {method}")
        else:
            await send_error(send, 404, "not_found", f"There is nothing at {path}")

    async def _answer_pixel(self, scope: Scope, send: Send, kind: str) -> None:
        body, problem = None, f"{kind!r} is no kind of call"
        if kind in PIXEL_KINDS:
            try:
                body = message_in(scope["query_string"])
            except PixelUnreadable as error:
                problem = str(error)
        if scope["method"] == "GET":
            await self._collector.collect_unanswered(scope, kind, body, problem)
        await send_pixel(send)

    async def _answer_settings(self, scope: Scope, send: Send, write_key: str) -> None:
        source = self.snapshot.sources.get(write_key)
        if source is None:
            await send_error(send, 404, "unknown_write_key", "No source has this write key")
            return
        api_host = self._public_url(scope).partition("://")[2] + "/v1"
        body = msgspec.json.encode(client_settings(source, api_host))
        await send_json(send, 200, body, [(b"cache-control", b"public, max-age=60"), *CORS])

    async def _answer_source_configuration(self, scope: Scope, send: Send) -> None:
        source = self.snapshot.sources.get(write_key(scope, self._headers.read(scope).authorization))
        if source is None:
            await send_error(send, 404, "unknown_write_key", "No source has this write key")
            return
        body = msgspec.json.encode(source_configuration(source))
        await send_json(send, 200, body, [(b"cache-control", b"public, max-age=60"), *CORS])

    def _public_url(self, scope: Scope) -> str:
        """This server's address as the asker knows it, unless a setting says it."""
        if settings.PUBLIC_URL:
            return str(settings.PUBLIC_URL)
        headers = self._headers.read(scope)
        scheme = headers.forwarded_proto.decode("latin-1") if settings.TRUSTED_PROXIES else ""
        return f"{scheme or scope.get('scheme', 'http')}://{headers.host.decode('latin-1')}"


def _newer_snapshot(current: Snapshot) -> Snapshot:
    try:
        return newer_snapshot(current)
    except DatabaseError:
        connections.close_all()  # The connection may be what failed. While all is well the thread keeps it.
        raise
