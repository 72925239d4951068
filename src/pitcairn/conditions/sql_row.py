"""A condition on one event in SQL, for whoever reads events row by row: expressions over the column with its properties.

The rules are those of `sql`, and so of `evaluation`; nothing is shared between leaves, which a goal has few of.
"""

from __future__ import annotations

from pitcairn.conditions.errors import ConditionError
from pitcairn.conditions.sql_events import constant_test
from pitcairn.conditions.sql_values import raw_of, value_of_raw
from pitcairn.conditions.tree import SPANS, All, AnyOf, Condition, Fact, Leaf, Not, Reference


def event_test(condition: Condition, properties: str) -> str:
    """Whether the event fulfils the condition, as a boolean expression; `1` for one that asks nothing.

    Raises ConditionError for what one event cannot answer: see `check_event`.
    """
    check_event(condition)
    return _test(condition, properties)


def event_number(properties: str, name: str) -> str:
    """The number under this name of the properties, 0 where there is none. Texts that spell a number have one."""
    nearest = value_of_raw(raw_of(properties, name)).nearest
    return f"ifNotFinite({nearest}, toFloat64(0))"


def check_event(condition: Condition, path: str = "") -> None:
    """Refuses questions that an event's properties cannot answer. Raises ConditionError with the place of the first."""
    match condition:
        case All(conditions) | AnyOf(conditions):
            for inner in conditions:
                check_event(inner, path)
        case Not(inner):
            check_event(inner, path)
        case Leaf() if condition.fact is not Fact.PROPERTY:
            raise ConditionError(path, f"'{condition.fact}' cannot be asked of the event of a goal; use property")
        case Leaf() if condition.operator in SPANS or isinstance(condition.value, Reference):
            raise ConditionError(path, "a goal compares a property with a fixed value; write the value")
        case Leaf():
            return
        case _:
            raise ConditionError(path, "what else somebody did cannot be asked of the event of a goal")


def _test(condition: Condition, properties: str) -> str:
    match condition:
        case All(conditions):
            return f"({' AND '.join(_test(one, properties) for one in conditions)})" if conditions else "1"
        case AnyOf(conditions):
            return f"({' OR '.join(_test(one, properties) for one in conditions)})"
        case Not(inner):
            return f"(NOT {_test(inner, properties)})"
        case Leaf():
            return constant_test(condition, value_of_raw(raw_of(properties, condition.name)))
        case _:
            raise AssertionError(f"{condition} is not asked of an event")
