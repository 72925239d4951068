"""What a command of `pitcairn` is: its words, what it does, and how its result is shown to a person.

A command does its work in `run`, which returns a JSON object; with `--json` that object is the output, else `show`
prints it. So both outputs say the same. Nothing of Django is imported before `run`: only then is the data folder known.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Console

Result = dict[str, Any]


class CommandError(Exception):
    """The command could not be done. The text says what happened, with the value, and what to do."""


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """An option's type: a whole number within these bounds."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {lowest:,} to {highest:,}")
        return int(text)

    return read


PORT = whole_number(0, 65_535)


@dataclass(frozen=True, kw_only=True)
class Command:
    """`words` is how it is called (`source add`); `arguments` declares its options."""

    words: str
    summary: str
    run: Callable[[Namespace], Result | None]
    """None when everything was said already: by a server, when it was ready."""
    show: Callable[[Result, Console], None]
    arguments: Callable[[ArgumentParser], None] = lambda _parser: None
