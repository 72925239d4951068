"""`pitcairn source add` and `pitcairn source list`."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from rich.console import Console

from pitcairn.commands.command import Command, Result
from pitcairn.commands.output import Rows

if TYPE_CHECKING:
    from pitcairn.connections.queries import SourceItem

KINDS = ("browser", "mobile", "server", "segment")


def _as_json(source: "SourceItem") -> Result:
    return {
        "id": source.id,
        "name": source.name,
        "kind": source.kind,
        "writeKey": source.write_key,
        "enabled": source.enabled,
        "destinations": list(source.destinations),
    }


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what the source is called on the pages")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help="default: browser")
    parser.add_argument("--write-key", metavar="KEY", help="the key to use, instead of having one made")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id; made when missing (default: the first one)")


def _add(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.connections import queries, services
    from pitcairn.connections.source_settings import new_segment_secret

    workspace = choose.workspace_or_new(arguments.workspace)
    made = services.create_source(
        workspace_id=workspace.id, name=arguments.name, kind=arguments.kind, write_key=arguments.write_key
    )
    source = queries.source(workspace.id, made.id)
    assert source is not None
    if arguments.kind != "segment":
        return _as_json(source)
    return {**_as_json(source), "apiKey": new_segment_secret(workspace_id=workspace.id, source_id=made.id)}


def _show_added(result: Result, console: Console) -> None:
    console.print(f"Source {result['name']!r} is ready.")
    if "apiKey" in result:
        console.print(f"API key: {result['apiKey']}", soft_wrap=True)
        console.print("Copy it now; it is not shown again. It names and proves what Segment delivers.")
    else:
        console.print(f"Write key: {result['writeKey']}", soft_wrap=True)


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _list(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.connections import queries

    workspace = choose.workspace(arguments.workspace)
    return {"sources": [_as_json(source) for source in queries.sources(workspace.id)]}


def _show_list(result: Result, console: Console) -> None:
    if not result["sources"]:
        console.print("No sources yet. Add one with `pitcairn source add NAME`.")
        return
    rows = Rows("Id", "Name", "Kind", "Write key", "Enabled", "Destinations", whole=("Write key",))
    for source in result["sources"]:
        rows.add(
            str(source["id"]),
            source["name"],
            source["kind"],
            source["writeKey"],
            "yes" if source["enabled"] else "no",
            ", ".join(source["destinations"]) or "none",
        )
    console.print(rows)


ADD = Command(
    words="source add",
    summary="add a source and show its write key",
    arguments=_add_arguments,
    run=_add,
    show=_show_added,
)
LIST = Command(
    words="source list",
    summary="list the sources with their write keys",
    arguments=_list_arguments,
    run=_list,
    show=_show_list,
)
