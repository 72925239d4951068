"""`pitcairn profile export` and `pitcairn profile delete`."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result
from pitcairn.commands.profiles import SPELLINGS

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore


def _read_identifier(text: str) -> tuple[str, str]:
    kind, _, value = text.partition(":")
    if not kind or not value:
        raise CommandError(f"{text!r} is no identifier; write its type and value, such as user_id:42")
    kind = SPELLINGS.get(kind, kind)
    return kind, value.strip().lower() if kind == "email" else value


def run_export(arguments: dict[str, Any], store: "EventStore") -> Result:
    """`identifier` is TYPE:VALUE."""
    from pitcairn.commands import choose
    from pitcairn.profiles import queries
    from pitcairn.profiles.export import export_person

    workspace = choose.workspace(arguments["workspace"])
    kind, value = _read_identifier(arguments["identifier"])
    profile_id = queries.profile_of(workspace.id, kind, value)
    exported = export_person(workspace.id, profile_id, store) if profile_id is not None else None
    if exported is None:
        raise CommandError(
            f"no profile in the workspace {workspace.name!r} has the identifier {arguments['identifier']}"
        )
    return exported


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("identifier", metavar="ID_TYPE:VALUE", help="such as user_id:42 or email:someone@example.com")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _export_arguments(parser: ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument("--to", metavar="FILE", help="write it there instead of to the terminal")


def _export(arguments: Namespace) -> Result:
    from pitcairn import control

    _read_identifier(arguments.identifier)
    exported: Result = control.call("export", {name: getattr(arguments, name) for name in ("identifier", "workspace")})
    if arguments.to:
        path = Path(arguments.to)
        try:
            path.write_text(json.dumps(exported, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        return {"id": exported["id"], "messages": len(exported["messages"] or []), "file": str(path)}
    return exported


def _show_export(result: Result, console: Console) -> None:
    if "file" in result:
        console.print(
            f"Profile {result['id']} with {result['messages']:,} messages is in {result['file']}", markup=False
        )
    else:
        console.print_json(data=result)


EXPORT = Command(
    words="profile export",
    summary="write down everything that is known of one person, as JSON",
    arguments=_export_arguments,
    run=_export,
    show=_show_export,
)


def _delete_arguments(parser: ArgumentParser) -> None:
    _arguments(parser)
    parser.add_argument(
        "--suppress", action="store_true", help="also refuse what comes later under the person's user id"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; there is no way back")


def _delete(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.profiles import queries, services

    kind, value = _read_identifier(arguments.identifier)
    workspace = choose.workspace(arguments.workspace)
    profile_id = queries.profile_of(workspace.id, kind, value)
    if profile_id is None and not (kind == "user_id" and arguments.suppress):
        raise CommandError(f"no profile in the workspace {workspace.name!r} has the identifier {arguments.identifier}")
    if not arguments.yes:
        raise CommandError(
            f"{arguments.identifier} in the workspace {workspace.name!r} would be deleted for good, with every event; "
            "say --yes to do it"
        )
    services.delete_person(
        workspace_id=workspace.id,
        profile_id=profile_id or 0,
        user_id=value if kind == "user_id" else "",
        suppress=arguments.suppress,
    )
    return {"identifier": arguments.identifier, "profileId": profile_id, "suppressed": arguments.suppress}


def _show_delete(result: Result, console: Console) -> None:
    refused = ", and refused from now on" if result["suppressed"] else ""
    console.print(f"{result['identifier']} is deleted within seconds while a server runs{refused}", markup=False)


DELETE = Command(
    words="profile delete",
    summary="delete one person: profile, events and whatever names them",
    arguments=_delete_arguments,
    run=_delete,
    show=_show_delete,
)
