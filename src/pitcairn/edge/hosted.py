"""Answers `/p/…`: hosted pages by their links, and the files that they load.

A page is read from the SQL store when it is asked for, so that an edit, and a link that is revoked, count at once. Whoever
has a personal link is taken for its recipient, as with a letter; so a page says nothing but the traits that its texts name, and
opening it makes nobody known as anybody (docs/adr/0012). What opens nothing answers the same, whatever the reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from django.db import DatabaseError, connection, connections
from django.template.loader import render_to_string

from pitcairn.edge.computed import asked_of, computed_keys
from pitcairn.edge.device import device
from pitcairn.edge.persons import profile_of_one
from pitcairn.edge.requests import HeaderReader
from pitcairn.edge.responses import Headers, Receive, Scope, Send, send_bytes
from pitcairn.edge.snapshot import Snapshot
from pitcairn.experiences.tokens import TokenError, value_at
from pitcairn.hosted import theme
from pitcairn.hosted.rendering import Assets, CompiledPage, Counting
from pitcairn.hosted.serving import OpenedPage, compiled_page, opened_by_all, opened_by_link

logger = logging.getLogger(__name__)

PREFIX = "/p/"
_ASSETS = "-"
"""The folder of the files; no page can be called so."""
_ROOM = Path(__file__).parents[1] / "hosted"
_MOST_WAITING = 200
"""Questions that wait for the one thread; a link in many hands must not fill the process with waiting work."""

_HTML = (b"content-type", b"text/html; charset=utf-8")
_CSS = (b"content-type", b"text/css; charset=utf-8")
_SCRIPT = (b"content-type", b"text/javascript; charset=utf-8")
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_A_DAY = (b"cache-control", b"public, max-age=86400")
_GUARDED: Headers = [
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
]
_PRIVATE = (b"cache-control", b"private, no-cache")
_NO_INDEX = (b"x-robots-tag", b"noindex, nofollow")


class PagesNotBuilt(Exception):
    """`browser/` has not been built."""


class HostedFiles:
    """The stylesheet and the script of hosted pages. Their names change with their content."""

    def __init__(self, room: Path = _ROOM) -> None:
        try:
            code = (room / "built" / "hosted.js").read_bytes()
        except FileNotFoundError as error:
            raise PagesNotBuilt(
                f"{room / 'built' / 'hosted.js'} is missing; run `make install`, which builds it"
            ) from error
        style = (room / "served" / "page.css").read_bytes()
        self.style, self.script = f"page.{_hash(style)}.css", f"hosted.{_hash(code)}.js"
        self.files = {self.style: (style, _CSS), self.script: (code, _SCRIPT)}


class HostedPages:
    """Reads in a thread of its own: neither visitors of the website nor the configuration wait for it."""

    def __init__(self, headers: HeaderReader) -> None:
        self.snapshot: Snapshot
        self._headers = headers
        self._files = HostedFiles()
        self._thread = ThreadPoolExecutor(1, "hosted")
        self._waiting = 0

    async def stop(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            await self._send(scope, send, 405, *_message("This page can only be read", ""), [(b"allow", b"GET, HEAD")])
            return
        parts = scope["path"].removeprefix(PREFIX).rstrip("/").split("/")
        if parts[0] == _ASSETS:
            await self._answer_file(scope, send, "/".join(parts[1:]))
            return
        if self._waiting >= _MOST_WAITING:
            await self._send(scope, send, 503, *_BUSY, [(b"retry-after", b"5")])
            return
        agent = self._headers.read(scope).user_agent.decode("latin-1")
        counted = device(agent).type != "bot"
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._thread, self._read, parts, scope["path"], counted)
        except DatabaseError:
            await self._send(scope, send, 503, *_BUSY, [(b"retry-after", b"5")])
            return
        finally:
            self._waiting -= 1
        if found is None:
            await self._send(scope, send, 404, *_GONE)
        else:
            await self._send(scope, send, 200, *found)

    def _read(self, parts: list[str], path: str, counted: bool) -> tuple[str, list[str], bool] | None:
        """The HTML, where its images come from, and whether it may be indexed; None when there is nothing to be seen."""
        try:
            match parts:
                case [slug, token]:
                    opened = opened_by_link(slug, token, datetime.now(UTC))
                case [slug]:
                    opened = opened_by_all(slug)
                case _:
                    opened = None
            if opened is None:
                return None
            page = compiled_page(opened.page_id, opened.version)
            values = recipients_values(page, opened.workspace_id, opened.profile_id, opened.account_id)
            if values is None:
                return None
        except (TokenError, msgspec.ValidationError) as error:
            logger.warning("A hosted page cannot be shown until it is saved again: %s", error)
            return None
        finally:
            connection.close_if_unusable_or_obsolete()
        assets = _assets(page, self._files, path)
        counting = self._counting(opened, path) if counted else None
        html = page.html(values, assets=assets, indexed=opened.indexed, counting=counting)
        return html, page.image_origins, opened.indexed

    def _counting(self, opened: OpenedPage, path: str) -> Counting | None:
        """None where the page's source is gone or switched off: then nothing is counted."""
        source = self.snapshot.sources_by_id.get(opened.source_id or 0)
        if source is None or not source.enabled or source.workspace_id != opened.workspace_id:
            return None
        return Counting(
            write_key=source.write_key,
            page_id=opened.page_id,
            name=opened.name,
            link=opened.reference,
            path=f"{PREFIX}{opened.slug}",
            asks_consent=source.asks_consent,
            honours_gpc=source.honours_gpc,
        )

    async def _answer_file(self, scope: Scope, send: Send, name: str) -> None:
        if name in self._files.files:
            body, kind = self._files.files[name]
            await _send_body(scope, send, 200, body, [kind, _FOR_EVER, (b"x-content-type-options", b"nosniff")])
        elif (style := theme.stylesheet(name.removeprefix("theme/"))) is not None and name.startswith("theme/"):
            await _send_body(scope, send, 200, style.encode(), [_CSS, _A_DAY, (b"x-content-type-options", b"nosniff")])
        else:
            await self._send(scope, send, 404, *_GONE)

    async def _send(
        self,
        scope: Scope,
        send: Send,
        status: int,
        html: str | Callable[[str], str],
        image_origins: list[str],
        indexed: bool,
        extra: Headers | None = None,
    ) -> None:
        text = html if isinstance(html, str) else html(_up(scope["path"]) + self._files.style)
        headers = [_HTML, (b"content-security-policy", policy(image_origins)), _PRIVATE, *_GUARDED, *(extra or [])]
        if not indexed:
            headers.append(_NO_INDEX)
        await _send_body(scope, send, status, text.encode(), headers)


def recipients_values(
    page: CompiledPage, workspace_id: int, profile_id: int | None, account_id: int | None
) -> dict[str, str] | None:
    """What the page's texts may say of the recipient: the traits that they name, and nothing else. None when the person is
    not there any more."""
    if profile_id is None and account_id is None:
        return {}
    traits = frozenset(name.split(".")[1] for name in page.names if name.startswith("traits."))
    accounts = any(name.startswith("account.") for name in page.names)
    keys = [key for key in computed_keys() if key.workspace_id == workspace_id] if traits else []
    asked = asked_of(keys, frozenset(), traits, accounts=accounts)
    profile = profile_of_one(workspace_id, profile_id=profile_id, account_id=account_id, asked=asked)
    if profile is None:
        return None
    found = {name: value_at(name, profile.traits, profile.accounts) for name in page.names}
    return {name: value for name, value in found.items() if value is not None}


def policy(image_origins: list[str], *, frames: str = "'none'") -> bytes:
    """Everything that runs or styles comes from our own files; images from where the page's maker said."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            f"img-src {' '.join(image_origins) or chr(39) + 'none' + chr(39)}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {frames}",
        ]
    ).encode()


def _assets(page: CompiledPage, files: HostedFiles, path: str) -> Assets:
    up = _up(path)
    own = page.content.theme
    return Assets(
        style=up + files.style, theme=f"{up}theme/{theme.name(own.accent, own.font)}", script=up + files.script
    )


def _up(path: str) -> str:
    """The way from the page to the files, without saying what stands before `/p/`: a proxy may put something there."""
    return "../" * (path.removeprefix(PREFIX).count("/")) + f"{_ASSETS}/"


def _message(title: str, text: str) -> tuple[Callable[[str], str], list[str], bool]:
    """A page of few words. It is made of nothing that the request says but how deep its path is."""

    def html(style: str) -> str:
        return render_to_string("hosted/served/message.html", {"title": title, "text": text, "style": style})

    return html, [], False


_GONE = _message(
    "There is nothing here",
    "The link may have been copied in part, or it has ended. Ask whoever sent it to you for a new one.",
)
_BUSY = _message("The page cannot be shown just now", "Please try again in a moment.")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]


async def _send_body(scope: Scope, send: Send, status: int, body: bytes, headers: Headers) -> None:
    if scope["method"] == "HEAD":
        await send({
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-length", b"%d" % len(body)), *headers],
        })  # fmt: skip
        await send({"type": "http.response.body", "body": b""})
        return
    await send_bytes(send, body, headers, status)
