"""Plans as files: what is exported, and what can be imported: our own files, and plans of Segment's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pitcairn.connections.tracking_plans.rules import (
    COMMON,
    NAMED,
    TYPES,
    OnUnplanned,
    OnViolation,
    PlanError,
    Rule,
    read_rules,
)

FILE_BYTES: Final = 4_000_000

_SEGMENT_TYPES: Final = {kind.upper(): kind for kind in TYPES}


@dataclass(frozen=True, kw_only=True)
class PlanFile:
    """What a file says. What it leaves open is None."""

    name: str | None = None
    rules: tuple[Rule, ...] = ()
    on_violation: OnViolation | None = None
    on_unplanned: OnUnplanned | None = None


def write_plan(*, name: str, rules: Sequence[Rule], on_violation: str, on_unplanned: str) -> dict[str, Any]:
    """The plan as a JSON value that `read_plan` takes back."""
    return {
        "name": name,
        "on_violation": on_violation,
        "on_unplanned": on_unplanned,
        "rules": [rule.as_json() for rule in rules],
    }


def read_plan(text: str | bytes) -> PlanFile:
    """Reads a plan of ours, or one that Segment's Public API or Config API gave out. Raises `PlanError`."""
    size = len(text if isinstance(text, bytes) else text.encode(errors="replace"))
    if size > FILE_BYTES:
        raise PlanError(f"The file has {size:,} bytes; at most {FILE_BYTES:,} are taken.", field="file")
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise PlanError(f"The file is not JSON: {error}. Export the plan again.", field="file") from error
    try:
        return _read(value)
    except PlanError as error:
        raise PlanError(str(error), field="file") from error


def _read(value: Any) -> PlanFile:
    for wrapper in ("data", "trackingPlan", "tracking_plan"):
        if isinstance(value, dict) and isinstance(value.get(wrapper), dict):
            value = value[wrapper]
    if isinstance(value, list):
        value = {"rules": value}
    if not isinstance(value, dict) or not isinstance(value.get("rules"), list | dict):
        raise PlanError(
            'The file holds no rules. It should be {"name": …, "rules": […]}, or a plan from Segment\'s API.'
        )
    name = value.get("name") or value.get("display_name")
    rules = value["rules"]
    plain = list(_config_rules(rules)) if isinstance(rules, dict) else _latest(map(_rule, rules))
    return PlanFile(
        name=name if isinstance(name, str) else None,
        rules=tuple(read_rules(plain)),
        on_violation=_choice(OnViolation, value.get("on_violation")),
        on_unplanned=_choice(OnUnplanned, value.get("on_unplanned")),
    )


def _rule(value: Any) -> dict[str, Any]:
    """A rule of ours as it is; one of the Public API's (`TRACK`, `key`, `jsonSchema`) in our words."""
    if not isinstance(value, Mapping):
        return {"type": None}
    if "jsonSchema" not in value:
        return dict(value)
    kind = _SEGMENT_TYPES.get(str(value.get("type")).upper())
    event = (value.get("key") or "") if kind in NAMED else ""
    version = value.get("version")
    return {
        "type": kind or value.get("type"),
        "event": event,
        "schema": value["jsonSchema"],
        "version": version if isinstance(version, int) else 0,
    }


def _latest(rules: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latest version of each of Segment's rules; rules of ours have none, and stay as they are."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    ours = []
    for rule in rules:
        if "version" not in rule:
            ours.append(rule)
            continue
        key = (str(rule["type"]), str(rule["event"]))
        if key not in latest or rule["version"] >= latest[key]["version"]:
            latest[key] = rule
    return [*ours, *latest.values()]


def _config_rules(rules: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The rules of the older Config API: `events`, and one schema each for `global`, `identify` and `group`."""
    events = rules.get("events")
    if not isinstance(events, list):
        raise PlanError("The rules of the file are an object without a list of events.")
    yield from _latest(
        {
            "type": "track",
            "event": event.get("name"),
            "schema": event.get("rules"),
            "version": event["version"] if isinstance(event.get("version"), int) else 0,
        }
        for event in events
        if isinstance(event, dict)
    )
    for key, kind in (("global", COMMON), ("identify", "identify"), ("group", "group")):
        schema = rules.get(key)
        if isinstance(schema, dict) and schema:
            yield {"type": kind, "schema": schema}


def _choice(kind: type[Any], value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return None
