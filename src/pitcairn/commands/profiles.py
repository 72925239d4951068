"""`pitcairn profile show`."""

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result, whole_number
from pitcairn.commands.output import Rows, clock

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

SPELLINGS = {"userId": "user_id", "anonymousId": "anonymous_id"}
"""Segment's names for identifier types that are accepted beside ours."""

DEFAULT_MESSAGES = 20


def run_profile(arguments: dict[str, Any], store: "EventStore") -> Result:
    """`identifier` is TYPE:VALUE; `messages` is how many of the profile's latest messages are wanted."""
    from pitcairn.commands import choose
    from pitcairn.connections.queries import source_names
    from pitcairn.engage.queries import memberships_of
    from pitcairn.eventstore.records import from_ms, iso
    from pitcairn.experiences.queries import experience_outline
    from pitcairn.profiles import queries

    workspace = choose.workspace(arguments["workspace"])
    kind, _, value = arguments["identifier"].partition(":")
    profile_id = queries.profile_of(workspace.id, SPELLINGS.get(kind, kind), value)
    profile = queries.profile(workspace.id, profile_id) if profile_id is not None else None
    if profile is None:
        raise CommandError(
            f"no profile in the workspace {workspace.name!r} has the identifier {arguments['identifier']}"
        )
    sources = source_names(workspace.id)
    assignments = []
    for assignment in profile.assignments:
        experience = experience_outline(assignment.experience_id, workspace.id)
        assignments.append({
            "experience": {"id": assignment.experience_id, "name": experience.name if experience else ""},
            "audienceSegmentId": assignment.segment_id,
            "variationId": assignment.variation_id or None,
            "personalized": assignment.personalized,
            "assignedAt": iso(assignment.assigned_at),
        })  # fmt: skip
    return {
        "id": profile.item.id,
        "known": profile.item.known,
        "createdAt": iso(profile.item.created_at),
        "lastSeenAt": iso(profile.item.last_seen_at),
        "identifiers": [
            {
                "type": item.type,
                "value": item.value,
                "createdAt": iso(item.created_at),
                "source": sources.get(item.source_id, ""),
                "messageId": item.message_id,
            }
            for item in profile.item.identifiers
        ],
        "traits": {trait.name: trait.value for trait in profile.traits},
        "targetableTraits": [trait.name for trait in profile.traits if trait.targetable],
        "memberships": [
            {
                "audience" if item.kind == "audience" else "computedTrait": item.name,
                "key": item.key,
                "value": item.value,
                "since": from_ms(item.since).isoformat(),
            }
            for item in memberships_of(profile.item.id)
        ],
        "assignments": assignments,
        "merges": [
            {
                "loserId": merge.loser_id,
                "winnerId": merge.winner_id,
                "mergedAt": iso(merge.merged_at),
                "messageId": merge.message_id,
            }
            for merge in profile.merges
        ],
        "messages": [
            message.as_segment() for message in store.timeline(workspace.id, profile.ids, arguments["messages"])
        ],
    }


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "identifier",
        metavar="ID_TYPE:VALUE",
        help="such as user_id:42, anonymous_id:5f2e… or email:someone@example.com",
    )
    parser.add_argument(
        "--messages",
        type=whole_number(0, 10_000),
        default=DEFAULT_MESSAGES,
        metavar="N",
        help=f"how many of its latest messages to show (default: {DEFAULT_MESSAGES})",
    )
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _run(arguments: Namespace) -> Result:
    from pitcairn import control

    kind, colon, value = arguments.identifier.partition(":")
    if not (kind and colon and value):
        raise CommandError(f"{arguments.identifier!r} is no identifier; write its type and value, such as user_id:42")
    names = ("identifier", "messages", "workspace")
    return control.call("profile", {name: getattr(arguments, name) for name in names})


def _show(result: Result, console: Console) -> None:
    console.print(
        f"Profile {result['id']}, first seen {clock(result['createdAt'])}, last seen {clock(result['lastSeenAt'])}"
    )
    identifiers = Rows("Identifier", "Value", "Since", "Source")
    for item in result["identifiers"]:
        identifiers.add(item["type"], item["value"], clock(item["createdAt"]), item["source"])
    console.print(identifiers)
    if result["traits"]:
        traits = Rows("Trait", "Value", "Targetable")
        for name, value in result["traits"].items():
            shown = json.dumps(value, ensure_ascii=False)
            traits.add(name, shown, "yes" if name in result["targetableTraits"] else "no")
        console.print(traits)
    if result["memberships"]:
        memberships = Rows("Audience or computed trait", "Key", "Value", "Since")
        for item in result["memberships"]:
            name = item.get("audience") or item.get("computedTrait")
            memberships.add(name, item["key"], json.dumps(item["value"], ensure_ascii=False), clock(item["since"]))
        console.print(memberships)
    for assignment in result["assignments"]:
        arm = "personalized" if assignment["personalized"] else "control"
        console.print(
            f"Sees {assignment['experience']['name']!r} as {arm}, since {clock(assignment['assignedAt'])}", markup=False
        )
    if result["merges"]:
        console.print(f"Merged from {len(result['merges'])} other profiles")
    if result["messages"]:
        messages = Rows("Time", "Type", "Event or name", "Message id")
        for message in result["messages"]:
            what = message.get("event") or message.get("name") or ""
            messages.add(clock(message["timestamp"]), message["type"], what, message["messageId"])
        console.print(messages)


SHOW = Command(
    words="profile show",
    summary="show one person: identifiers, traits, what they see, and their latest messages",
    arguments=_arguments,
    run=_run,
    show=_show,
)
