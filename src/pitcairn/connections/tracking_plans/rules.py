"""Rules as they are typed, imported and stored: read and checked. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Validator

COMMON: Final = "common"
"""The type of the rule for every message."""

NAMED: Final = frozenset({"track", "page", "screen"})
"""Types whose rules are about one event or one name each; the others have one rule."""

TYPES: Final = ("track", "identify", "group", "page", "screen", COMMON)

MOST_RULES: Final = 1_000
SCHEMA_BYTES: Final = 64_000
LONGEST_EVENT: Final = 500
DEEPEST: Final = 64
"""Objects and lists within one another in a schema. The compiler goes down them one call each."""

DRAFT_7: Final = "http://json-schema.org/draft-07/schema#"
"""What Segment's plans are written in, and ours. A schema that names another draft is read by that one."""


_PLAIN_LIST: Final = re.compile(r"\[\n[^\[\]{}]*\n *\]")
_LONGEST_LINE: Final = 100


class OnViolation(StrEnum):
    WARN = "warn"
    BLOCK = "block"


class OnUnplanned(StrEnum):
    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"


class PlanError(Exception):
    """A plan that cannot be used. The text says what is wrong, where, and what to do."""

    def __init__(self, text: str, *, field: str = "") -> None:
        super().__init__(text)
        self.field = field


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """`event` is "" for types without one, and for the page or screen calls that have no rule of their own."""

    type: str
    event: str = ""
    schema: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.event

    @property
    def title(self) -> str:
        return title_of(self.type, self.event)

    @property
    def pretty(self) -> str:
        """The schema as text to read and change: short lists of plain values stay on one line."""
        return _PLAIN_LIST.sub(_on_one_line, json.dumps(self.schema, indent=2, ensure_ascii=False))

    def as_json(self) -> dict[str, Any]:
        """The rule as it is stored and exported; an empty event is left out."""
        return {"type": self.type, **({"event": self.event} if self.event else {}), "schema": self.schema}


def _on_one_line(match: re.Match[str]) -> str:
    """Only line breaks between values are touched: those inside of a text are escaped."""
    line = re.sub(r"\n *", " ", match[0]).replace("[ ", "[", 1).removesuffix(" ]") + "]"
    return line if len(line) <= _LONGEST_LINE else match[0]


def title_of(kind: str, event: str) -> str:
    """What a rule, or a message, is called in lists."""
    if event:
        return event
    words = {"identify": "Identify calls", "group": "Group calls", "page": "Page calls", "screen": "Screen calls"}
    return words.get(kind, "Every message" if kind == COMMON else "Track calls without an event")


def read_rules(values: Any) -> list[Rule]:
    """Checks stored or imported rules, in order. Raises `PlanError` for the first that cannot be used."""
    if not isinstance(values, list):
        raise PlanError('The rules are not a list. Write them as [{"type": "track", "event": …, "schema": {…}}].')
    if len(values) > MOST_RULES:
        raise PlanError(
            f"The plan has {len(values):,} rules; at most {MOST_RULES:,} can be checked. Split it by source."
        )
    rules = [_read_rule(value, index) for index, value in enumerate(values)]
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        if rule.key in seen:
            raise PlanError(f"There are two rules for {rule.title!r}. Keep one of them.")
        seen.add(rule.key)
    return rules


def _read_rule(value: Any, index: int) -> Rule:
    if not isinstance(value, Mapping):
        raise PlanError(f"Rule {index + 1} is not an object.")
    return checked_rule(value.get("type"), value.get("event") or "", value.get("schema"))


def checked_rule(kind: Any, event: Any, schema: Any) -> Rule:
    """A rule whose schema compiles. Raises `PlanError` whose `field` is type, event or schema."""
    if kind not in TYPES:
        raise PlanError(f"{kind!r} is not a type that a rule can be about; use {', '.join(TYPES)}.", field="type")
    if not isinstance(event, str) or len(event) > LONGEST_EVENT:
        raise PlanError(f"The event of a rule must be text of at most {LONGEST_EVENT} characters.", field="event")
    if kind == "track" and not event:
        raise PlanError("A rule for Track calls needs the name of its event.", field="event")
    if kind not in NAMED and event:
        raise PlanError(f"A rule for {title_of(kind, '').lower()} has no event; leave {event!r} out.", field="event")
    rule = Rule(type=kind, event=event, schema=_checked_schema(schema, title_of(kind, event)))
    compile_schema(rule)
    return rule


def _checked_schema(schema: Any, title: str) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise PlanError(f"The schema of {title!r} is not a JSON object.", field="schema")
    if _depth(schema) > DEEPEST:
        raise PlanError(f"The schema of {title!r} is nested more than {DEEPEST} deep. Simplify it.", field="schema")
    size = len(json.dumps(schema, ensure_ascii=False).encode(errors="replace"))
    if size > SCHEMA_BYTES:
        raise PlanError(
            f"The schema of {title!r} has {size:,} bytes; at most {SCHEMA_BYTES:,} are taken. Shorten it.",
            field="schema",
        )
    return schema


def _depth(value: Any) -> int:
    """How deep lists and objects are nested, counted only as far as it matters."""
    depth, level = 0, [value]
    while level and depth <= DEEPEST:
        level = [part for one in level for part in _parts(one)]
        depth += 1
    return depth


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [part for part in value.values() if isinstance(part, dict | list)]
    return [part for part in value if isinstance(part, dict | list)] if isinstance(value, list) else []


def compile_schema(rule: Rule) -> Validator:
    """The validator of a rule. Nothing is fetched, and every pattern takes time in proportion to the text.

    Raises `PlanError` for a schema that is none, that refers to something outside of itself, or whose patterns look ahead or
    back.
    """
    # Not at the top: 6 MB of machine code that a workspace without a plan never needs.
    import jsonschema_rs  # noqa: PLC0415

    schema = rule.schema if "$schema" in rule.schema else {"$schema": DRAFT_7, **rule.schema}
    try:
        return jsonschema_rs.validator_for(
            schema, validate_formats=True, mask="the value", offline=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PlanError(f"The schema of {rule.title!r} cannot be used: {_reason(error)}", field="schema") from error


def _reason(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    place = ".".join(map(str, getattr(error, "instance_path", None) or ()))
    if 'is not a "regex"' in text:
        where = f" at {place}" if place else ""
        pattern = text.replace(' is not a "regex"', "")
        return (
            f"{pattern} is not a pattern that can be checked{where}. Patterns with look-ahead, look-behind or "
            "back-references are refused, since a message could keep them busy for ever."
        )
    if "Retrieval is disabled" in text:
        return (
            f"{text.partition(' is not present')[0]} would have to be fetched. Put what it holds under $defs, and refer to "
            "it there."
        )
    return f"at {place}: {text}." if place else f"{text}."
