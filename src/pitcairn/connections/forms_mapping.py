"""The form of a mapping: one row per rule, added, moved and taken away by buttons that also work without a script."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitcairn.connections.mapping import MAX_RULES, MappingError, compile_mapping

KINDS = (
    ("from", "Copy from"),
    ("template", "Text with values"),
    ("value", "Always"),
    ("remove", "Take out"),
)
"""Kind of a rule and what the form calls it."""

_FIELDS = ("kind", "place", "value", "when")


@dataclass
class RuleRow:
    """A rule as its row shows it, with what is wrong about it by input."""

    kind: str = "from"
    place: str = ""
    value: str = ""
    when: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    focus: bool = False

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> RuleRow:
        when = rule.get("when") or ""
        if "remove" in rule:
            return cls(kind="remove", place=str(rule["remove"]), when=when)
        kind = next((kind for kind, _ in KINDS if kind in rule), "from")
        value = rule.get(kind, "")
        return cls(
            kind=kind, place=str(rule.get("to", "")), value=_shown(value) if kind == "value" else value, when=when
        )

    @property
    def empty(self) -> bool:
        return not (self.place or self.value or self.when)

    def rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {"remove": self.place} if self.kind == "remove" else {"to": self.place}
        if self.kind == "value":
            rule["value"] = _literal(self.value)
        elif self.kind != "remove":
            rule[self.kind] = self.value
        if self.when:
            rule["when"] = self.when
        return rule


class MappingForm:
    """The rows of a mapping, as stored or as posted."""

    def __init__(self, rows: list[RuleRow]) -> None:
        self.rows = rows

    @classmethod
    def stored(cls, rules: Sequence[Mapping[str, Any]]) -> MappingForm:
        return cls([RuleRow.of(rule) for rule in rules])

    @classmethod
    def posted(cls, data: Any) -> MappingForm:
        columns = [[text.strip().replace("\r\n", "\n") for text in data.getlist(name)] for name in _FIELDS]
        known = dict(KINDS)
        rows = [RuleRow(*cells) for cells in zip(*columns, strict=False)][:MAX_RULES]
        for row in rows:
            if row.kind not in known:
                row.kind = "from"
        return cls(rows)

    def do(self, action: str) -> None:
        """`add`, or `remove`, `up` or `down` and the number of a row. What it does not know changes nothing."""
        verb, _, number = action.partition(" ")
        rows = self.rows
        if verb == "add":
            rows.append(RuleRow(focus=True))
            return
        at = int(number) if number.isdecimal() and len(number) < 4 else len(rows)
        if at >= len(rows):
            return
        if verb == "remove":
            del rows[at]
        elif verb == "up" and at:
            rows.insert(at - 1, rows.pop(at))
        elif verb == "down":
            rows.insert(at + 1, rows.pop(at))

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules that are filled in."""
        return [row.rule() for row in self.rows if not row.empty]

    def check(self) -> bool:
        """Looks at each rule by itself and notes beside it what is wrong. True when nothing is."""
        for row in self.rows:
            row.errors = {}
            if row.empty:
                continue
            try:
                compile_mapping([row.rule()])
            except MappingError as error:
                row.errors[_INPUT.get(error.field, "value")] = error.problem
        return not any(row.errors for row in self.rows)


_INPUT = {"to": "place", "remove": "place", "when": "when"}


def _shown(value: Any) -> str:
    """A fixed value as it is typed: a text as it is, unless it would be read as something else; the rest as JSON."""
    if isinstance(value, str) and _literal(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _literal(text: str) -> Any:
    """JSON when it is JSON, else the text itself."""
    try:
        return json.loads(text, parse_constant=lambda _: text)
    except (ValueError, RecursionError):
        return text
