"""What filters and a mapping would make of a message: for pages that show it before anything is saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pitcairn.connections.filters import FilterRule, compile_condition, compile_filters
from pitcairn.connections.filters.fql_evaluation import equal
from pitcairn.dashboard.times import ago

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore
    from pitcairn.eventstore.records import StoredMessage

RECENT = 20
"""Messages to choose from."""
OWN = "own"
"""The choice of a message that is typed in."""
MESSAGE_CHARACTERS = 64 * 1024

EXAMPLE = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "example-1",
    "userId": "usr_1",
    "properties": {"total": 49.9, "currency": "EUR", "coupon": "WELCOME"},
    "context": {"ip": "203.0.113.7", "library": {"name": "analytics.js"}},
    "timestamp": "2026-01-31T09:30:00.000Z",
}


@dataclass(frozen=True)
class Line:
    """A line of a message as JSON; `sign` is `-` where it is taken out, `+` where it is put in, else a space."""

    sign: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A message to try on. `source_id` is None for one that was typed in."""

    body: dict[str, Any]
    source_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the messages to choose from, in words."""

    key: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would become of the message. `kind` is on (sent), off (not sent), warn (sent, but changed) or bad (a problem)."""

    kind: str
    words: str
    lines: tuple[Line, ...] = ()

    @property
    def changed(self) -> bool:
        return any(line.sign != " " for line in self.lines)


class NoMessage(Exception):
    """There is no message to try on. The text says why and what to do."""


@dataclass(kw_only=True)
class Bench:
    """The messages that a page offers to try on, and the one that was chosen."""

    choices: list[Choice]
    chosen: str
    own: str
    """What was typed in, or what could be."""
    store: EventStore | None
    workspace_id: int
    recent: dict[str, StoredMessage]

    def specimen(self) -> Specimen:
        """The chosen message. Raises `NoMessage`."""
        if self.chosen == OWN:
            return Specimen(body=_typed(self.own))
        message = self.recent.get(self.chosen)
        if message is None:
            raise NoMessage("This message is not in the event store. Choose another one.")
        return Specimen(body=message.as_segment(), source_id=message.source_id)


def bench(
    store: EventStore | None, workspace_id: int, source_ids: Iterable[int], *, chosen: str = "", own: str = ""
) -> Bench:
    """The latest messages of the sources, newest first, and a place for one of one's own."""
    recent = _recent(store, workspace_id, set(source_ids))
    known = {message.message_id: message for message in recent}
    if chosen and chosen != OWN and chosen not in known and store is not None:
        # It was there when the page was made; others have come since.
        for message in store.messages(workspace_id, limit=1, message_id=chosen):
            known[message.message_id] = message
            recent.append(message)
    now = datetime.now(UTC)
    return Bench(
        choices=[Choice(key=message.message_id, words=_words(message, now)) for message in recent],
        chosen=chosen or (recent[0].message_id if recent else OWN),
        own=own or json.dumps(EXAMPLE, indent=2),
        store=store,
        workspace_id=workspace_id,
        recent=known,
    )


def try_filter(rule: FilterRule, specimen: Specimen) -> Trial:
    """What one filter alone would do. Raises `FQLError` and `ActionError`."""
    if rule.source_id is not None and specimen.source_id not in {None, rule.source_id}:
        return Trial(
            kind="on", words="Comes from another source, so this filter leaves it alone", lines=_same(specimen)
        )
    matches = compile_condition(rule.condition)(specimen.body)
    result = compile_filters([rule])(specimen.body, rule.source_id or 0)
    condition = "Matches" if matches else "Does not match"
    if isinstance(result, str):
        return Trial(kind="off", words=f"{condition}: not sent")
    return _sent(condition, specimen.body, result)


def try_all(
    rules: Mapping[str, FilterRule], mapped: Callable[[dict[str, Any]], dict[str, Any]], specimen: Specimen
) -> Trial:
    """What every filter that is enabled, by title, and the mapping behind them would do together."""
    # A message that was typed in comes from no source: only the filters for every one look at it.
    source_id = specimen.source_id or 0
    result = compile_filters(rules.values())(specimen.body, source_id)
    if isinstance(result, str):
        stopping = [
            title for title, rule in rules.items() if compile_filters([rule])(specimen.body, source_id) == result
        ]
        return Trial(kind="off", words=f"Not sent: stopped by {' and '.join(stopping)}")
    return _sent("", specimen.body, mapped(result))


def _sent(condition: str, before: dict[str, Any], after: dict[str, Any]) -> Trial:
    lines = compared(before, after)
    changed = any(line.sign != " " for line in lines)
    sent = "sent with changes" if changed else "sent as it came"
    words = f"{condition}: {sent}" if condition else sent.capitalize()
    return Trial(kind="warn" if changed else "on", words=words, lines=lines)


def compared(before: Any, after: Any) -> tuple[Line, ...]:
    """Both as one indented JSON, field by field, with what differs marked. Commas, which say nothing, are left out."""
    return tuple(_compared(before, after, "", ""))


def _compared(before: Any, after: Any, indent: str, name: str) -> Iterator[Line]:
    inner = f"{indent}  "
    if isinstance(before, dict) and isinstance(after, dict):
        yield Line(" ", f"{indent}{name}{{")
        for key in [*before, *(key for key in after if key not in before)]:
            label = f"{json.dumps(key, ensure_ascii=False)}: "
            if key not in after:
                yield from _whole("-", before[key], inner, label)
            elif key not in before:
                yield from _whole("+", after[key], inner, label)
            else:
                yield from _compared(before[key], after[key], inner, label)
        yield Line(" ", f"{indent}}}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        yield Line(" ", f"{indent}{name}[")
        for one, other in zip(before, after, strict=True):
            yield from _compared(one, other, inner, "")
        yield Line(" ", f"{indent}]")
    elif equal(before, after):
        yield from _whole(" ", before, indent, name)
    else:
        yield from _whole("-", before, indent, name)
        yield from _whole("+", after, indent, name)


def _whole(sign: str, value: Any, indent: str, name: str) -> Iterator[Line]:
    for number, line in enumerate(json.dumps(value, indent=2, ensure_ascii=False).split("\n")):
        yield Line(sign, f"{indent}{name if number == 0 else ''}{line.removesuffix(',')}")


def _same(specimen: Specimen) -> tuple[Line, ...]:
    return compared(specimen.body, specimen.body)


def _recent(store: EventStore | None, workspace_id: int, source_ids: set[int]) -> list[StoredMessage]:
    if store is None or not source_ids:
        return []
    found = [
        message
        for source_id in sorted(source_ids)
        for message in store.messages(workspace_id, limit=RECENT, source_id=source_id)
    ]
    return sorted(found, key=lambda message: message.received_at, reverse=True)[:RECENT]


def _words(message: StoredMessage, now: datetime) -> str:
    title = message.event or message.type.capitalize()
    kind = f", {message.type}" if message.event else ""
    return f"{title[:60]}{kind}, {ago(message.received_at, now)}"


def _typed(text: str) -> dict[str, Any]:
    if len(text) > MESSAGE_CHARACTERS:
        raise NoMessage(f"The message has {len(text):,} characters; use at most {MESSAGE_CHARACTERS:,}.")
    try:
        body = json.loads(text)
    except RecursionError:
        raise NoMessage("The message is nested too deep.") from None
    except ValueError as error:
        raise NoMessage(f"The message is no JSON: {error}.") from None
    if not isinstance(body, dict):
        raise NoMessage('The message is no JSON object; begin it with { "type": "track", … }.')
    return body
