"""The SQL behind the numbers, as a person can run it: parameters written as values."""

import re
from datetime import datetime
from typing import Any

import msgspec

from pitcairn.conditions.sql_values import literal
from pitcairn.experiments.asking import Asked

_PARAMETER = re.compile(r"\{(\w+):([\w()]+)\}")


class ShownStatement(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    about: str
    text: str


def statements(asked: Asked) -> list[ShownStatement]:
    """The query of all counts, and that of the sums by account where a goal is asked by account."""
    from pitcairn.eventstore import account_products_statement, results_statement  # noqa: PLC0415 - the engine takes long to import
    from pitcairn.experiments.models import GoalUnit  # noqa: PLC0415

    found = results_statement(asked.query)
    goals = ", ".join(f"{number} is {goal.name}" for number, goal in enumerate(asked.goals, 1)) or "there is none"
    shown = [
        ShownStatement(
            title="Visitors, conversions and sums",
            about=f"Every count on the page is a sum of these rows. Goals by number: {goals}.",
            text=filled(found.text, found.parameters),
        )
    ]
    if any(goal.definition.unit is GoalUnit.ACCOUNT for goal in asked.goals):
        found = account_products_statement(asked.query)
        shown.append(
            ShownStatement(
                title="Sums by account",
                about="What the comparison by account is made of: what accounts have in two parts, multiplied.",
                text=filled(found.text, found.parameters),
            )
        )
    return shown


def filled(text: str, parameters: dict[str, Any]) -> str:
    """The text with its `{name:Type}` as literals."""
    return _PARAMETER.sub(lambda found: _literal(parameters[found[1]], found[2]), text).strip()


def _literal(value: Any, type_: str) -> str:
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, list):
        inner = type_.removeprefix("Array(").removesuffix(")")
        return f"CAST([{', '.join(_literal(one, inner) for one in value)}], '{type_}')"
    if isinstance(value, datetime):
        return literal(value.isoformat())
    return f"to{type_}({value})"
