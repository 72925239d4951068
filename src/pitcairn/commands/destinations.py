"""`pitcairn destination add` and `pitcairn destination list`."""

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result
from pitcairn.commands.output import Rows

if TYPE_CHECKING:
    from pitcairn.connections.queries import DestinationItem


def _as_json(destination: "DestinationItem") -> Result:
    return {
        "id": destination.id,
        "slug": destination.slug,
        "name": destination.name,
        "enabled": destination.enabled,
        "state": destination.state_words,
        "sources": [source.name for source in destination.sources],
        # A secret is never given back: only that it is set, and how it ends.
        "settings": {
            state.field.key: state.secret.words if state.secret is not None else state.value
            for state in destination.settings
        },
    }


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", metavar="SLUG", help="the catalog entry, such as mutiny")
    parser.add_argument("--name", help="what it is called on the pages (default: the catalog's name)")
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME", help="a source to connect, by name or id; repeatable"
    )
    parser.add_argument(
        "--setting", action="append", default=[], metavar="KEY=VALUE", help="a setting, such as apiKey=…; repeatable"
    )
    parser.add_argument(
        "--settings-stdin",
        action="store_true",
        help="read settings from stdin as a JSON object, so that secrets do not stand in the process list",
    )
    parser.add_argument("--disabled", action="store_true", help="add it without switching it on")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _settings(arguments: Namespace, types: dict[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if arguments.settings_stdin:
        try:
            settings = json.load(sys.stdin)
        except ValueError as error:
            raise CommandError(f"what came on stdin is not JSON: {error}") from error
        if not isinstance(settings, dict):
            raise CommandError("what came on stdin is not a JSON object of settings")
    for pair in arguments.setting:
        key, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--setting {pair!r} has no '='; write it as KEY=VALUE")
        settings[key] = _typed(key, value, types.get(key, "string"))
    return settings


def _typed(key: str, value: str, kind: str) -> Any:
    """The text of the command line as the type the catalog declares for the setting."""
    if kind == "boolean":
        if value not in ("true", "false"):
            raise CommandError(f"--setting {key}={value!r} must be true or false")
        return value == "true"
    if kind == "number":
        try:
            return float(value) if "." in value else int(value)
        except ValueError as error:
            raise CommandError(f"--setting {key}={value!r} must be a number") from error
    return value


def _add(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.connections import queries, services

    manifest = services.manifest_of(arguments.slug)
    settings = _settings(arguments, {field.key: field.type for field in manifest.settings})
    workspace = choose.workspace(arguments.workspace)
    sources = queries.sources(workspace.id)
    chosen = [
        choose.pick(sources, wanted, what="source", name=lambda item: item.name, number=lambda item: item.id)
        for wanted in arguments.source
    ]
    made = services.create_destination(
        workspace_id=workspace.id,
        slug=arguments.slug,
        name=arguments.name,
        source_ids=[source.id for source in chosen],
        settings=settings,
        enabled=not arguments.disabled,
    )
    destination = queries.destination(workspace.id, made.id)
    assert destination is not None
    return _as_json(destination)


def _show_added(result: Result, console: Console) -> None:
    console.print(f"Destination {result['name']!r}: {result['state']}.")
    console.print(f"Sources: {', '.join(result['sources']) or 'none; connect one, or it takes nothing'}")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _list(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.connections import queries

    workspace = choose.workspace(arguments.workspace)
    return {"destinations": [_as_json(destination) for destination in queries.destinations(workspace.id)]}


def _show_list(result: Result, console: Console) -> None:
    if not result["destinations"]:
        console.print("No destinations yet. Add one with `pitcairn destination add SLUG --source NAME`.")
        return
    rows = Rows("Id", "Name", "Catalog", "State", "Sources", "Settings")
    for destination in result["destinations"]:
        rows.add(
            str(destination["id"]),
            destination["name"],
            destination["slug"],
            destination["state"],
            ", ".join(destination["sources"]) or "none",
            ", ".join(f"{key}: {value}" for key, value in destination["settings"].items()),
        )
    console.print(rows)


ADD = Command(
    words="destination add",
    summary="add a destination of the catalog and connect it to sources",
    arguments=_add_arguments,
    run=_add,
    show=_show_added,
)
LIST = Command(
    words="destination list",
    summary="list the destinations, whether they take messages, and from which sources",
    arguments=_list_arguments,
    run=_list,
    show=_show_list,
)
