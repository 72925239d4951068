"""One condition tree: parsed from JSON, evaluated in memory, described in words. See docs/conditions.md.

>>> holds = compile_condition(parse({"fact": "trait", "name": "plan", "operator": "equals", "value": "pro"}))
>>> holds(Facts(traits={"plan": "pro"}))
True
"""

from pitcairn.conditions.description import describe
from pitcairn.conditions.evaluation import Predicate, compile_condition
from pitcairn.conditions.facts import Facts
from pitcairn.conditions.parsing import ConditionError, parse, to_json
from pitcairn.conditions.tree import All, AnyOf, Condition, Fact, Leaf, Not, Operator

__all__ = [
    "All",
    "AnyOf",
    "Condition",
    "ConditionError",
    "Fact",
    "Facts",
    "Leaf",
    "Not",
    "Operator",
    "Predicate",
    "compile_condition",
    "describe",
    "parse",
    "to_json",
]
