"""Finds what a person named on the command line: by its name, or by its id. Import only after Django is set up."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pitcairn.commands.command import CommandError
from pitcairn.workspaces import queries, services
from pitcairn.workspaces.models import Workspace

T = TypeVar("T")
FIRST_WORKSPACE = "Main"


def pick(items: Sequence[T], wanted: str, *, what: str, name: Callable[[T], str], number: Callable[[T], int]) -> T:
    """The item whose name, or else whose id, is `wanted`. Raises CommandError that names those there are."""
    for item in items:
        if name(item) == wanted:
            return item
    for item in items:
        if str(number(item)) == wanted:
            return item
    there = ", ".join(f"{name(item)!r} ({number(item)})" for item in items) or "none yet"
    raise CommandError(f"there is no {what} {wanted!r}; there is: {there}")


def workspace(wanted: str | None) -> Workspace:
    """The workspace of this name or id; the first one when none is named. Raises CommandError when there is none."""
    if wanted is None:
        first = queries.first_workspace()
        if first is None:
            raise CommandError("there is no workspace yet; make one with `pitcairn user add EMAIL`")
        return first
    return pick(
        queries.workspaces(), wanted, what="workspace", name=lambda found: found.name, number=lambda found: found.id
    )


def workspace_or_new(wanted: str | None) -> Workspace:
    """The same, made where it is missing: the first things of an installation need a place to be in."""
    for found in queries.workspaces():
        if wanted in (None, found.name, str(found.id)):
            return found
    return services.create_workspace(wanted or FIRST_WORKSPACE)
