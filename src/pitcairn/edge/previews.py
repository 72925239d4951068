"""Answers whoever has a preview link: the one experience that the link shows, and nothing else of the workspace.

What is shown is read from the SQL store when it is asked for, so that no draft is in the snapshot that visitors are answered
from. There is no visitor: no id, no cookie, no assignment, and a decision without an exposure id, which nothing can count.
The facts of the person or account that a link is made for decide and fill texts here; they never leave.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from django.db import DatabaseError, connection, connections

from pitcairn.conditions import ConditionError
from pitcairn.edge.computed import computed_keys
from pitcairn.edge.ip_data import IPData
from pitcairn.edge.persons import profile_of_one
from pitcairn.edge.profile_reader import UNKNOWN, VisitorProfile
from pitcairn.edge.responses import error_body
from pitcairn.edge.snapshot import WorkspaceConfiguration, asked_by
from pitcairn.edge.visits import Asked, visit_of
from pitcairn.experiences.decisions import Visit
from pitcairn.experiences.preview_tokens import PreviewToken, read_token
from pitcairn.experiences.queries_preview import OpenedPreview, opened_preview
from pitcairn.experiences.running import (
    REDIRECT,
    Compiler,
    Programme,
    RunningExperience,
    RunningSegment,
    RunningVariation,
)
from pitcairn.workspaces.queries import public_traits

_EXPIRED = "This preview link has expired. Ask whoever sent it for a new one."
_REVOKED = "This preview link was revoked, or what it showed was removed. Ask whoever sent it for a new one."
_UNKNOWN = "This is no preview link of this website. Check that it was copied whole."
_OFTEN = "This preview is asked for too often just now. Try again in a moment."
_MOST_WAITING = 20
"""Questions that wait for the one thread; a link in many hands must not fill the process with waiting work."""


class Previews:
    """Reads in a thread of its own: neither visitors nor the configuration wait for it."""

    def __init__(self, ip_data: IPData) -> None:
        self._ip_data = ip_data
        self._thread = ThreadPoolExecutor(1, "preview")
        self._waiting = 0

    async def stop(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def answer(self, workspace: WorkspaceConfiguration, token: str, asked: Asked) -> tuple[int, bytes]:
        """The status and the body: what the link shows on this page, or why it shows nothing."""
        claim = read_token(workspace.secret, token)
        if claim is None:
            return 403, error_body("preview_unknown", _UNKNOWN)
        if claim.expires_at <= time.time():
            return 403, error_body("preview_expired", _EXPIRED)
        if self._waiting >= _MOST_WAITING:
            return 429, error_body("preview_busy", _OFTEN)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._read, workspace, claim, asked)
        except DatabaseError:
            return 503, error_body("unavailable", "The preview cannot be read just now. Try again in a moment.")
        finally:
            self._waiting -= 1

    def _read(self, workspace: WorkspaceConfiguration, claim: PreviewToken, asked: Asked) -> tuple[int, bytes]:
        try:
            opened = opened_preview(workspace.id, claim.link_id)
            if opened is None:
                return 403, error_body("preview_revoked", _REVOKED)
            running = Compiler({workspace.id: public_traits(workspace.id)}).compiled(opened.experience)
        except (ValueError, ConditionError) as error:
            text = f"What the link shows cannot be read, edit and save it: {error}"
            return 422, error_body("preview_unreadable", text)
        finally:
            connection.close_if_unusable_or_obsolete()
        programme = Programme([running])
        profile = _profile(workspace.id, opened, programme)
        visit = visit_of(asked, profile, programme, self._ip_data)
        return 200, _body(running, opened, visit, claim)


def _profile(workspace_id: int, opened: OpenedPreview, programme: Programme) -> VisitorProfile:
    """The facts that the link is made for; of a person who was merged, those of the whole person."""
    keys = [key for key in computed_keys() if key.workspace_id == workspace_id]
    asked = asked_by(keys, programme)
    found = profile_of_one(workspace_id, profile_id=opened.profile_id, account_id=opened.account_id, asked=asked)
    return found or UNKNOWN


def _body(running: RunningExperience, opened: OpenedPreview, visit: Visit, claim: PreviewToken) -> bytes:
    segment, variation = _chosen(running, opened, visit)
    here = running.page.search(visit.place) is not None
    arrived = here and any(redirect.is_at(visit.facts.page_url) for redirect in running.redirects)
    preview: dict[str, Any] = {
        "experience": running.name,
        "segment": segment.name if segment else "",
        "variation": variation.name if variation else "",
        "as": [name for name, of in (("person", opened.profile_id), ("account", opened.account_id)) if of is not None],
        "here": here,
        "arrived": arrived,
        # What to hide on the next page of a website that changes its pages by script; a redirect is not followed here.
        "selectors": () if running.type == REDIRECT else running.selectors,
        "expiresAt": claim.expires_at * 1000,
    }
    decision = b""
    if here and not arrived and variation is not None:
        decision = variation.body_for(visit.facts) + b',"reason":"preview","exposureId":""}'
    return b'{"preview":%s,"decisions":[%s]}' % (msgspec.json.encode(preview), decision)


def _chosen(
    running: RunningExperience, opened: OpenedPreview, visit: Visit
) -> tuple[RunningSegment | None, RunningVariation | None]:
    """The variation that the link names, else the first one of the segment that the facts put the visitor into."""
    for segment in running.segments:
        for variation in segment.variations:
            if variation.id == opened.variation_id:
                return segment, variation
        if opened.variation_id is None and segment.holds(visit.facts):
            return segment, segment.variations[0]
    return None, None
