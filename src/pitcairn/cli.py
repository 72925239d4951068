"""The command line. `pitcairn COMMAND --help` explains each; `docs/command-line.md` lists them all.

Exit codes: 0 done, 1 it could not be done (the reason is on stderr), 2 the command line is wrong, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console

from pitcairn.commands import COMMANDS, CommandError
from pitcairn.commands.errors import readable

DESCRIPTION = "Personalizes websites from Segment events: self-hosted, in one program."

PIPED_WIDTH = 500


def _common_options() -> argparse.ArgumentParser:
    # SUPPRESS: an option given before the command is not overwritten by the command's own default.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    group = common.add_argument_group("everywhere")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--data", metavar="DIR", help="the data folder (default: $PITCAIRN_DATA, or ./data)")
    return common


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as all of the rest

        print(f"pitcairn {version('pitcairn')}")
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    common = _common_options()
    parser = argparse.ArgumentParser(prog="pitcairn", description=DESCRIPTION, parents=[common])
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in COMMANDS:
        group, _, verb = command.words.rpartition(" ")
        if group and group not in groups:
            about = ", ".join(c.words.removeprefix(f"{group} ") for c in COMMANDS if c.words.startswith(f"{group} "))
            group_parser = commands.add_parser(group, help=about, parents=[common])
            groups[group] = group_parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
        place = groups[group] if group else commands
        leaf = place.add_parser(verb, help=command.summary, description=command.summary, parents=[common])
        command.arguments(leaf)
        leaf.set_defaults(command=command)
    return parser


def set_up(data: str | None) -> None:
    """Makes Django ready on the data folder. Settings read the environment, so the option becomes part of it."""
    if data is not None:
        os.environ["PITCAIRN_DATA"] = data
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")
    import django  # noqa: PLC0415

    django.setup()


def main(argv: Sequence[str] | None = None) -> int:
    arguments = build_parser().parse_args(argv)
    as_json = getattr(arguments, "json", False)
    arguments.json = as_json
    try:
        set_up(getattr(arguments, "data", None))
        with readable():
            result = arguments.command.run(arguments)
    except CommandError as error:
        print(f"pitcairn: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        # Settings that cannot be used: a malformed DATABASE_URL, a data folder that cannot be made.
        print(f"pitcairn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if result is None:
        return 0
    try:
        if as_json:
            print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
        else:
            # Into a pipe or a file nothing is broken into lines.
            width = None if sys.stdout.isatty() else PIPED_WIDTH
            arguments.command.show(result, Console(highlight=False, width=width))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough. Python would complain again while closing stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
