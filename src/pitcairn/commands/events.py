"""`pitcairn events`: what the event store holds, and what was refused, with the reason."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, Result, whole_number
from pitcairn.commands.output import Rows, clock

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore, Refusal, StoredMessage

DEFAULT_LIMIT = 20
MOST = 100_000
TYPES = ("identify", "track", "page", "screen", "group", "alias")


def _message(message: "StoredMessage", sources: dict[int, str], destinations: dict[int, str]) -> Result:
    """The message as Segment spells it, field for field; what Pitcairn knows about it stands apart, in `pitcairn`.

    Destinations are told by their names: what was queued for them, and why others got nothing.
    """
    from pitcairn.connections.entries import DELETED, filtered_name

    return {
        **message.as_segment(),
        "pitcairn": {
            "source": sources.get(message.source_id, ""),
            "profileId": message.profile_id,
            "deliveredTo": message.delivered_to,
            "queuedFor": [destinations.get(number, DELETED) for number in message.routed_to],
            "filtered": {filtered_name(key, destinations): reason for key, reason in message.filtered.items()},
            "retryCount": message.retry_count,
        },
    }


def _refusal(refusal: "Refusal", sources: dict[int, str]) -> Result:
    from pitcairn.eventstore.records import iso
    from pitcairn.wire.reasons import DropReason

    known = {reason.value: reason.explanation for reason in DropReason}
    given = {
        "messageId": refusal.message_id,
        "type": refusal.type,
        "event": refusal.event,
        "userId": refusal.user_id,
        "anonymousId": refusal.anonymous_id,
        "detail": refusal.detail,
    }
    return {
        "reason": refusal.reason,
        "explanation": known.get(refusal.reason, ""),
        "receivedAt": iso(refusal.received_at),
        "source": sources.get(refusal.source_id, ""),
        **{name: value for name, value in given.items() if value},
        "message": refusal.message,
    }


def run_events(arguments: dict[str, Any], store: "EventStore") -> Result:
    """`workspace` and `source` are names or ids; `refused` leaves out what was taken.

    A message is there when all that follows from it is. Rows of the batch in hand are in the event store before that.
    """
    from pitcairn.commands import choose
    from pitcairn.connections import queries
    from pitcairn.pipeline.progress import read_state

    workspace = choose.workspace(arguments["workspace"])
    sources = queries.sources(workspace.id)
    names = {source.id: source.name for source in sources}
    destinations = queries.destination_names(workspace.id)
    source_id = None
    if arguments["source"] is not None:
        source_id = choose.pick(
            sources, arguments["source"], what="source", name=lambda item: item.name, number=lambda item: item.id
        ).id
    asked: dict[str, Any] = {
        "limit": arguments["limit"],
        "message_id": arguments["message_id"],
        "type": arguments["type"],
        "source_id": source_id,
        "search": arguments["search"],
    }
    taken = [] if arguments["refused"] else store.messages(workspace.id, **asked)
    refused = store.refusals(workspace.id, **asked)
    finished = read_state().batch
    return {
        "messages": [_message(message, names, destinations) for message in taken if message.batch <= finished],
        "refused": [_refusal(refusal, names) for refusal in refused if refusal.batch <= finished],
    }


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--message-id", metavar="ID", help="only the message with this messageId")
    parser.add_argument("--refused", action="store_true", help="only what was refused")
    parser.add_argument("--type", choices=TYPES, help="only calls of this type")
    parser.add_argument("--source", metavar="NAME", help="only from this source, by name or id")
    parser.add_argument(
        "--search", metavar="TEXT", default="", help="only where an id, the event or the content has it"
    )
    parser.add_argument(
        "--limit",
        type=whole_number(1, MOST),
        default=DEFAULT_LIMIT,
        metavar="N",
        help=f"how many of each, newest first (default: {DEFAULT_LIMIT})",
    )
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _run(arguments: Namespace) -> Result:
    from pitcairn import control

    names = ("workspace", "source", "message_id", "refused", "type", "search", "limit")
    return control.call("events", {name: getattr(arguments, name) for name in names})


def _who(message: Result) -> str:
    return str(message.get("userId") or message.get("anonymousId") or "")


def _outcome(message: Result) -> str:
    about = message["pitcairn"]
    parts = [f"→ {slug}" for slug in about["deliveredTo"]]
    parts += [f"→ {name}" for name in about["queuedFor"]]
    parts += [f"{name}: {reason}" for name, reason in about["filtered"].items()]
    return "stored" + ("".join(f", {part}" for part in parts))


def _show(result: Result, console: Console) -> None:
    lines = [
        (
            message["receivedAt"],
            message["type"],
            str(message.get("event") or message.get("name") or ""),
            _who(message),
            message["messageId"],
            _outcome(message),
        )
        for message in result["messages"]
    ]
    lines += [
        (
            refusal["receivedAt"],
            refusal.get("type", ""),
            refusal.get("event", ""),
            _who(refusal),
            refusal.get("messageId", ""),
            f"refused: {refusal['reason']}" + (f" ({refusal['detail']})" if "detail" in refusal else ""),
        )
        for refusal in result["refused"]
    ]
    if not lines:
        console.print("Nothing is there that fits.")
        return
    rows = Rows("Received", "Type", "Event or name", "User or anonymous id", "Message id", "What became of it")
    for received_at, *rest in sorted(lines, reverse=True):
        rows.add(clock(received_at), *rest)
    console.print(rows)


EVENTS = Command(
    words="events",
    summary="show the newest messages of the event store, and what was refused and why",
    arguments=_arguments,
    run=_run,
    show=_show,
)
