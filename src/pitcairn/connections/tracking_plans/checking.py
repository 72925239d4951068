"""Messages against a plan. Compiled once, when the configuration changes; a message then costs a few microseconds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from pitcairn.connections.schema.shapes import KINDS
from pitcairn.connections.tracking_plans.rules import COMMON, OnUnplanned, OnViolation, Rule, compile_schema
from pitcairn.wire.reasons import DropReason

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

MOST_PROBLEMS: Final = 10
"""Told of one message. More of them say nothing new."""

_LONGEST: Final = 200
"""Characters of a place or a problem: both can hold names that the sender chose."""

_TELLS_ITS_FIELDS: Final = frozenset({
    "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "labels", "type", "properties", "required",
})  # fmt: skip
"""A schema with no other keyword at its top looks only at the fields it names there, so only they are handed over."""


class Checked(Protocol):
    """What is checked of a message: the pipeline's and the event store's both have it."""

    @property
    def type(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def anonymous_id(self) -> str: ...
    @property
    def properties(self) -> Any: ...
    @property
    def traits(self) -> Any: ...
    @property
    def context(self) -> Any: ...
    @property
    def integrations(self) -> Any: ...
    @property
    def extra(self) -> dict[str, Any]: ...


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a message, without its value: where (`properties.products[].sku`) and what."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place} {self.words}".strip()


class Violation(msgspec.Struct, frozen=True):
    """How a message broke the plan, and whether it is blocked for it."""

    plan_id: int
    reason: DropReason
    problems: tuple[Problem, ...]
    blocked: bool

    @property
    def words(self) -> str:
        return "; ".join(map(str, self.problems))


class _CompiledRule(msgspec.Struct, frozen=True):
    validator: Validator
    fields: frozenset[str] | None
    """What of the message the schema looks at; None is everything."""


class CompiledPlan:
    """A plan, ready to check messages. Raises `PlanError` where a schema does not compile."""

    def __init__(
        self,
        plan_id: int,
        rules: Iterable[Rule],
        *,
        on_violation: OnViolation,
        on_unplanned: OnUnplanned,
        exempt: frozenset[str] = frozenset(),
    ) -> None:
        """Track events in `exempt` are never looked at."""
        self.id = plan_id
        self._rules = {rule.key: _compiled(rule) for rule in rules}
        self._common = self._rules.pop((COMMON, ""), None)
        self._planned_types = {kind for kind, _ in self._rules} | {"track"}
        self._blocks = on_violation == OnViolation.BLOCK
        self._on_unplanned = on_unplanned
        self._exempt = exempt

    def check(self, message: Checked) -> Violation | None:
        """None when the message is as planned. A type that the plan says nothing about is, unless it is track."""
        kind, event = message.type, message.event
        if event in self._exempt and kind == "track":
            return None
        rule = self._rules.get((kind, event))
        if rule is None and event and kind != "track":
            rule = self._rules.get((kind, ""))
        problems = _problems(rule, message) if rule is not None else []
        of_all = _problems(self._common, message) if self._common is not None else []
        unplanned = rule is None and self._on_unplanned != OnUnplanned.ALLOW and kind in self._planned_types
        if not (problems or of_all or unplanned):
            return None
        if unplanned:
            reason = DropReason.UNPLANNED_AND_SCHEMA_VIOLATION if of_all else DropReason.UNPLANNED
            problems = [Problem("", "is not in the plan")]
        else:
            reason = DropReason.SCHEMA_VIOLATION if problems else DropReason.COMMON_SCHEMA_VIOLATION
        blocked = (self._blocks and bool(of_all or not unplanned)) or (
            unplanned and self._on_unplanned == OnUnplanned.BLOCK
        )
        return Violation(self.id, reason, tuple(dict.fromkeys([*problems, *of_all]))[:MOST_PROBLEMS], blocked)


def _compiled(rule: Rule) -> _CompiledRule:
    validator = compile_schema(rule)
    top, fields = rule.schema, None
    if top.keys() <= _TELLS_ITS_FIELDS and isinstance(top.get("required", []), list):
        fields = frozenset(top.get("properties", {})) | frozenset(top.get("required", []))
    return _CompiledRule(validator, fields)


def _problems(rule: _CompiledRule, message: Checked) -> list[Problem]:
    body = body_of(message, rule.fields)
    if rule.validator.is_valid(body):
        return []
    found: list[Problem] = []
    for error in rule.validator.iter_errors(body):
        found += _in_words(error)
        if len(found) >= MOST_PROBLEMS:
            break
    return found


def body_of(message: Checked, fields: frozenset[str] | None = None) -> dict[str, Any]:
    """The message as Segment writes it, without its times, or only some fields of it.

    What describes a message of its type (`properties` or `traits`) and `context` are there even when the sender left them
    out: a schema that requires `properties.total` is broken by a message without any properties.
    """
    own = "traits" if message.type in {"identify", "group"} else "properties"
    body: dict[str, Any] = {}
    for name in ("properties", "traits", "context", "integrations"):
        if fields is None or name in fields:
            value = getattr(message, name)
            if value is not None:
                body[name] = value
            elif name in {own, "context"}:
                body[name] = {}
    if fields is not None and fields <= {"properties", "traits", "context", "integrations"}:
        return body
    ids = {"userId": message.user_id, "anonymousId": message.anonymous_id, "messageId": message.message_id}
    body |= {name: value for name, value in ids.items() if value}
    if message.event:
        body["event" if message.type == "track" else "name"] = message.event
    return {**message.extra, "type": message.type, **body}


def _in_words(error: ValidationError) -> list[Problem]:
    place = _place(error.instance_path)
    kind: Any = error.kind
    match kind.name:
        case "required":
            return [Problem(_joined(place, kind.property), "is missing")]
        case "additionalProperties" | "unevaluatedProperties":
            return [Problem(_joined(place, name), "is not in the plan") for name in kind.unexpected]
        case "falseSchema":
            # `additionalProperties: false` where no property is named; the library does not say which one it met.
            closed = "additionalProperties" in error.schema_path[-1:]
            words = "has properties, and none is in the plan" if closed else "is not allowed"
        case "type":
            types = sorted(kind.types, key=lambda one: (one == "null", one))
            words = f"is {_article(_kind(error.instance))}, not {' or '.join(map(_article, types))}"
        case "enum":
            words = f"is none of {', '.join(map(_shown, kind.options))}"
        case "const":
            words = f"is not {_shown(kind.expected_value)}"
        case "propertyNames":
            words = "has a property with a name that is not allowed"
        case _:
            words = error.message.removeprefix("the value ").partition("\n")[0]
    return [Problem(place, words[:_LONGEST])]


def _place(path: Iterable[str | int]) -> str:
    place = ""
    for part in path:
        place = f"{place}[]" if isinstance(part, int) else _joined(place, part)
    return place[:_LONGEST]


def _joined(place: str, name: str) -> str:
    return (f"{place}.{name}" if place else name)[:_LONGEST]


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "value")


def _article(kind: str) -> str:
    if kind == "null":
        return kind
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"
