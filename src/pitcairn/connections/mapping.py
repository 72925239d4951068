"""What a destination gets in other places, or under other names, than the message has it.

A mapping is a list of rules, applied from first to last. Each writes one place of the message, or takes it out:

    {"to": "traits.email", "from": "properties.email"}         the value at another place
    {"to": "context.app.name", "value": "shop"}                always this value, any JSON
    {"to": "traits.name", "template": "{{ properties.first }} {{ properties.last }}"}    see `text_templates.py`
    {"remove": "context.ip"}

Any of them may have a `"when"`, an FQL condition. Values and conditions are read from the message as it came to the mapping,
so that no rule sees what another one wrote. A rule whose value is missing or null writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pitcairn.connections.filters.actions import DropProperties, dropping
from pitcairn.connections.filters.fql_error import FQLError
from pitcairn.connections.filters.fql_evaluation import Test
from pitcairn.connections.filters.fql_functions import to_string
from pitcairn.connections.filters.paths import Keys, PathError, reader, split_path
from pitcairn.connections.filters.rules import compile_condition
from pitcairn.connections.text_templates import TemplateError, compile_template

MAX_RULES: Final = 100

FIXED: Final = frozenset({"type", "messageId", "timestamp", "receivedAt"})
"""Delivery goes by these: no rule writes them or takes them out."""

TEXTS: Final = frozenset({"userId", "anonymousId", "groupId", "previousId", "event", "name"})
"""Fields that Segment's spec wants as non-empty texts: a number is written as one, and what is neither is not written."""

OBJECTS: Final = frozenset({"properties", "traits", "context", "integrations"})
"""Fields that are objects: nothing else is written in their place."""

Mapped: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
_Source: TypeAlias = Callable[[Mapping[str, Any]], Any]
_Step: TypeAlias = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


class MappingError(ValueError):
    """A mapping that cannot be read. `rule` is the place in the list, from 0, or None; `field` the key it is about, or ""."""

    def __init__(self, problem: str, rule: int | None = None, field: str = "") -> None:
        self.problem, self.rule, self.field = problem, rule, field
        super().__init__(problem if rule is None else f"Rule {rule + 1}: {problem}")


def compile_mapping(rules: Any) -> Mapped:
    """A function that makes what a destination gets out of a message as Segment spells it.

    Raises `MappingError` when the rules cannot be read; whoever applies stored ones then sends nothing, for the reason
    `FILTERED_AT_MAPPING`. The function it returns never raises and never changes what it is given; what comes out shares with
    it what did not change.
    """
    if not isinstance(rules, list):
        raise MappingError("A mapping is a list of rules.")
    if len(rules) > MAX_RULES:
        raise MappingError(f"The mapping has {len(rules)} rules; use at most {MAX_RULES}.")
    steps = [_step(number, rule) for number, rule in enumerate(rules)]

    def apply(body: dict[str, Any]) -> dict[str, Any]:
        mapped = body
        for step in steps:
            mapped = step(body, mapped)
        return mapped

    return apply


def _step(number: int, rule: Any) -> _Step:
    if not isinstance(rule, Mapping):
        raise MappingError("A rule is an object with a to and a from, or with a remove.", number)
    keys = frozenset(rule) - {"when"}
    known = {"to", "from", "value", "template", "remove"}
    if unknown := keys - known:
        raise MappingError(
            f"{str(min(map(str, unknown)))[:40]!r} has no meaning here; use {', '.join(sorted(known))} or when.", number
        )
    if "remove" in keys:
        if len(keys) > 1:
            raise MappingError(
                "A rule that removes a place cannot write one as well. Make it two rules.", number, "remove"
            )
        step = _removing(_target(rule["remove"], number, "remove"))
    else:
        if "to" not in keys:
            raise MappingError("The rule does not say which place it writes.", number, "to")
        if len(keys) != 2:
            raise MappingError("The rule needs one of from, value and template.", number, "from")
        step = _writing(_target(rule["to"], number, "to"), _source(rule, number))
    condition = rule.get("when")
    if condition is None or condition == "":
        return step
    return _under(_condition(condition, number), step)


def _condition(condition: Any, number: int) -> Test:
    if not isinstance(condition, str):
        raise MappingError("The condition is no text; write it as type = 'identify'.", number, "when")
    try:
        return compile_condition(condition)
    except FQLError as error:
        raise MappingError(str(error), number, "when") from None


def _under(holds: Test, step: _Step) -> _Step:
    return lambda body, mapped: step(body, mapped) if holds(body) else mapped


def _source(rule: Mapping[str, Any], number: int) -> _Source:
    if "value" in rule:
        value = rule["value"]
        if value is None:
            raise MappingError(
                "The value is null, which writes nothing. To take a place out, use remove.", number, "value"
            )
        return lambda body: value
    if "from" in rule:
        return reader(_path(rule["from"], number, "from"))
    template = rule["template"]
    if not isinstance(template, str):
        raise MappingError("The template is no text.", number, "template")
    try:
        return compile_template(template)
    except TemplateError as error:
        raise MappingError(str(error), number, "template") from None


def _target(text: Any, number: int, field: str) -> Keys:
    keys = _path(text, number, field)
    if keys[0] in FIXED:
        what = "removed" if field == "remove" else "written"
        raise MappingError(f"{keys[0]} cannot be {what}: delivery goes by it.", number, field)
    if len(keys) > 1 and keys[0] in TEXTS and field == "to":
        raise MappingError(f"{keys[0]} is a text and has no places inside.", number, field)
    return keys


def _path(text: Any, number: int, field: str) -> Keys:
    if not isinstance(text, str):
        raise MappingError("The place is no text; write it as properties.email.", number, field)
    try:
        return split_path(text)
    except PathError as error:
        raise MappingError(str(error), number, field) from None


def _removing(keys: Keys) -> _Step:
    take_out = dropping(DropProperties((keys,)))
    return lambda body, mapped: take_out(mapped)


def _writing(keys: Keys, source: _Source) -> _Step:
    top = keys[0] if len(keys) == 1 else ""

    def step(body: dict[str, Any], mapped: dict[str, Any]) -> dict[str, Any]:
        value = source(body)
        if value is None:
            return mapped
        if top in TEXTS:
            value = to_string(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
            if not value:
                return mapped
        elif top in OBJECTS and not isinstance(value, dict):
            return mapped
        return _with(mapped, keys, value)

    return step


def _with(found: Any, keys: Keys, value: Any) -> dict[str, Any]:
    """The object with the value at the place. What is no object on the way there gives way to one; a list stays a list."""
    inside = found if isinstance(found, dict) else {}
    if len(keys) == 1:
        return {**inside, keys[0]: value}
    return {**inside, keys[0]: _within(inside.get(keys[0]), keys[1:], value)}


def _within(found: Any, keys: Keys, value: Any) -> Any:
    if not isinstance(found, list):
        return _with(found, keys, value)
    index = int(keys[0]) if keys[0].isdecimal() and len(keys[0]) < 10 else len(found)
    if index >= len(found):
        return found
    changed = value if len(keys) == 1 else _within(found[index], keys[1:], value)
    return [*found[:index], changed, *found[index + 1 :]]
