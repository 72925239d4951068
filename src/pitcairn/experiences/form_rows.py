"""The rows of the experience form: segments with their variations and changes, as fields of a form and as what is saved.

A field's name is its path with dashes, `segments-0-variations-0-changes-1-selector`. What was typed is kept, whatever it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pitcairn import conditions
from pitcairn.dashboard.form_paths import items, text
from pitcairn.experiences.changes import CHANGE_TYPES
from pitcairn.experiences.condition_rows import ConditionGroup, ConditionRow, ConditionRows, rows_of
from pitcairn.experiences.content import DEFAULT_VARIATION, SegmentInput
from pitcairn.experiences.form_content import ContentRows, QuestionRow


@dataclass(kw_only=True)
class ChangeRow:
    type: str = "text"
    selector: str = ""
    name: str = ""
    value: str = ""
    position: str = "after"
    remove: bool = False
    more: str = ""
    """What the form only carries along, as JSON: how else the element with `selector` is found."""
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""

    def as_change(self) -> dict[str, Any]:
        """The change as JSON, with the parts its type has."""
        change: dict[str, Any] = {"type": self.type, "selector": self.selector} | self._found()
        if self.type in {"attribute", "style"}:
            change["name"] = self.name
        if self.type in {"insert", "move"}:
            change["position"] = self.position
        if self.type == "attribute":
            change["value"] = None if self.remove else self.value
        elif self.type == "move":
            change["to"] = self.value
        elif self.type != "hide":
            change["value"] = self.value
        return change

    def is_blank(self) -> bool:
        """Nothing was typed: a row that was offered and not taken."""
        return not (self.selector.strip() or self.value.strip() or self.name.strip() or self.type == "hide")

    def _found(self) -> dict[str, Any]:
        """What `more` says, unless another selector was typed since."""
        try:
            more = json.loads(self.more or "{}")
        except ValueError:
            return {}
        if not isinstance(more, dict) or more.get("selector") != self.selector.strip():
            return {}
        return {key: more[key] for key in _CARRIED if key in more}


_CARRIED = ("otherwise", "matches", "look")


@dataclass(kw_only=True)
class VariationRows:
    """`content` is what it says, where the experience is no page change."""

    id: int | None = None
    name: str = DEFAULT_VARIATION
    weight: str = ""
    changes: list[ChangeRow] = field(default_factory=list)
    content: ContentRows = field(default_factory=ContentRows)
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""


@dataclass(kw_only=True)
class SegmentRows:
    """`raw` is the condition as JSON text while it is edited so, and None while it is shown in rows."""

    id: int | None = None
    name: str = ""
    allocation: str = "even"
    who: ConditionRows = field(default_factory=ConditionRows)
    raw: str | None = None
    variations: list[VariationRows] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""


def new_segment() -> SegmentRows:
    return SegmentRows(
        who=ConditionRows(groups=[ConditionGroup(rows=[ConditionRow()])]),
        variations=[new_variation()],
    )


def new_variation() -> VariationRows:
    return VariationRows(changes=[ChangeRow()], content=ContentRows(questions=[QuestionRow()]))


def segment_rows(saved: SegmentInput) -> SegmentRows:
    """The rows that a saved segment fills."""
    rows = SegmentRows(id=saved.id, name=saved.name, allocation=saved.allocation)
    show_condition(rows, saved.condition)
    rows.variations = [
        VariationRows(
            id=one.id,
            name=one.name,
            weight="" if one.weight is None else f"{one.weight:g}",
            changes=[change_row(change) for change in one.changes],
            content=ContentRows.of(one.config),
        )
        for one in saved.variations
    ]
    return rows


def show_condition(segment: SegmentRows, tree: object) -> None:
    try:
        rows = rows_of(tree)
    except conditions.ConditionError:
        rows = None
    if rows is None:
        segment.raw = json.dumps(tree, indent=2, ensure_ascii=False)
    else:
        segment.who = rows


def change_row(change: Mapping[str, Any]) -> ChangeRow:
    removes = change.get("type") == "attribute" and change.get("value") is None
    return ChangeRow(
        type=change.get("type", "text"),
        selector=change.get("selector", ""),
        name=change.get("name", ""),
        value=change.get("to") or change.get("value") or "",
        more=json.dumps({key: change[key] for key in ("selector", *_CARRIED) if key in change}),
        position=change.get("position", "after"),
        remove=removes,
    )


def posted_segment(tree: Mapping[str, Any]) -> SegmentRows:
    groups = [
        ConditionGroup(
            join="any" if text(group, "join") == "any" else "all",
            rows=[
                ConditionRow(
                    subject=text(row, "subject", "trait"),
                    name=text(row, "name"),
                    operator=text(row, "operator", "equals"),
                    value=text(row, "value"),
                )
                for row in items(group, "rows")
            ],
        )
        for group in items(tree, "groups")
    ]
    return SegmentRows(
        id=_number(text(tree, "id")),
        name=text(tree, "name"),
        allocation=text(tree, "allocation", "even"),
        who=ConditionRows(join="any" if text(tree, "join") == "any" else "all", groups=groups),
        raw=text(tree, "raw") if "raw" in tree else None,
        variations=[_posted_variation(one) for one in items(tree, "variations")],
    )


def _posted_variation(tree: Mapping[str, Any]) -> VariationRows:
    return VariationRows(
        id=_number(text(tree, "id")),
        name=text(tree, "name", DEFAULT_VARIATION),
        weight=text(tree, "weight"),
        content=ContentRows.posted(tree),
        changes=[
            ChangeRow(
                type=kind if (kind := text(row, "type")) in CHANGE_TYPES else "text",
                selector=text(row, "selector"),
                name=text(row, "name"),
                value=text(row, "value").replace("\r\n", "\n"),
                more=text(row, "more"),
                position=text(row, "position", "after"),
                remove=text(row, "remove") == "on",
            )
            for row in items(tree, "changes")
        ],
    )


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() else None
