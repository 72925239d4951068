"""The rows of the experience form: segments with their changes, as fields of a form and as what is saved.

A field's name is its path with dashes, `segments-0-changes-1-selector`. What was typed is kept, whatever it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pitcairn import conditions
from pitcairn.dashboard.form_paths import items, text
from pitcairn.experiences.changes import CHANGE_TYPES
from pitcairn.experiences.condition_rows import ConditionGroup, ConditionRow, ConditionRows, rows_of


@dataclass(kw_only=True)
class ChangeRow:
    type: str = "text"
    selector: str = ""
    name: str = ""
    value: str = ""
    position: str = "after"
    remove: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""

    def as_change(self) -> dict[str, Any]:
        """The change as JSON, with the parts its type has."""
        change: dict[str, Any] = {"type": self.type, "selector": self.selector}
        if self.type in {"attribute", "style"}:
            change["name"] = self.name
        if self.type == "insert":
            change["position"] = self.position
        if self.type == "attribute":
            change["value"] = None if self.remove else self.value
        elif self.type != "hide":
            change["value"] = self.value
        return change


@dataclass(kw_only=True)
class SegmentRows:
    """`raw` is the condition as JSON text while it is edited so, and None while it is shown in rows."""

    id: int | None = None
    name: str = ""
    variation: str = "Personalized"
    who: ConditionRows = field(default_factory=ConditionRows)
    raw: str | None = None
    changes: list[ChangeRow] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""


def new_segment() -> SegmentRows:
    return SegmentRows(
        who=ConditionRows(groups=[ConditionGroup(rows=[ConditionRow()])]),
        changes=[ChangeRow()],
    )


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
        value=change.get("value") or "",
        position=change.get("position", "after"),
        remove=removes,
    )


def posted_segment(tree: Mapping[str, Any]) -> SegmentRows:
    segment_id = text(tree, "id")
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
        id=int(segment_id) if segment_id.isascii() and segment_id.isdigit() else None,
        name=text(tree, "name"),
        variation=text(tree, "variation", "Personalized"),
        who=ConditionRows(join="any" if text(tree, "join") == "any" else "all", groups=groups),
        raw=text(tree, "raw") if "raw" in tree else None,
        changes=[
            ChangeRow(
                type=kind if (kind := text(row, "type")) in CHANGE_TYPES else "text",
                selector=text(row, "selector"),
                name=text(row, "name"),
                value=text(row, "value").replace("\r\n", "\n"),
                position=text(row, "position", "after"),
                remove=text(row, "remove") == "on",
            )
            for row in items(tree, "changes")
        ],
    )
