"""The part of a form in which a condition is made, and what its buttons do.

Every button is a plain submit with an action such as `event-add c-nodes-1`, after which the form is shown again, so the
builder works without script; htmx only swaps the part instead of the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pitcairn import conditions
from pitcairn.engage.condition_json import Places, json_of, place_of, root_of
from pitcairn.engage.condition_nodes import (
    MOST_ROWS,
    ROOT,
    AnyRow,
    AudienceNode,
    EventNode,
    FactNode,
    FollowNode,
    GroupNode,
    container,
    number,
    walk,
)
from pitcairn.engage.condition_words import in_form_words

_MADE: dict[str, Any] = {
    "event": EventNode,
    "trait": FactNode,
    "account": lambda: FactNode(subject="account"),
    "audience": AudienceNode,
    "group": lambda: GroupNode(nodes=[]),
    "users": lambda: GroupNode(users="any", nodes=[EventNode()]),
}
_FIRST = {"fact": "name", "audience": "key", "event": "event", "follow": "event", "group": "join", "raw": "json"}
"""The field of a new row that is filled in first."""


class ConditionForm:
    """Rows in a group (`root`), or the whole condition as JSON text (`raw`). `focus` is the id of what to go to next."""

    def __init__(self, root: GroupNode, raw: str | None = None) -> None:
        self.root = root
        self.raw = raw
        self.error = ""
        self.focus = ""
        number(root)

    @classmethod
    def of(cls, value: object) -> ConditionForm:
        """The form filled with a condition's JSON."""
        try:
            root = root_of(conditions.parse(value))
        except conditions.ConditionError:
            root = None
        if root is None or sum(1 for _ in walk(root)) > MOST_ROWS:
            return cls(GroupNode(), json.dumps(value, indent=2, ensure_ascii=False))
        return cls(root)

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> ConditionForm:
        """The form as it was sent; `tree` is what `form_paths.nested` makes of its fields."""
        raw = tree.get("raw")
        root = tree.get(ROOT)
        return cls(
            GroupNode.posted(root if isinstance(root, Mapping) else {}),
            raw.replace("\r\n", "\n") if isinstance(raw, str) else None,
        )

    def json(self) -> dict[str, Any] | None:
        """The condition's JSON; None when it cannot be had, after leaving the reason at its place."""
        try:
            if self.raw is None:
                return json_of(self.root)
            made = json.loads(self.raw or "{}")
        except (ValueError, RecursionError) as error:
            if self.raw is not None:
                self._raw_error(f"This is not JSON: {error}")
            else:
                broken = next(row for row in walk(self.root) if row.errors)
                self.focus = self.focus or f"{broken.prefix}-json"
            return None
        if not isinstance(made, dict):
            self._raw_error("This is not a condition. Write an object, such as {}")
            return None
        return made

    def show(self, path: str, problem: str) -> str:
        """Puts a problem beside the row it is about; gives the id of the field."""
        places: Places = {}
        if self.raw is None:
            json_of(self.root, places=places)
        found = place_of(path, places)
        if found is None:
            where = f"{path}: " if path and self.raw is not None else ""
            return self._raw_error(where + problem)
        row, cell = found
        row.errors.setdefault(cell, in_form_words(problem))
        self.focus = self.focus or f"{row.prefix}-{cell}"
        return f"{row.prefix}-{cell}"

    def first_problem(self) -> tuple[str, str]:
        """The first problem that was left at a row, and the id of its field."""
        if self.error:
            return self.error, "raw"
        for row in walk(self.root):
            for cell, problem in row.errors.items():
                return problem, f"{row.prefix}-{cell}"
        return "", ""

    def act(self, action: str) -> None:
        """Carries out the action of a button. One that is not known, or names a row that is gone, does nothing."""
        word, _, prefix = action.partition(" ")
        if word == "show-raw" and self.raw is None:
            made = self.json()
            if made is not None:
                self.raw = json.dumps(made, indent=2, ensure_ascii=False)
                self.focus = "raw"
        elif word == "show-rows" and self.raw is not None:
            self._show_rows()
        else:
            row = next((one for one in walk(self.root) if one.prefix == prefix), None)
            if row is not None:
                self._act_on(row, word)
                number(self.root)

    def _show_rows(self) -> None:
        made = self.json()
        if made is None:
            return
        try:
            root = root_of(conditions.parse(made))
        except conditions.ConditionError as error:
            self._raw_error(str(error))
            return
        if root is None:
            self._raw_error("Rows have no words for this. It can only be edited as JSON")
        elif sum(1 for _ in walk(root)) > MOST_ROWS:
            self._raw_error(f"This has more than {MOST_ROWS} parts, which is too long for rows. Edit it as JSON")
        else:
            self.root, self.raw = root, None
            number(root)
            self.focus = f"{ROOT}-join"

    def _act_on(self, row: AnyRow, word: str) -> None:
        kind, _, verb = word.rpartition("-")
        if verb == "add":
            made = self._added(row, kind)
            if made is not None:
                number(self.root)
                self.focus = f"{made.prefix}-{_FIRST[made.kind]}"
        elif word == "remove":
            found = container(self.root, row)
            if found is not None:
                rows, index = found
                del rows[index]
                number(self.root)
                self._focus_beside(rows, index, row.prefix)

    def _added(self, row: AnyRow, kind: str) -> Any:
        if sum(1 for _ in walk(self.root)) >= MOST_ROWS:
            row.errors["join"] = f"Rows go up to {MOST_ROWS}. Edit the condition as JSON to add more"
            return None
        if kind == "where" and isinstance(row, EventNode | FollowNode):
            row.where.append(FactNode(subject="property"))
            return row.where[-1]
        if kind == "then" and isinstance(row, EventNode):
            row.then.append(FollowNode())
            return row.then[-1]
        if kind in _MADE and isinstance(row, GroupNode):
            row.nodes.append(_MADE[kind]())
            return row.nodes[-1]
        return None

    def _focus_beside(self, rows: list[Any], index: int, removed: str) -> None:
        """After a row is gone: the row that took its place, or the one before, or the first button of its group."""
        if rows:
            row = rows[min(index, len(rows) - 1)]
            self.focus = f"{row.prefix}-{_FIRST[row.kind]}"
            return
        outer, kind, _ = removed.rsplit("-", 2)
        self.focus = f"{outer}-add" if kind == "nodes" else f"{outer}-{kind}-add"

    def _raw_error(self, text: str) -> str:
        self.error = text
        self.focus = self.focus or "raw"
        return "raw"
