"""What an FQL text is once it is read: a tree of these. `position` is where it stands in the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeAlias

from pitcairn.connections.filters.paths import Keys

Comparison: TypeAlias = OneOf["=", "!=", "<", "<=", ">", ">=", "in"]
Constant: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    value: Constant
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    keys: Keys
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Comparison
    left: Expression
    right: Expression
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    inner: Expression
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]
    position: int = field(default=0, compare=False)


Expression: TypeAlias = Literal | Path | ListOf | Call | Compare | Not | And | Or
