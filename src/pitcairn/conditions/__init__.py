"""One condition tree: parsed from JSON, evaluated in memory, described in words. See docs/conditions.md.

>>> holds = compile_condition(parse({"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}))
>>> holds(Facts(traits={"plan": "pro"}))
True
"""

from pitcairn.conditions.description import describe, describe_measure
from pitcairn.conditions.errors import ConditionError
from pitcairn.conditions.evaluation import Predicate, compile_condition
from pitcairn.conditions.facts import Facts
from pitcairn.conditions.parsing import parse, parse_measure
from pitcairn.conditions.places import check_measure, check_place
from pitcairn.conditions.tree import All, AnyOf, Condition, Events, Fact, Follow, Leaf, Not, Operator, Users
from pitcairn.conditions.writing import measure_to_json, to_json

__all__ = [
    "All",
    "AnyOf",
    "Condition",
    "ConditionError",
    "Events",
    "Fact",
    "Facts",
    "Follow",
    "Leaf",
    "Not",
    "Operator",
    "Predicate",
    "Users",
    "check_measure",
    "check_place",
    "compile_condition",
    "describe",
    "describe_measure",
    "measure_to_json",
    "parse",
    "parse_measure",
    "to_json",
]
