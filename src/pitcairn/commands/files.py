"""`pitcairn export` and `pitcairn apply`: a workspace's experiences, audiences, computed traits and goals as files."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec
from rich.console import Console

from pitcairn.commands.command import Command, CommandError, Result

APPLIED_BY = "pitcairn apply"

_WHAT = {"make": "new", "change": "changed", "none": "as it is"}


def _export_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="made when it is missing")
    parser.add_argument("--prune", action="store_true", help="remove files about what is not in the workspace any more")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _export(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.files import export_folder

    workspace = choose.workspace(arguments.workspace)
    exported = export_folder(workspace.id, arguments.folder, prune=arguments.prune)
    return {"workspace": workspace.name, "folder": str(arguments.folder), **msgspec.to_builtins(exported)}


def _show_export(result: Result, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    for name in result["written"]:
        say(f"written  {name}")
    for name in result["removed"]:
        say(f"removed  {name}")
    for name in result["left"]:
        say(f"left     {name}: nothing in the workspace is called so; --prune removes it")
    for name in result["lists"]:
        say(f"Not written: the audience {name!r} is a list of people.")
    count = len(result["written"])
    say(f"{count} written, {len(result['unchanged'])} unchanged, in {result['folder']}.")


def _apply_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="as `pitcairn export` makes it")
    parser.add_argument("--dry-run", action="store_true", help="say what would be changed, and change nothing")
    parser.add_argument("--workspace", metavar="NAME", help="by name or id (default: the first one)")


def _apply(arguments: Namespace) -> Result:
    from pitcairn.commands import choose
    from pitcairn.files import FilesError, apply_folder

    workspace = choose.workspace(arguments.workspace)
    try:
        applied = apply_folder(workspace.id, arguments.folder, by=APPLIED_BY, dry_run=arguments.dry_run)
    except FilesError as error:
        count = len(error.problems)
        things = "1 thing is wrong" if count == 1 else f"{count} things are wrong"
        raise CommandError(f"{things}; nothing was changed\n{error}") from error
    value = msgspec.to_builtins(applied)
    return {
        "workspace": workspace.name,
        "folder": str(arguments.folder),
        "dryRun": value["dry_run"],
        "changes": value["changes"],
        "beside": value["beside"],
    }


def _show_apply(result: Result, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    touched = [one for one in result["changes"] if one["what"] != "none"]
    for change in touched:
        say(f"{change['file']}: {change['name']} ({_WHAT[change['what']]})")
        for one in change["differences"]:
            say(f"  {one['where']}")
            for sign, lines in (("-", one["before"]), ("+", one["after"])):
                for line in lines:
                    say(f"    {sign} {line}")
    for name in result["beside"]:
        say(f"Not in the folder, and left as it is: {name}")
    same = len(result["changes"]) - len(touched)
    would = "would be changed; nothing was" if result["dryRun"] else "changed"
    say(f"{len(touched)} {would}, {same} as they are.")


EXPORT = Command(
    words="export",
    summary="write experiences, audiences, computed traits and goals into a folder, one file each",
    arguments=_export_arguments,
    run=_export,
    show=_show_export,
)
APPLY = Command(
    words="apply",
    summary="make the workspace what the files of a folder say, all of it or nothing",
    arguments=_apply_arguments,
    run=_apply,
    show=_show_apply,
)
