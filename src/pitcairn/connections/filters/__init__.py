"""Filters: which messages a destination gets, and what of them. Pure functions of messages as Segment spells them.

`parse` and `compile_expression` are FQL, the language of conditions (`docs/fql.md`); `compile_filters` makes the filters of a
destination into one function.
"""

from pitcairn.connections.filters.actions import ActionError, parse_action
from pitcairn.connections.filters.fql_error import FQLError
from pitcairn.connections.filters.fql_evaluation import compile_expression
from pitcairn.connections.filters.fql_lexer import MAX_BYTES
from pitcairn.connections.filters.fql_parser import parse
from pitcairn.connections.filters.fql_tree import Expression
from pitcairn.connections.filters.rules import (
    ALL,
    FILTERED_BY_RULES,
    FilterRule,
    Filters,
    compile_condition,
    compile_filters,
)

__all__ = [
    "ALL",
    "FILTERED_BY_RULES",
    "MAX_BYTES",
    "ActionError",
    "Expression",
    "FQLError",
    "FilterRule",
    "Filters",
    "compile_condition",
    "compile_expression",
    "compile_filters",
    "parse",
    "parse_action",
]
