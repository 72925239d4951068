"""Decide: which variations a visitor of a page gets. See `experiences/decisions.py` for the rules."""

from __future__ import annotations

import itertools
import os
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn.conditions import Facts
from pitcairn.edge.identity_tokens import TokenState, read_identity_token
from pitcairn.edge.ip_data import IPData
from pitcairn.edge.previews import Previews
from pitcairn.edge.profile_reader import UNKNOWN, ProfileReader
from pitcairn.edge.requests import (
    BodyTooLarge,
    ClientGone,
    HeaderReader,
    RequestHeaders,
    client_ip,
    cookie_value,
    read_body,
)
from pitcairn.edge.responses import Receive, Scope, Send, credentialed, send_error, send_json
from pitcairn.edge.snapshot import Snapshot, SourceConfiguration
from pitcairn.edge.visits import Asked, visit_of
from pitcairn.edge.vitals import SHARE as VITALS_SHARE
from pitcairn.experiences.consent import is_refused
from pitcairn.experiences.copy import NOTHING_PROVEN
from pitcairn.experiences.decisions import DECIDES, Decision, decide
from pitcairn.experiences.exposures import exposure_id
from pitcairn.profiles.proofs import proven_label, user_label

VISITOR_COOKIE = b"pitcairn_visitor"
_COOKIE_SECONDS = 365 * 24 * 3600
REQUEST_BYTES = 16 * 1024
"""Two addresses, two ids and a token; browsers stop far below."""

_VISITOR = re.compile(r"[A-Za-z0-9_.-]{8,100}")


class DecideRequest(msgspec.Struct, rename="camel"):
    """What the tag asks."""

    write_key: str
    url: str
    anonymous_id: str = ""
    referrer: str = ""
    language: str = ""
    time_zone: str = ""
    """Such as Europe/Berlin."""
    consent: str = ""
    """What the visitor said: "in", "out", or nothing yet."""
    store: bool = True
    """Whether the visitor's id may be kept in the server's cookie, as far as the asker knows."""
    identity: str = ""
    """An identity token: the proof of who the visitor is."""
    preview: str = ""
    """The token of a preview link. Then what it shows is answered, and nothing else."""

    def is_refused(self, source: SourceConfiguration, gpc: bytes) -> bool:
        """Whether the visitor is to be left alone."""
        return is_refused(self.consent, gpc=gpc == b"1", honours_gpc=source.honours_gpc)

    def may_store(self, source: SourceConfiguration) -> bool:
        return self.store and (self.consent == "in" or not source.asks_consent)


_decode = msgspec.json.Decoder(DecideRequest).decode


class Personalizer:
    """Answers `/v1/decide`. `snapshot` is set anew whenever the configuration changes."""

    def __init__(
        self, profiles: ProfileReader, headers: HeaderReader, ip_data: IPData, *, trusted_proxies: int = 0
    ) -> None:
        self.snapshot: Snapshot
        self._profiles = profiles
        self._headers = headers
        self._ip_data = ip_data
        self._previews = Previews(ip_data)
        self._trusted_proxies = trusted_proxies
        # Different for every page view without asking the system each time: random for the process, counted within it.
        self._process = os.urandom(8).hex()
        self._count = itertools.count()

    async def stop(self) -> None:
        await self._previews.stop()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._headers.read(scope)
        cors = credentialed(headers.origin)
        try:
            request = _decode(await read_body(receive, REQUEST_BYTES, b""))
        except ClientGone:
            return
        except (BodyTooLarge, msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            await send_error(send, 400, "invalid_request", f"Not a decide request: {error}", cors)
            return
        source = self.snapshot.sources.get(request.write_key)
        if source is None:
            await send_error(send, 400, "unknown_write_key", "No source has this write key", cors)
            return
        if source.guard is not None and not source.guard.allows(headers.origin):
            await send_error(send, 403, "origin_not_allowed", "This source does not allow the page's origin", cors)
            return
        if request.preview:
            address = client_ip(scope, headers, self._trusted_proxies)
            workspace = self.snapshot.workspaces[source.workspace_id]
            status, body = await self._previews.answer(
                workspace, request.preview, _asked(request, headers, "", address)
            )
            await send_json(send, status, body, [*cors, (b"cache-control", b"no-store")])
            return
        known = cookie_value(headers.cookie, VISITOR_COOKIE)
        visitor = known if _VISITOR.fullmatch(known) else request.anonymous_id
        if not _VISITOR.fullmatch(visitor):
            visitor = str(uuid.uuid4())
        refused = request.is_refused(source, headers.gpc)
        personalizes = source.personalizes and not refused
        address = client_ip(scope, headers, self._trusted_proxies)
        state, user_id = (
            read_identity_token(request.identity, source.identity_secrets) if request.identity else (None, "")
        )
        decisions = await self._decide(source, request, headers, visitor, address, user_id) if personalizes else []
        body = b'{"visitorId":"%s",%s"decisions":[%s]}' % (visitor.encode(), _TOLD[state], b",".join(decisions))
        if refused and known:
            cors.append((b"set-cookie", _cookie("", 0, secure=_is_secure(scope, headers))))
        elif visitor != known and not refused and request.may_store(source):
            cors.append((b"set-cookie", _cookie(visitor, _COOKIE_SECONDS, secure=_is_secure(scope, headers))))
        cors.append((b"cache-control", b"no-store"))
        await send_json(send, 200, body, cors)

    async def _decide(
        self,
        source: SourceConfiguration,
        request: DecideRequest,
        headers: RequestHeaders,
        visitor: str,
        address: str,
        user_id: str,
    ) -> list[bytes]:
        """`user_id` is who the visitor is, as far as a token proves it."""
        workspace = self.snapshot.workspaces[source.workspace_id]
        programme = workspace.programme
        if not programme.experiences:
            return []
        anonymous_id = request.anonymous_id or visitor
        # PostgreSQL refuses a NUL in text, and no profile has such an id.
        usable = "\0" not in anonymous_id
        profile = (
            await self._profiles.read(source.workspace_id, visitor, anonymous_id, workspace.asked)
            if usable
            else UNKNOWN
        )
        asked = _asked(request, headers, visitor, address)
        visit = visit_of(asked, profile, programme, self._ip_data)
        decisions = decide(programme, visit)
        proven = NOTHING_PROVEN
        if programme.says_private and profile.id and decisions:
            if user_id:
                label = user_label(workspace.secret, user_id)
            else:
                # An id that only the cookie knows is no word of the page's: another website may have asked.
                label = proven_label(profile.proof, visit.facts.now) if request.anonymous_id else 0
            if label:
                proven = await self._profiles.traits_of(profile, label)
        nonce = f"{self._process}{next(self._count):x}"
        return [_json(decision, workspace.secret, nonce, visitor, visit.facts, proven) for decision in decisions]


def _asked(request: DecideRequest, headers: RequestHeaders, visitor: str, address: str) -> Asked:
    return Asked(
        visitor=visitor,
        url=request.url,
        at=int(time.time() * 1000),
        referrer=request.referrer,
        user_agent=headers.user_agent.decode("latin-1"),
        language=request.language,
        time_zone=request.time_zone,
        country=headers.country.decode("latin-1"),
        address=address,
    )


def _json(
    decision: Decision, secret: bytes, nonce: str, visitor: str, facts: Facts, proven: Mapping[str, Any]
) -> bytes:
    segment = decision.segment
    signed = exposure_id(
        secret,
        nonce,
        experience_id=decision.experience.id,
        segment_id=segment.id,
        variation_id=decision.variation_id,
        visitor=visitor,
        reason=decision.reason,
    )
    head = segment.control if decision.variation is None else decision.variation.body_for(facts, proven)
    return head + _REASONS[decision.reason] + signed.encode() + b'"}'


_TOLD = {None: b""} | {state: b'"identity":"%s",' % state.encode() for state in TokenState}
"""What the tag hears of its token."""

_REASONS = {reason: b',"reason":"%s","exposureId":"' % reason.encode() for reason in DECIDES}


def _cookie(visitor: str, seconds: int, *, secure: bool) -> bytes:
    flags = "; Secure" if secure else ""
    return f"{VISITOR_COOKIE.decode()}={visitor}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{flags}".encode()


def _is_secure(scope: Scope, headers: RequestHeaders) -> bool:
    return scope.get("scheme") == "https" or headers.forwarded_proto == b"https"


def tag_configuration(source: SourceConfiguration, snapshot: Snapshot, host: str, version: str) -> dict[str, Any]:
    """What the tag must know before it has a decision: on which pages it hides which elements, and where to ask."""
    workspace = snapshot.workspaces[source.workspace_id]
    return {
        "writeKey": source.write_key,
        "host": host,
        "version": version,
        "capMs": HIDE_CAP_MS,
        "asksConsent": source.asks_consent,
        "honoursGPC": source.honours_gpc,
        "vitalsShare": VITALS_SHARE,
        "pages": [
            {
                "pattern": experience.page.pattern,
                "selectors": experience.selectors,
                **({"pushes": True} if experience.pushes else {}),
            }
            for experience in (workspace.programme.experiences if source.personalizes else ())
        ],
        "goals": [
            {"id": goal.id, "on": goal.on, "selector": goal.selector}
            for goal in (workspace.goals if source.personalizes else ())
        ],
    }


HIDE_CAP_MS = 400
"""For how long the tag may hide elements, whatever happens."""
