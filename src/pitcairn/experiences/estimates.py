"""How many visitors each audience segment has: what would have been decided for those who came last.

A segment can ask about the page, the device or the hour, which no store keeps by person. So the newest page views are
decided again, with the people as they are now, by the rules of `decisions`; each visitor counts once, with their last view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection

from pitcairn.conditions import Fact
from pitcairn.edge.computed import asked_of, computed_keys
from pitcairn.edge.ip_data import IPData
from pitcairn.edge.profile_reader import UNKNOWN, read_profiles
from pitcairn.edge.visits import Asked, visit_of
from pitcairn.eventstore import EventStore, StoredMessage
from pitcairn.experiences.content import SegmentInput
from pitcairn.experiences.decisions import decide
from pitcairn.experiences.page_patterns import compile_page_pattern
from pitcairn.experiences.queries_live import LiveExperience, LiveSegment, LiveVariation
from pitcairn.experiences.running import Compiler, Programme

VIEWS = 2_000
"""Page views that are looked at: enough for a share within some 2 %, and decided in a fraction of a second."""
DAYS = 30


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """Of the `visitors` whose last page view was looked at, how many each segment has, in the order of the segments."""

    visitors: int
    segments: tuple[int, ...]

    def share(self, place: int) -> float:
        return self.segments[place] / self.visitors if self.visitors else 0.0


def estimate(
    store: EventStore, workspace_id: int, page_url: str, segments: Sequence[SegmentInput], now: datetime
) -> Estimate:
    """The sizes for the visitors of the pages that `page_url` means. Raises PagePatternError and ConditionError."""
    programme = _programme(workspace_id, page_url, segments)
    asked = asked_of(
        [key for key in computed_keys() if key.workspace_id == workspace_id],
        programme.audiences,
        programme.traits,
        accounts=Fact.ACCOUNT in programme.facts,
    )
    views: dict[str, StoredMessage] = {}
    for message in store.messages(workspace_id, limit=VIEWS, after=now - timedelta(days=DAYS), type="page"):
        if _address(message):
            views.setdefault(message.anonymous_id or message.user_id, message)
    with connection.cursor() as cursor:
        profiles = read_profiles(cursor, sorted({one.profile_id for one in views.values()}), asked)
    counts: Counter[int] = Counter()
    visitors = 0
    ip_data = IPData(settings.IP_DATA)
    try:
        for visitor, message in views.items():
            visit = visit_of(_asked(visitor, message), profiles.get(message.profile_id, UNKNOWN), programme, ip_data)
            if not programme.on(visit.place):
                continue
            visitors += 1
            counts.update(one.segment.id for one in decide(programme, visit))
    finally:
        ip_data.close()
    return Estimate(visitors=visitors, segments=tuple(counts[place] for place in range(len(segments))))


def _programme(workspace_id: int, page_url: str, segments: Sequence[SegmentInput]) -> Programme:
    """One experience of the segments alone: without schedule, cap or group, so that it has everyone it is for."""
    live = LiveExperience(
        id=1,
        workspace_id=workspace_id,
        name="",
        page_pattern=compile_page_pattern(page_url),
        control_share=0.0,
        segments=tuple(
            LiveSegment(id=place, name="", condition=one.condition, variations=(LiveVariation(id=1, name=""),))
            for place, one in enumerate(segments)
        ),
    )
    return Programme([Compiler().compiled(live)])


def _asked(visitor: str, message: StoredMessage) -> Asked:
    context = message.context if isinstance(message.context, dict) else {}
    return Asked(
        visitor=visitor,
        url=_address(message),
        at=int(message.received_at.timestamp() * 1000),
        referrer=_page(message, "referrer"),
        user_agent=_text(context.get("userAgent")),
        language=_text(context.get("locale")),
        time_zone=_text(context.get("timezone")),
        address=_text(context.get("ip")),
    )


def _address(message: StoredMessage) -> str:
    return _page(message, "url")


def _page(message: StoredMessage, name: str) -> str:
    properties = message.properties if isinstance(message.properties, dict) else {}
    context = message.context if isinstance(message.context, dict) else {}
    page = context.get("page")
    return _text(properties.get(name)) or _text(page.get(name) if isinstance(page, dict) else None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
