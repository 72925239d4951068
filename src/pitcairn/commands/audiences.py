"""`pitcairn audience add`, `pitcairn audience list` and `pitcairn audience show`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result
from pitcairn.commands.output import Rows, clock

if TYPE_CHECKING:
    from pitcairn.engage.queries import AudienceDetail, AudienceItem


def _as_json(audience: AudienceItem) -> Result:
    return {
        "id": audience.id,
        "name": audience.name,
        "key": audience.key,
        "sentence": audience.sentence,
        "target": audience.target,
        "size": audience.size,
        "status": audience.status,
        "problem": audience.problem,
        "lagMs": audience.lag_ms,
        "evaluatedAt": _iso(audience.evaluated_at),
        "destinations": list(audience.destinations),
    }


def _details(audience: AudienceDetail) -> Result:
    from pitcairn.engage import queries

    return {
        **_as_json(audience),
        "description": audience.description,
        "anonymous": audience.anonymous,
        "historical": audience.historical,
        "definition": audience.definition,
        "lastReceivedAt": _iso(audience.last_received_at),
        "syncs": [
            {
                "destination": sync.destination,
                "state": sync.state,
                "identify": sync.send_identify,
                "track": sync.send_track,
                "done": sync.done,
                "total": sync.total,
                "queued": sync.queued,
            }
            for sync in audience.syncs
        ],
        "members": [
            {"id": member.profile_id, "identifiers": [f"{kind}:{value}" for kind, value in member.identifiers]}
            for member in queries.members(audience.id, limit=_SHOWN).members
        ],
    }


_SHOWN = 10


def _iso(ms: int) -> str | None:
    from pitcairn.eventstore.records import from_ms

    return from_ms(ms).isoformat() if ms else None


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is called; its key is made of it and stays")
    parser.add_argument(
        "--condition",
        metavar="JSON",
        required=True,
        help='such as {"event": "Order Completed", "window": {"oldest": {"amount": 30, "unit": "days"}}}; - reads stdin',
    )
    parser.add_argument("--accounts", action="store_true", help="made of accounts instead of people")
    parser.add_argument("--anonymous", action="store_true", help="people who are not known count too")
    parser.add_argument("--no-history", action="store_true", help="only events from now on count")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it is for")
    parser.add_argument(
        "--destination", action="append", default=[], metavar="NAME", help="to be told, by name or id; repeatable"
    )
    parser.add_argument("--track", action="store_true", help="tell destinations in Track calls, besides Identify")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _condition(text: str) -> dict[str, Any]:
    try:
        condition = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise CommandError(f"the condition is not JSON: {error}") from error
    if not isinstance(condition, dict):
        raise CommandError("the condition is not a JSON object")
    return condition


def _add(arguments: Namespace) -> Result:
    from django.db import transaction

    from pitcairn.commands import choose
    from pitcairn.connections.queries import destination_names
    from pitcairn.engage import queries, services

    condition = _condition(arguments.condition)
    workspace = choose.workspace(arguments.workspace)
    there = list(destination_names(workspace.id).items())
    chosen = [
        choose.pick(there, wanted, what="destination", name=lambda item: item[1], number=lambda item: item[0])[0]
        for wanted in arguments.destination
    ]
    with transaction.atomic():
        made = services.create_audience(
            workspace.id,
            arguments.name,
            condition,
            target="account" if arguments.accounts else "person",
            anonymous=arguments.anonymous,
            historical=not arguments.no_history,
            description=arguments.description,
        )
        for destination_id in chosen:
            services.connect_destination(workspace.id, made.id, destination_id, send_track=arguments.track)
    audience = queries.audience(workspace.id, made.id)
    assert audience is not None
    return _details(audience)


def _show_added(result: Result, console: Console) -> None:
    console.print(f"Audience {result['name']!r} has the key {result['key']}: {result['sentence']}.", markup=False)
    console.print("A running server computes it at once; see how far it is with `pitcairn audience show`.")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _list(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.engage import queries

    workspace = choose.workspace(arguments.workspace)
    return {"audiences": [_as_json(audience) for audience in queries.audiences(workspace.id)]}


def _show_list(result: Result, console: Console) -> None:
    if not result["audiences"]:
        console.print("No audiences yet. Add one with `pitcairn audience add NAME --condition JSON`.")
        return
    rows = Rows("Id", "Name", "Key", "People", "Status", "Looked at", "Told to", right=("People",))
    for audience in result["audiences"]:
        rows.add(
            audience["id"],
            audience["name"],
            audience["key"],
            f"{audience['size']:,}",
            audience["status"],
            clock(audience["evaluatedAt"]),
            ", ".join(audience["destinations"]) or "nobody",
        )
    console.print(rows)


def _one_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("audience", metavar="AUDIENCE", help="its name, key or id")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _one(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.engage import queries

    workspace = choose.workspace(arguments.workspace)
    items = queries.audiences(workspace.id)
    by_key = next((item for item in items if item.key == arguments.audience), None)
    item = by_key or choose.pick(
        items, arguments.audience, what="audience", name=lambda found: found.name, number=lambda found: found.id
    )
    audience = queries.audience(workspace.id, item.id)
    assert audience is not None
    return _details(audience)


def _show_one(result: Result, console: Console) -> None:
    rows = Rows("", "")
    rows.add("Name", result["name"])
    rows.add("Key", result["key"])
    rows.add("Definition", result["sentence"])
    rows.add("People", f"{result['size']:,}")
    rows.add("Status", f"{result['status']} {result['problem']}".strip())
    rows.add("Looked at", clock(result["evaluatedAt"]))
    for sync in result["syncs"]:
        rows.add("Told to", f"{sync['destination']}: {sync['state']}, {sync['queued']:,} messages")
    for member in result["members"]:
        rows.add("Has", ", ".join(member["identifiers"]) or member["id"])
    console.print(rows)


ADD = Command(
    words="audience add",
    summary="make an audience of a condition, and connect it to destinations",
    arguments=_add_arguments,
    run=_add,
    show=_show_added,
)
LIST = Command(
    words="audience list",
    summary="list the audiences, how many people are in them and how fresh they are",
    arguments=_list_arguments,
    run=_list,
    show=_show_list,
)
SHOW = Command(
    words="audience show",
    summary="show an audience: its definition, its people and what destinations were told",
    arguments=_one_arguments,
    run=_one,
    show=_show_one,
)
