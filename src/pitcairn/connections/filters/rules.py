"""The filters of a destination, made into one function of a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pitcairn.connections.filters.actions import (
    ActionError,
    AllowProperties,
    Change,
    Drop,
    DropProperties,
    OnlySend,
    Sample,
    allowing,
    dropping,
    is_kept,
    parse_action,
)
from pitcairn.connections.filters.fql_error import FQLError
from pitcairn.connections.filters.fql_evaluation import Test, compile_expression
from pitcairn.connections.filters.fql_parser import parse

FILTERED_BY_RULES: Final = "FILTERED_BY_RULES"
ALL: Final = "all"
"""The condition that every message meets."""

Body: TypeAlias = dict[str, Any]
Filters: TypeAlias = Callable[[Body, int], Body | str]


@dataclass(frozen=True, kw_only=True)
class FilterRule:
    """One filter that is switched on."""

    condition: str
    """FQL, or `all`."""
    action: Mapping[str, Any]
    """As `actions.py` says."""
    source_id: int | None = None
    """None is every source."""
    id: int = 0
    """Keeps the samples of two filters apart."""


def compile_filters(rules: Iterable[FilterRule]) -> Filters:
    """What the rules make of a message of a source: the message, changed if need be, or `FILTERED_BY_RULES`.

    They apply in Segment's order: samples, drops and "only send", drop properties, allow properties. Every condition looks
    at the message as it came, so that the order inside of a step makes no difference. A rule that cannot be read drops
    every message of its source: it may have been meant to keep something back. The message that is given is never changed;
    what comes out shares with it what did not change. Neither this nor the function it returns raises.
    """
    everywhere: list[FilterRule] = []
    by_source: dict[int, list[FilterRule]] = {}
    for rule in rules:
        (everywhere if rule.source_id is None else by_source.setdefault(rule.source_id, [])).append(rule)
    common = _compile(everywhere)
    own = {source_id: _compile([*everywhere, *some]) for source_id, some in by_source.items()}
    if not own:
        return lambda body, source_id: common(body)
    return lambda body, source_id: own.get(source_id, common)(body)


def compile_condition(condition: str) -> Test:
    """The condition of a filter: FQL, or `all`. Raises `FQLError`."""
    return _always if condition.strip() == ALL else compile_expression(parse(condition))


def _always(body: Mapping[str, Any]) -> bool:
    return True


def _compile(rules: list[FilterRule]) -> Callable[[Body], Body | str]:
    stops: list[Test] = []
    drops: list[tuple[Test, Change]] = []
    allows: list[tuple[Test, Change]] = []
    samples: list[Test] = []
    for rule in rules:
        try:
            holds, action = compile_condition(rule.condition), parse_action(rule.action)
        except (FQLError, ActionError):
            return lambda body: FILTERED_BY_RULES
        match action:
            case Sample():
                samples.append(_left_out(holds, action, str(rule.id)))
            case Drop():
                stops.append(holds)
            case OnlySend():
                stops.append(_unless(holds))
            case DropProperties():
                drops.append((holds, dropping(action)))
            case AllowProperties():
                allows.append((holds, allowing(action)))
    return _applying([*samples, *stops], [*drops, *allows])


def _applying(stops: list[Test], changes: list[tuple[Test, Change]]) -> Callable[[Body], Body | str]:
    def apply(body: Body) -> Body | str:
        for stop in stops:
            if stop(body):
                return FILTERED_BY_RULES
        changed = body
        for holds, change in changes:
            if holds(body):
                changed = change(changed)
        return changed

    return apply


def _left_out(holds: Test, sample: Sample, salt: str) -> Test:
    return lambda body: holds(body) and not is_kept(sample, body, salt)


def _unless(holds: Test) -> Test:
    return lambda body: not holds(body)
