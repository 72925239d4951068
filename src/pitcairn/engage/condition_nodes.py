"""Conditions as the rows of the builder: what stands in a form, before it is a condition.

A group joins rows, and rows may be groups again: there is no limit to brackets but that of conditions. What rows cannot
say stands in one that holds JSON (`RawNode`), at its place among the others. Every value is the text that was typed.

A row's `prefix` begins the names of its fields (`c-nodes-0-where-1-value`), and names the row to the form's buttons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pitcairn.dashboard.form_paths import items, text

ROOT = "c"
MOST_ROWS = 50
"""Rows of a form. Each has about ten fields, and a request has at most 1,000; longer conditions are edited as JSON."""


@dataclass(kw_only=True)
class _Row:
    prefix: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class FactNode(_Row):
    """One question of a trait, of an account's trait, or inside an event of its property or context.

    `compared` is "" for a value that is typed, "trait" or "parent" for one that is looked up; `amount` and `unit` are
    the value of operators that compare with now.
    """

    kind = "fact"
    subject: str = "trait"
    name: str = ""
    operator: str = "equals"
    compared: str = ""
    value: str = ""
    amount: str = "7"
    unit: str = "days"

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "FactNode":
        return cls(
            subject=text(tree, "subject", "trait"),
            name=text(tree, "name"),
            operator=text(tree, "operator", "equals"),
            compared=text(tree, "compared"),
            value=text(tree, "value"),
            amount=text(tree, "amount", "7"),
            unit=text(tree, "unit", "days"),
        )


@dataclass(kw_only=True)
class AudienceNode(_Row):
    kind = "audience"
    member: str = "true"
    key: str = ""

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "AudienceNode":
        return cls(member=text(tree, "member", "true"), key=text(tree, "key"))


@dataclass(kw_only=True)
class FollowNode(_Row):
    """What came after the event, or did not. `verb` is a key of `VERBS`."""

    kind = "follow"
    verb: str = "track"
    event: str = ""
    amount: str = "1"
    unit: str = "days"
    where_join: str = "all"
    where: list[FactNode] = field(default_factory=list)

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "FollowNode":
        return cls(
            verb=text(tree, "verb", "track"),
            event=text(tree, "event"),
            amount=text(tree, "amount", "1"),
            unit=text(tree, "unit", "days"),
            where_join=text(tree, "where_join", "all"),
            where=[FactNode.posted(row) for row in items(tree, "where")],
        )


@dataclass(kw_only=True)
class EventNode(_Row):
    """What somebody did. `window` is "", "last" (`oldest`), "before" (`newest`), "between" (both) or "session" (`oldest`)."""

    kind = "event"
    verb: str = "track"
    event: str = ""
    measure: str = "count"
    property: str = ""
    operator: str = "at_least"
    value: str = "1"
    window: str = ""
    oldest: str = "30"
    oldest_unit: str = "days"
    newest: str = "7"
    newest_unit: str = "days"
    where_join: str = "all"
    where: list[FactNode] = field(default_factory=list)
    then: list[FollowNode] = field(default_factory=list)

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "EventNode":
        return cls(
            verb=text(tree, "verb", "track"),
            event=text(tree, "event"),
            measure=text(tree, "measure", "count"),
            property=text(tree, "property"),
            operator=text(tree, "operator", "at_least"),
            value=text(tree, "value", "1"),
            window=text(tree, "window"),
            oldest=text(tree, "oldest", "30"),
            oldest_unit=text(tree, "oldest_unit", "days"),
            newest=text(tree, "newest", "7"),
            newest_unit=text(tree, "newest_unit", "days"),
            where_join=text(tree, "where_join", "all"),
            where=[FactNode.posted(row) for row in items(tree, "where")],
            then=[FollowNode.posted(row) for row in items(tree, "then")],
        )


@dataclass(kw_only=True)
class RawNode(_Row):
    """A part that rows cannot say, as JSON."""

    kind = "raw"
    json: str = "{}"

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "RawNode":
        return cls(json=text(tree, "json", "{}").replace("\r\n", "\n"))


@dataclass(kw_only=True)
class GroupNode(_Row):
    """Rows joined by `join`: all, any or none of them. With `users` (any, all, none) they are about an account's users."""

    kind = "group"
    join: str = "all"
    users: str = ""
    nodes: list["Node"] = field(default_factory=list)

    @classmethod
    def posted(cls, tree: Mapping[str, Any]) -> "GroupNode":
        return cls(
            join=text(tree, "join", "all"),
            users=text(tree, "users"),
            nodes=[_posted(row) for row in items(tree, "nodes")],
        )


Node: TypeAlias = FactNode | AudienceNode | EventNode | RawNode | GroupNode
AnyRow: TypeAlias = Node | FollowNode

_KINDS: dict[str, Any] = {one.kind: one for one in (FactNode, AudienceNode, EventNode, RawNode, GroupNode)}


def _posted(tree: Mapping[str, Any]) -> Node:
    made: Node = _KINDS.get(text(tree, "kind"), FactNode).posted(tree)
    return made


def number(row: AnyRow, prefix: str = ROOT) -> None:
    """Gives the row, and everything in it, its place."""
    row.prefix = prefix
    if isinstance(row, GroupNode):
        for index, inner in enumerate(row.nodes):
            number(inner, f"{prefix}-nodes-{index}")
    if isinstance(row, EventNode | FollowNode):
        for index, where in enumerate(row.where):
            number(where, f"{prefix}-where-{index}")
    if isinstance(row, EventNode):
        for index, follow in enumerate(row.then):
            number(follow, f"{prefix}-then-{index}")


def walk(row: AnyRow) -> Iterator[AnyRow]:
    """The row and everything in it, in the order in which the form shows them."""
    yield row
    if isinstance(row, GroupNode):
        for inner in row.nodes:
            yield from walk(inner)
    if isinstance(row, EventNode | FollowNode):
        yield from row.where
    if isinstance(row, EventNode):
        for follow in row.then:
            yield from walk(follow)


def container(root: AnyRow, row: AnyRow) -> tuple[list[Any], int] | None:
    """The list that holds the row, and where in it; None for the root."""
    for outer in walk(root):
        for inner in (getattr(outer, name, None) for name in ("nodes", "where", "then")):
            for index, one in enumerate(inner or ()):
                if one is row:
                    return inner, index  # type: ignore[return-value]
    return None
