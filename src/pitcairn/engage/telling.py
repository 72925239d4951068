"""Changes on their way to destinations: queued in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db.backends.utils import CursorWrapper

from pitcairn.connections.delivery import outbox
from pitcairn.engage.payloads import Address, Call, addresses, calls
from pitcairn.engage.plan import Telling
from pitcairn.pipeline.outgoing import person_key
from pitcairn.pipeline.routing import route

ENGAGE_SOURCE = 0
"""Messages of Engage's own come from no source."""

_encode = msgspec.json.Encoder().encode


class News(msgspec.Struct, frozen=True):
    """What one destination is to be told of one person: a value as JSON text, and since when it holds."""

    telling: Telling
    profile_id: int
    identifiers: Sequence[tuple[str, str]]
    value: str
    since: int
    told: tuple[Sequence[tuple[str, str]], ...] = ()
    """Under these identifiers, each group for itself, it was told already: only names that are new are told."""
    again: int = 0


class Outcome(msgspec.Struct):
    """What was queued, in messages by sync, and for which destinations."""

    queued: dict[int, int]
    destinations: set[int]


def tell(cursor: CursorWrapper, workspace_id: int, news: Iterable[News], now: int) -> Outcome:
    """Queues the calls, those of each destination in the order of the news."""
    lines: dict[int, list[bytes]] = {}
    outcome = Outcome({}, set())
    for one in news:
        own = lines.setdefault(one.telling.destination.id, [])
        before = len(own)
        for call in calls_of(one, now):
            _add(own, one, call, now)
        if len(own) > before:
            sync_id = one.telling.id
            outcome.queued[sync_id] = outcome.queued.get(sync_id, 0) + len(own) - before
    for destination_id, found in lines.items():
        if found:
            outbox.queue(cursor, workspace_id=workspace_id, destination_id=destination_id, lines=found, now=now)
            outcome.destinations.add(destination_id)
    for sync_id, number in sorted(outcome.queued.items()):
        cursor.execute(
            "UPDATE engage_sync SET queued = queued + %s, changed_at = %s WHERE id = %s", [number, now, sync_id]
        )
    return outcome


def calls_of(news: News, now: int) -> list[Call]:
    """The calls that the news is, whatever the destination makes of them."""
    subject = news.telling.subject
    value: Any = msgspec.json.decode(news.value)
    to = _addresses(news)
    return calls(subject, news.profile_id, value, to, since=news.since, at=now, again=news.again)


def _addresses(news: News) -> list[Address]:
    anonymous = news.telling.subject.anonymous
    told = {address for group in news.told for address in addresses(group, anonymous=anonymous)}
    return [address for address in addresses(news.identifiers, anonymous=anonymous) if address not in told]


def bodies_of(news: News, now: int) -> list[dict[str, Any]]:
    """What the destination would get: after its filters and its mapping."""
    return [body for call in calls_of(news, now) for body, _ in _sent(news, call)]


def _add(lines: list[bytes], news: News, call: Call, now: int) -> None:
    for body, options in _sent(news, call):
        lines.append(
            outbox.line_around(
                call.message_id, call.type, call.event, person_key(news.profile_id, "", ""), ENGAGE_SOURCE, now,
                _encode(body), options,
            )
        )  # fmt: skip


def _sent(news: News, call: Call) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    routing = route(call, (news.telling.destination,), ENGAGE_SOURCE, _body)
    return [(call.body if one.body is None else one.body, one.options) for one in routing.sending]


def _body(call: Call) -> dict[str, Any]:
    return call.body
