"""The stages of a question's SQL: which columns each computes, under which aliases.

A question about many people is one query of a few nested selects. While a condition is compiled, every expression goes into
the stage where it can be computed first, and gets an alias there; the same expression twice is one column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pitcairn.conditions import sql_values
from pitcairn.conditions.sql_values import Value

_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_NAME = re.compile(r"[a-z_][a-zA-Z_0-9]*")


class Stage:
    """The computed columns of one stage. Later expressions may use the aliases of earlier ones.

    The engine puts an expression in the place of every mention of its alias, and again in there, which grows without bounds.
    What mentions an alias therefore comes one select further out: there the alias is a column.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._aliases: dict[str, str] = {}
        self._depths: dict[str, int] = {}
        self._given: dict[str, None] = {}

    def add(self, expression: str) -> str:
        """The alias of the expression."""
        if expression in self._depths:
            return expression
        alias = self._aliases.get(expression)
        if alias is None:
            alias = self._aliases[expression] = f"{self._prefix}{len(self._aliases)}"
            mentioned = (self._depths[name] for name in names_in(expression) if name in self._depths)
            self._depths[alias] = 1 + max(mentioned, default=-1)
        return alias

    def give(self, expression: str) -> str:
        """The same for an expression that the next stage sees."""
        alias = self.add(expression)
        self._given[alias] = None
        return alias

    @property
    def given(self) -> list[str]:
        return list(self._given)

    @property
    def aliases(self) -> list[str]:
        return list(self._depths)

    def columns(self) -> str:
        """The expressions with their aliases, each after a comma: for a stage in which none mentions another."""
        return "".join(f",\n  {expression} AS {alias}" for expression, alias in self._aliases.items())

    def over(self, source: str, columns: Sequence[str], wanted: str) -> str:
        """The select, in brackets, that has those columns of the source and of this stage which `wanted` mentions."""
        needed = names_in(wanted)
        levels = []
        for depth in range(max(self._depths.values(), default=0), -1, -1):
            earlier = [*columns, *(alias for alias in self._depths if self._depths[alias] < depth)]
            passed = [column for column in earlier if column in needed]
            made = [
                (expression, alias)
                for expression, alias in self._aliases.items()
                if self._depths[alias] == depth and alias in needed
            ]
            levels.append(",\n  ".join([*passed, *(f"{expression} AS {alias}" for expression, alias in made)]) or "1")
            needed = {*passed}.union(*(names_in(expression) for expression, _ in made))
        for depth, level in enumerate(reversed(levels)):
            source = f"(SELECT {level}\nFROM {source} AS {self._prefix}_{depth})"
        return source

    def __bool__(self) -> bool:
        return bool(self._aliases)


def names_in(expression: str) -> set[str]:
    """The names that an expression mentions, of columns or functions."""
    return set(_NAME.findall(_TEXT.sub("", expression)))


class StageValue:
    """A value in a stage: what is asked of it becomes a column there."""

    def __init__(self, stage: Stage, raw: str) -> None:
        self._stage = stage
        self.raw = stage.add(raw)

    @property
    def text(self) -> str:
        return self._stage.add(sql_values.text_of(self.raw))

    @property
    def nearest(self) -> str:
        return self._stage.add(sql_values.finite(self._stage.add(sql_values.nearest_of_text(self.text))))

    @property
    def number(self) -> str:
        return self._stage.add(sql_values.number_of_text(self.text, self.nearest))

    @property
    def moment(self) -> str:
        return self._stage.add(sql_values.moment_of_text(self.text, self.raw))


class Parcel:
    """The elements of a tuple that carries columns of a stage into a lambda over an array of such tuples."""

    def __init__(self, *columns: str) -> None:
        self._columns = list(columns)

    def element(self, variable: str, column: str) -> str:
        """The column, taken from the lambda's variable."""
        if column not in self._columns:
            self._columns.append(column)
        return f"{variable}.{self._columns.index(column) + 1}"

    def packed(self) -> str:
        return f"tuple({', '.join(self._columns)})"


class ParcelValue:
    """A value of a stage, read inside a lambda."""

    def __init__(self, parcel: Parcel, variable: str, value: Value) -> None:
        self._parcel, self._variable, self._value = parcel, variable, value

    @property
    def raw(self) -> str:
        return self._parcel.element(self._variable, self._value.raw)

    @property
    def text(self) -> str:
        return self._parcel.element(self._variable, self._value.text)

    @property
    def nearest(self) -> str:
        return self._parcel.element(self._variable, self._value.nearest)

    @property
    def number(self) -> str:
        return self._parcel.element(self._variable, self._value.number)

    @property
    def moment(self) -> str:
        return self._parcel.element(self._variable, self._value.moment)


class Names(dict[tuple[str, str], int | None]):
    """Which events are read: type and name ("" is every name), and after which moment (ms; None: from the first on)."""

    def read(self, kind: str, event: str, after: int | None) -> None:
        known = self.get((kind, event), after)
        self[kind, event] = None if known is None or after is None else min(known, after)

    def condition(self) -> str:
        """Which rows are read. Names that are read alike stand in one list: the engine plans it as one test."""
        alike: dict[tuple[str, int | None], list[str]] = {}
        for (kind, event), after in sorted(self.items(), key=lambda item: item[0]):
            alike.setdefault((kind, after), []).append(event)
        choices = []
        for (kind, after), events in alike.items():
            parts = [f"type = {sql_values.literal(kind)}"]
            if "" not in events:
                parts.append(f"event IN ({', '.join(map(sql_values.literal, events))})")
            if after is not None:
                parts.append(f"timestamp > fromUnixTimestamp64Milli(toInt64({after}), 'UTC')")
            choices.append(f"({' AND '.join(parts)})")
        return f"({' OR '.join(choices)})" if choices else "0"
