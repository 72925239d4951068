"""Conditions as rows that people can read and fill in, and back.

A form shows a condition as groups of rows: the rows of a group are joined by AND or OR, and so are the groups. That is
one level of brackets. A condition that does not fit (deeper, or with NOT) is shown as JSON instead; `rows_of` says
which.

Values are typed as text. What looks like a number, or is `true` or `false`, is one; `"150"` in quotation marks is a
text. A length of time is typed as `7 days`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pitcairn import conditions
from pitcairn.conditions import All, AnyOf, Condition, Leaf
from pitcairn.conditions.tree import UTM, Reference, Span, Value
from pitcairn.dashboard.typed_values import spelt, typed, typed_list

Join = Literal["all", "any"]

# What a condition can ask about: the value in the form, the words, and the group it is listed under.
SUBJECTS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Person", (("trait", "Trait"), ("audience", "Member of audience or list"), ("account", "Account trait"))),
    (
        "Page",
        (
            ("page.path", "Page path"),
            ("page.url", "Page URL"),
            ("page.host", "Page host"),
            ("page.query", "Query parameter"),
        ),
    ),
    ("Campaign", tuple((f"utm.{name}", f"UTM {name}") for name in UTM)),
    ("First campaign", tuple((f"first_utm.{name}", f"First UTM {name}") for name in UTM)),
    ("Last campaign", tuple((f"last_utm.{name}", f"Last UTM {name}") for name in UTM)),
    (
        "Referrer",
        (
            ("referrer.host", "Referrer host"),
            ("referrer.url", "Referrer URL"),
            ("first_referrer.host", "First referrer host"),
            ("first_referrer.url", "First referrer URL"),
            ("last_referrer.host", "Last referrer host"),
            ("last_referrer.url", "Last referrer URL"),
        ),
    ),
    (
        "Visit",
        (
            ("device.type", "Device"),
            ("device.browser", "Browser"),
            ("device.os", "Operating system"),
            ("language", "Language"),
            ("visit.returning", "Returning visitor"),
            ("visit.number", "Number of visits"),
            ("visit.pages", "Pages seen"),
            ("visit.first_seen", "First visit"),
            ("time.hour", "Hour of the day"),
            ("time.weekday", "Weekday"),
        ),
    ),
    (
        "Place and company",
        (
            ("country", "Country"),
            ("location.region", "Region"),
            ("location.city", "City"),
            ("location.postal_code", "Postal code"),
            ("location.continent", "Continent"),
            ("location.time_zone", "Time zone"),
            ("company", "Company"),
        ),
    ),
)
# The subjects that need a name of their own, typed beside them.
NAMED_SUBJECTS = ("trait", "audience", "account", "company", "page.query")
_NAMED_FACTS = frozenset({"trait", "audience", "account", "company"})

OPERATORS: tuple[tuple[str, str], ...] = (
    ("equals", "is"),
    ("differs", "is not"),
    ("less_than", "is less than"),
    ("at_most", "is at most"),
    ("greater_than", "is greater than"),
    ("at_least", "is at least"),
    ("contains", "contains"),
    ("omits", "does not contain"),
    ("starts_with", "starts with"),
    ("ends_with", "ends with"),
    ("one_of", "is one of"),
    ("none_of", "is none of"),
    ("matches", "matches"),
    ("exists", "exists"),
    ("absent", "does not exist"),
    ("before_date", "is before the date"),
    ("after_date", "is after the date"),
    ("within_last", "is within the last"),
    ("before_last", "is at least so long ago"),
    ("within_next", "is within the next"),
    ("after_next", "is further ahead than"),
)
_LABELS = {name: f"“{label}”" for name, label in OPERATORS if "_" in name}
_WITHOUT_VALUE = {"exists", "absent"}
_ORDERING = {"less_than", "at_most", "greater_than", "at_least"}
_LISTS = {"one_of", "none_of"}
_SPANS = {"within_last", "before_last", "within_next", "after_next"}
_SPAN = re.compile(r"(\d{1,9}) +(minute|hour|day|week)s?", re.ASCII)
_QUERY = "page.query"


@dataclass(kw_only=True)
class ConditionRow:
    subject: str = "trait"
    name: str = ""
    operator: str = "equals"
    value: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    at: str = ""
    prefix: str = ""


@dataclass(kw_only=True)
class ConditionGroup:
    join: Join = "all"
    rows: list[ConditionRow] = field(default_factory=list)
    at: str = ""
    prefix: str = ""


@dataclass(kw_only=True)
class ConditionRows:
    """Groups of rows, joined by `join`. No rows at all means everyone."""

    join: Join = "all"
    groups: list[ConditionGroup] = field(default_factory=list)


def rows_of(tree: object) -> ConditionRows | None:
    """The rows for a condition; None when it does not fit into them. Raises ConditionError for what is no condition."""
    condition = conditions.parse(tree)
    rows = _groups(condition)
    if rows is None:
        return None
    # Rows may say a condition in another order or with fewer brackets, but must lose no part of it. A value that reads
    # otherwise when it is typed (a text in quotation marks) does.
    try:
        back = conditions.parse(tree_of(rows)[0])
    except conditions.ConditionError:
        return None
    return rows if sorted(map(repr, _leaves(back))) == sorted(map(repr, _leaves(condition))) else None


def tree_of(rows: ConditionRows) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    """The condition the rows stand for, as JSON, and for each leaf's path in it the group and row it came from."""
    groups = [(number, group) for number, group in enumerate(rows.groups) if group.rows]
    if not groups:
        return {"all": []}, {}
    places: dict[str, tuple[int, int]] = {}
    if len(groups) == 1:
        number, group = groups[0]
        return _group_tree(group, number, "", places), places
    parts = [
        _group_tree(group, number, f"{rows.join}[{index}]", places) for index, (number, group) in enumerate(groups)
    ]
    return {rows.join: parts}, places


def place_of(path: str, places: Mapping[str, tuple[int, int]]) -> tuple[int, int, str] | None:
    """Which group, row and part of a row (subject, name, operator, value) a path of the tree means."""
    for start, (group, row) in places.items():
        if path == start or path.startswith((f"{start}.", f"{start}[")) or not start:
            rest = path[len(start) :].lstrip(".")
            part = re.split(r"[.\[]", rest)[0]
            return group, row, {"fact": "subject", "": "subject"}.get(part, part)
    return None


def in_form_words(problem: str) -> str:
    """A problem of a condition with operators and lengths of time named as the form names them."""
    problem = problem.replace('write {"amount": 7, "unit": "days"}', "write it as 7 days")
    return re.sub(r"\b[a-z]+_[a-z]+\b", lambda found: _LABELS.get(found[0], found[0]), problem)


def _groups(condition: Condition) -> ConditionRows | None:
    if any(isinstance(leaf.value, Reference) for leaf in _leaves(condition)):
        return None
    if isinstance(condition, Leaf):
        return ConditionRows(groups=[ConditionGroup(rows=[_row(condition)])])
    if not isinstance(condition, All | AnyOf):
        return None
    join: Join = "all" if isinstance(condition, All) else "any"
    if not condition.conditions:
        return ConditionRows(join=join)
    single = ConditionGroup(join=join)
    groups = []
    for inner in condition.conditions:
        if isinstance(inner, Leaf):
            single.rows.append(_row(inner))
        elif isinstance(inner, All | AnyOf) and inner.conditions:
            if not all(isinstance(leaf, Leaf) for leaf in inner.conditions):
                return None
            groups.append(
                ConditionGroup(
                    join="all" if isinstance(inner, All) else "any",
                    rows=[_row(leaf) for leaf in inner.conditions if isinstance(leaf, Leaf)],
                )
            )
        else:
            return None
    return ConditionRows(join=join, groups=([single] if single.rows else []) + groups)


def _row(leaf: Leaf) -> ConditionRow:
    fact, name = leaf.fact.value, leaf.name
    if fact in _NAMED_FACTS:
        subject = fact
    elif fact == "page" and name.startswith("query."):
        subject, name = _QUERY, name.removeprefix("query.")
    else:
        subject, name = (f"{fact}.{name}" if name else fact), ""
    return ConditionRow(subject=subject, name=name, operator=leaf.operator.value, value=_typed_value(leaf.value))


def _typed_value(value: Value) -> str:
    if isinstance(value, Span):
        return f"{value.amount} {value.unit.removesuffix('s') if value.amount == 1 else value.unit}"
    return spelt(value)


def _group_tree(group: ConditionGroup, number: int, path: str, places: dict[str, tuple[int, int]]) -> dict[str, Any]:
    if len(group.rows) == 1:
        places[path] = (number, 0)
        return _leaf(group.rows[0])
    leaves = []
    for index, row in enumerate(group.rows):
        places[f"{path}.{group.join}[{index}]".lstrip(".")] = (number, index)
        leaves.append(_leaf(row))
    return {group.join: leaves}


def _leaf(row: ConditionRow) -> dict[str, Any]:
    if row.subject in _NAMED_FACTS:
        leaf: dict[str, Any] = {"fact": row.subject, "name": row.name.strip()}
    elif row.subject == _QUERY:
        leaf = {"fact": "page", "name": f"query.{row.name.strip()}"}
    else:
        fact, dot, name = row.subject.partition(".")
        leaf = {"fact": fact, "name": name} if dot else {"fact": fact}
    leaf["operator"] = row.operator
    if row.operator not in _WITHOUT_VALUE:
        leaf["value"] = _value(row)
    return leaf


def _value(row: ConditionRow) -> object:
    text = row.value.strip()
    if row.operator in _LISTS:
        return typed_list(text)
    if row.operator in _SPANS and (span := _SPAN.fullmatch(text)):
        return {"amount": int(span[1]), "unit": f"{span[2]}s"}
    if row.operator in _ORDERING or row.operator in {"equals", "differs"}:
        return typed(text) if text else None
    return text


def _leaves(condition: Condition) -> Sequence[Leaf]:
    match condition:
        case Leaf():
            return [condition]
        case All(inner) | AnyOf(inner):
            return [leaf for one in inner for leaf in _leaves(one)]
        case _:
            return []
