"""The builder's rows as the JSON of a condition, and a condition as rows.

`json_of` says for every part of the JSON which row it came from, so that an error is shown where it was made. `node_of`
makes rows of a condition; it never loses anything: what rows cannot say becomes a row of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pitcairn import conditions
from pitcairn.conditions import All, AnyOf, Condition, Leaf, Not, to_json
from pitcairn.conditions.tree import (
    LISTS,
    MOMENTS,
    ORDERING,
    PRESENCE,
    SPANS,
    Events,
    Fact,
    Follow,
    Operator,
    Reference,
    Span,
    Users,
)
from pitcairn.dashboard.typed_values import spelt, typed, typed_list
from pitcairn.engage.condition_nodes import (
    AnyRow,
    AudienceNode,
    EventNode,
    FactNode,
    FollowNode,
    GroupNode,
    Node,
    RawNode,
)

Places = dict[str, AnyRow]

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PART = re.compile(r"[.\[]")
_FACT_NODES = {Fact.TRAIT, Fact.ACCOUNT}
_WHERE_FACTS = {Fact.PROPERTY, Fact.CONTEXT}


def json_of(node: Node, path: str = "", places: Places | None = None) -> dict[str, Any]:
    """The JSON that the row stands for; `places` is filled with the row of every path in it.

    Raises ValueError for a row of JSON that is not JSON, after leaving the error with the row.
    """
    places = {} if places is None else places
    places[path] = node
    match node:
        case GroupNode():
            return _group_json(node, path, places)
        case EventNode():
            return _event_json(node, path, places)
        case AudienceNode():
            return {"fact": "audience", "name": node.key, "operator": "equals", "value": node.member == "true"}
        case RawNode():
            return _raw_json(node)
        case FactNode():
            return _fact_json(node)


def measured_json(node: EventNode, places: Places) -> dict[str, Any]:
    """The definition of a computed trait: the events and what is measured, compared with nothing."""
    places[""] = node
    return _measured(node, "", places)


def place_of(path: str, places: Mapping[str, AnyRow]) -> tuple[AnyRow, str] | None:
    """The row that a path of the JSON belongs to, and the name of its field."""
    best = max(
        (start for start in places if not start or path == start or path.startswith((f"{start}.", f"{start}["))),
        key=len,
        default=None,
    )
    if best is None:
        return None
    row = places[best]
    return row, _field_of(row, [part for part in _PART.split(path[len(best) :].replace("]", "")) if part])


def node_of(condition: Condition) -> Node:
    """The rows that say the condition."""
    made = _try_node(condition)
    return made if made is not None else RawNode(json=_pretty(to_json(condition)))


def root_of(condition: Condition) -> GroupNode | None:
    """The rows of a whole condition, in a group; None when they are too many, or nothing but JSON."""
    node = node_of(condition)
    if isinstance(node, RawNode):
        return None
    return node if isinstance(node, GroupNode) and not node.users else GroupNode(nodes=[node])


def measure_of(events: Events) -> EventNode | None:
    """The row of a computed trait's definition; None when a row cannot say it."""
    node = _bare_event(events)
    if node is None:
        return None
    back = conditions.parse_measure(measured_json(node, {}))
    return node if _plain(back) == _plain(events) else None


# Rows to JSON


def _group_json(group: GroupNode, path: str, places: Places) -> dict[str, Any]:
    if group.users:
        return {"users": group.users, "condition": _joined_json(group, _at(path, "condition"), places)}
    return _joined_json(group, path, places)


def _joined_json(group: GroupNode, path: str, places: Places) -> dict[str, Any]:
    places[path] = group
    if group.join == "none":
        path = _at(path, "not")
    key = "all" if group.join == "all" else "any"
    inner = [json_of(node, f"{_at(path, key)}[{index}]", places) for index, node in enumerate(group.nodes)]
    if not inner:
        return {"all": []}
    return {"not": {"any": inner}} if group.join == "none" else {key: inner}


def _event_json(node: EventNode, path: str, places: Places) -> dict[str, Any]:
    made = _measured(node, path, places)
    if node.verb.startswith("not "):
        return made | {"operator": "equals", "value": 0}
    return made | {"operator": node.operator, "value": _typed_for(node.operator, node.value)}


def _measured(node: EventNode, path: str, places: Places) -> dict[str, Any]:
    made: dict[str, Any] = {"event": node.event.strip(), "type": node.verb.removeprefix("not ")}
    made |= _where_json(node, path, places)
    window = {
        "last": {"oldest": _span(node.oldest, node.oldest_unit)},
        "session": {"session": _span(node.oldest, node.oldest_unit)},
        "before": {"newest": _span(node.newest, node.newest_unit)},
        "between": {
            "oldest": _span(node.oldest, node.oldest_unit),
            "newest": _span(node.newest, node.newest_unit),
        },
    }.get(node.window)
    if window:
        made["window"] = window
    if node.then:
        made["then"] = [
            _follow_json(follow, f"{_at(path, 'then')}[{index}]", places) for index, follow in enumerate(node.then)
        ]
    if node.measure != "count" and not node.verb.startswith("not "):
        made |= {"measure": node.measure, "property": node.property.strip()}
    return made


def _follow_json(node: FollowNode, path: str, places: Places) -> dict[str, Any]:
    places[path] = node
    made: dict[str, Any] = {
        "did": not node.verb.startswith("not "),
        "event": node.event.strip(),
        "type": node.verb.removeprefix("not "),
    }
    return made | _where_json(node, path, places) | {"within": _span(node.amount, node.unit)}


def _where_json(node: EventNode | FollowNode, path: str, places: Places) -> dict[str, Any]:
    if not node.where:
        return {}
    key = "any" if node.where_join == "any" else "all"
    inner = []
    for index, row in enumerate(node.where):
        places[f"{_at(path, 'where')}.{key}[{index}]"] = row
        inner.append(_fact_json(row))
    return {"where": {key: inner}}


def _fact_json(row: FactNode) -> dict[str, Any]:
    operator = row.operator.removesuffix("_any")
    made: dict[str, Any] = {"fact": row.subject, "name": row.name.strip(), "operator": operator}
    if operator in PRESENCE:
        return made
    if operator in SPANS:
        return made | {"value": _span(row.amount, row.unit)}
    if row.compared:
        return made | {"value": {row.compared: row.value.strip()}}
    return made | {"value": _typed_for(row.operator, row.value)}


def _typed_for(operator: str, value: str) -> object:
    """What was typed as a value for the operator; None where there is nothing."""
    value = value.strip()
    if operator in LISTS:
        return typed_list(value)
    if operator.endswith("_any"):
        return [item if isinstance(item, str) else spelt(item) for item in typed_list(value)]
    if operator in MOMENTS:
        return f"{value}T00:00:00Z" if _DAY.fullmatch(value) else value
    if operator in ORDERING or operator in {"equals", "differs"}:
        return typed(value) if value else None
    return value


def _raw_json(node: RawNode) -> dict[str, Any]:
    try:
        made = json.loads(node.json or "{}")
    except (ValueError, RecursionError) as error:
        node.errors["json"] = f"This is not JSON: {error}"
        raise ValueError("not JSON") from error
    if not isinstance(made, dict):
        node.errors["json"] = "This is not a condition. Write an object, such as {}"
        raise ValueError("not an object")
    return made


def _span(amount: str, unit: str) -> dict[str, Any]:
    amount = amount.strip()
    return {"amount": int(amount) if _WHOLE.fullmatch(amount) else amount or None, "unit": unit}


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _field_of(row: AnyRow, parts: list[str]) -> str:
    """The field of a row that the rest of a path means."""
    first, last = (parts[0], parts[-1]) if parts else ("", "")
    match row:
        case FactNode() if first == "value" and row.operator in SPANS:
            return "unit" if last == "unit" else "amount"
        case FactNode():
            return {"fact": "subject"}.get(first, first) or "subject"
        case AudienceNode():
            return "key"
        case FollowNode():
            return {"within": "unit" if last == "unit" else "amount", "type": "verb"}.get(first, "event")
        case EventNode() if first == "window":
            side = "newest" if "newest" in parts else "oldest"
            return f"{side}_unit" if last == "unit" else side
        case EventNode():
            known = {"measure", "property", "operator", "value"}
            return first if first in known else {"type": "verb"}.get(first, "event")
        case RawNode():
            return "json"
        case GroupNode():
            return "join"


# Conditions to rows


def _try_node(condition: Condition) -> Node | None:
    match condition:
        case All() | AnyOf() | Not():
            return _group_of(condition)
        case Users(quantifier, inner):
            group = node_of(inner)
            if not isinstance(group, GroupNode) or group.users:
                group = GroupNode(nodes=[group])
            group.users = quantifier
            return group
        case Leaf(fact=Fact.AUDIENCE):
            return AudienceNode(member="true" if condition.value is True else "false", key=condition.name)
        case Leaf(fact=fact) if fact in _FACT_NODES and not isinstance(condition.value, Reference):
            return _same(_fact_of(condition), condition)
        case Events():
            node = _event_of(condition)
            return None if node is None else _same(node, condition)
        case _:
            return None


def _group_of(condition: All | AnyOf | Not) -> GroupNode:
    if isinstance(condition, Not):
        inner = condition.condition
        parts = inner.conditions if isinstance(inner, AnyOf) else (inner,)
        return GroupNode(join="none", nodes=[node_of(part) for part in parts])
    join = "all" if isinstance(condition, All) else "any"
    return GroupNode(join=join, nodes=[node_of(part) for part in condition.conditions])


def _same(node: Node, condition: Condition) -> Node | None:
    """The row when it says exactly the condition. A value that reads otherwise when it is typed does not."""
    try:
        back = conditions.parse(json_of(node))
    except (conditions.ConditionError, ValueError):
        return None
    return node if _plain(back) == _plain(condition) else None


def _fact_of(leaf: Leaf) -> FactNode:
    row = FactNode(subject=leaf.fact.value, name=leaf.name, operator=leaf.operator.value)
    if isinstance(leaf.value, Span):
        row.amount, row.unit = str(leaf.value.amount), leaf.value.unit.value
    elif isinstance(leaf.value, Reference):
        row.compared, row.value = leaf.value.kind, leaf.value.name
    else:
        row.value = spelt(leaf.value)
        if isinstance(leaf.value, tuple) and leaf.operator in {Operator.CONTAINS, Operator.OMITS}:
            row.operator = f"{leaf.operator.value}_any"
    return row


def _event_of(events: Events) -> EventNode | None:
    if isinstance(events.value, Span | Reference):
        return None
    node = _bare_event(events)
    if node is None:
        return None
    if events.measure == "count" and events.operator is Operator.EQUALS and events.value == 0:
        node.verb = f"not {node.verb}"
        return node
    node.operator, node.value = events.operator.value, spelt(events.value)
    return node


def _bare_event(events: Events) -> EventNode | None:
    where = _where_of(events.where)
    follows = [_follow_of(follow) for follow in events.then]
    if where is None or any(follow is None for follow in follows):
        return None
    node = EventNode(verb=events.type, event=events.event, measure=events.measure.value, property=events.property)
    node.where_join, node.where = where
    node.then = [follow for follow in follows if follow is not None]
    window = events.window
    oldest = window.oldest or window.session
    if oldest:
        node.oldest, node.oldest_unit = str(oldest.amount), oldest.unit.value
    if window.newest:
        node.newest, node.newest_unit = str(window.newest.amount), window.newest.unit.value
    node.window = (
        "session" if window.session else "between" if oldest and window.newest else "last" if oldest else ""
    ) or ("before" if window.newest else "")
    return node


def _follow_of(follow: Follow) -> FollowNode | None:
    where = _where_of(follow.where)
    if where is None:
        return None
    node = FollowNode(
        verb=follow.type if follow.did else f"not {follow.type}",
        event=follow.event,
        amount=str(follow.within.amount),
        unit=follow.within.unit.value,
    )
    node.where_join, node.where = where
    return node


def _where_of(condition: Condition) -> tuple[str, list[FactNode]] | None:
    """The rows of a `where` and how they are joined; None when it has brackets or a "not"."""
    parts = condition.conditions if isinstance(condition, All | AnyOf) else (condition,)
    leaves = [part for part in parts if isinstance(part, Leaf) and part.fact in _WHERE_FACTS]
    if len(leaves) < len(parts):
        return None
    return "any" if isinstance(condition, AnyOf) else "all", [_fact_of(leaf) for leaf in leaves]


def _plain(value: Any) -> Any:
    """A condition without brackets around one thing, as it is compared with what its rows say."""
    if isinstance(value, All | AnyOf) and len(value.conditions) == 1:
        return _plain(value.conditions[0])
    if isinstance(value, Events | Follow):
        changes: dict[str, Any] = {"where": _plain(value.where)}
        if isinstance(value, Events):
            changes["then"] = tuple(_plain(follow) for follow in value.then)
        return msgspec.structs.replace(value, **changes)
    return value


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
