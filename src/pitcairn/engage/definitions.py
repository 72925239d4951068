"""What a definition must be before it is saved, and how a sync begins to go through everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitcairn.conditions import Condition, ConditionError, Events, check_measure, check_place, parse, parse_measure
from pitcairn.conditions.places import audiences_in, traits_in
from pitcairn.engage.errors import AudienceError
from pitcairn.engage.models import Computation, Kind, Sync, Target
from pitcairn.engage.references import circle


def condition_of(computation: Computation) -> Condition | None:
    """The condition of an audience, or the events of a computed trait; None for a list, or when it cannot be read any more."""
    if computation.listed:
        return None
    try:
        return (
            parse(computation.definition)
            if computation.kind == Kind.AUDIENCE
            else parse_measure(computation.definition)
        )
    except ConditionError:
        return None


def check_audience(workspace_id: int, key: str, condition: Mapping[str, Any], target: str) -> Condition:
    """Raises `AudienceError` for what does not parse, stands at the wrong place, asks for a missing audience, or for itself."""
    try:
        parsed = parse(condition)
        check_place(parsed, "account" if target == Target.ACCOUNT else "person")
    except ConditionError as error:
        raise AudienceError("condition", str(error), path=error.path) from error
    _check_references(workspace_id, key, parsed)
    return parsed


def check_trait(workspace_id: int, key: str, events: Mapping[str, Any], target: str) -> Events:
    """The same for the `Events` of a computed trait."""
    try:
        parsed = parse_measure(events)
        check_measure(parsed)
    except ConditionError as error:
        raise AudienceError("condition", str(error), path=error.path) from error
    _check_references(workspace_id, key, parsed)
    return parsed


def _check_references(workspace_id: int, key: str, condition: Condition) -> None:
    others = {one.key: one for one in Computation.objects.filter(workspace_id=workspace_id, deleted_at__isnull=True)}
    for missing in sorted(audiences_in(condition) - {key}):
        if missing not in others or others[missing].kind != Kind.AUDIENCE:
            gone = Computation.objects.filter(workspace_id=workspace_id, key=missing, deleted_at__isnull=False).exists()
            what = f"The audience {missing!r} was deleted" if gone else f"There is no audience {missing!r}"
            raise AudienceError("condition", f"{what}. Choose another, or take the condition out.")
    traits = frozenset(one.key for one in others.values() if one.kind == Kind.COMPUTED_TRAIT)
    asks = {one.key: _asked(found, traits) for one in others.values() if (found := condition_of(one)) is not None}
    way = circle(key, {**asks, key: _asked(condition, traits | {key})})
    if way:
        steps = ", which asks for ".join(repr(one) for one in way[1:])
        raise AudienceError("condition", f"This would go in a circle: {key!r} asks for {steps}.")


def _asked(condition: Condition, computed_traits: frozenset[str]) -> frozenset[str]:
    """The audiences and computed traits that the condition asks for, by key."""
    return audiences_in(condition) | (traits_in(condition) & computed_traits)


AS_OF_NOW = -1
"""Where a moment of the engine's own clock is to be: the engine writes it when it sees it."""


def begin_catching_up(sync: Sync) -> None:
    """Ends the pause: the sync goes through everybody and tells what is different from what the destination knows."""
    since = sync.paused_at
    sync.paused_at = None
    if since is None or since == AS_OF_NOW:  # The pause never began.
        return
    _go_through(sync, told_at=since)


def begin_again(sync: Sync) -> None:
    """The sync goes through everybody and tells it again. What it was told so far stays known, so that who left is told too."""
    sync.resend = True
    _go_through(sync, told_at=AS_OF_NOW)


def _go_through(sync: Sync, *, told_at: int) -> None:
    sync.known = [[sync.position, told_at], *[part for part in sync.known if part[0] > sync.position]]
    sync.position = 0
    sync.done = sync.total = sync.started_at = 0


PASS_FIELDS = ["paused_at", "known", "position", "resend", "done", "total", "started_at"]
