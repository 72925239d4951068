"""Values of JSON texts in SQL: read, and compared as `comparisons` compares them in memory.

ClickHouse's dialect. A value is handled as its raw JSON text, '' where it is absent. What is made of it, when an operator
asks:

- its text: of a string what it spells, of anything else its raw JSON;
- its nearest floating point number; texts that spell a number have one too. NaN where there is none;
- its number, as an Int128 that orders and equals exactly as the numbers do, whole or floating point (`number_key`), where
  floating point is not enough. `NO_NUMBER` where there is none, smaller than all;
- its moment, in milliseconds since 1970, `NO_MOMENT` where it is none.

Expressions are kept small: the engine plans a query with fifty conditions longer than it runs it.

Constants of a condition are written into the text as literals: they can be ten thousand, and parameters travel in the
address of a request, which servers cut off.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pitcairn.conditions.moments import FIRST_YEAR, LAST_YEAR, moment_of
from pitcairn.conditions.numbers import number_of
from pitcairn.conditions.tree import Operator, Scalar, Span

NO_NUMBER = -(2**125)
NO_MOMENT = -(2**62)
_SHIFT = 2**50
NO_NUMBER_SQL = f"toInt128('{NO_NUMBER}')"
_SHIFT_SQL = f"toInt128({_SHIFT})"
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])$"
)
_MOST_NEEDLES = 255
"""What one search for several texts at once takes."""

_ORDERS = {
    Operator.LESS_THAN: "<",
    Operator.AT_MOST: "<=",
    Operator.GREATER_THAN: ">",
    Operator.AT_LEAST: ">=",
    Operator.BEFORE_DATE: "<",
    Operator.AFTER_DATE: ">",
}
OPPOSITES = {
    Operator.DIFFERS: Operator.EQUALS,
    Operator.NONE_OF: Operator.ONE_OF,
    Operator.OMITS: Operator.CONTAINS,
}
_AS_IT_IS = re.compile(r"[ !#-.0-\[\]-~]*")
"""Texts that JSON spells with the same characters, whoever writes it."""
_NUMERIC_SQL = r"'^[ \\t]*([+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?)[ \\t]*$'"
_ESCAPES = {ord("\\"): "\\\\", ord("'"): "\\'", 0: "\\0", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def literal(text: str) -> str:
    """The text as a string literal of ClickHouse."""
    # Braces and percent signs are spelt as numbers, lest a client takes them for a parameter.
    escaped = text.translate(_ESCAPES).replace("{", "\\x7B").replace("%", "\\x25")
    return f"'{escaped}'"


class Value(Protocol):
    """A value as SQL expressions; see the module for what each gives."""

    @property
    def raw(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def nearest(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def moment(self) -> str: ...


@dataclass(frozen=True, slots=True)
class SpeltValue:
    """A value whose expressions are all given."""

    raw: str
    text: str = "''"
    nearest: str = "nan"
    number: str = NO_NUMBER_SQL
    moment: str = str(NO_MOMENT)


def raw_of(json: str, name: str) -> str:
    """The raw value under a name in a JSON object, found as `facts.path_reader` finds it."""
    parts = name.split(".")
    choices: list[str] = []
    for index in range(len(parts)):
        path = ", ".join(literal(part) for part in [*parts[:index], ".".join(parts[index:])])
        if index < len(parts) - 1:
            choices.append(f"JSONHas({json}, {path})")
        choices.append(f"JSONExtractRaw({json}, {path})")
    return choices[0] if len(choices) == 1 else f"multiIf({', '.join(choices)})"


def is_there(value: Value) -> str:
    return f"{value.raw} NOT IN ('', 'null')"


def text_of(raw: str) -> str:
    return f"if(startsWith({raw}, '\"'), JSONExtractString({raw}), {raw})"


def nearest_of_text(text: str) -> str:
    """The floating point number nearest to what a text spells, which may be infinite; NaN where it spells no number."""
    return f"toFloat64OrDefault(extract({text}, {_NUMERIC_SQL}), nan)"


def finite(nearest: str) -> str:
    return f"if(isInfinite({nearest}), nan, {nearest})"


def number_of_float(number: str) -> str:
    """The number that a floating point expression has."""
    bits = f"reinterpretAsInt64(toFloat64({number}) + 0.)"
    return f"toInt128(if({bits} >= 0, {bits}, bitXor({bits}, 9223372036854775807))) * {_SHIFT_SQL}"


def number_of_text(text: str, nearest: str) -> str:
    """The number that a text spells, whose nearest floating point number is known."""
    plain = f"extract({text}, {_NUMERIC_SQL})"
    # What the floating point number leaves of a whole one. The halves keep 2**63 inside the type.
    rest = (
        f"if(length({plain}) >= 16 AND length({text}) <= 30 AND match({plain}, '^[+-]?[0-9]+$'),"
        f" ifNull(toInt64OrNull({plain}) - toInt64(if(isNaN({nearest}), 0., {nearest} / 2)) * 2, 0), 0)"
    )
    return f"if(isNaN({nearest}), {NO_NUMBER_SQL}, {number_of_float(nearest)} + {rest})"


def moment_of_text(text: str, raw: str) -> str:
    """The moment that a string spells."""
    day = f"toDate32OrZero(substring({text}, 1, 10))"

    def part(start: int) -> str:
        return f"toInt64OrZero(substring({text}, {start}, 2))"

    fraction = f"extract({text}, {literal(r'T[0-9:]{8}[.]([0-9]+)')})"
    fraction_ms = f"toInt64OrZero(substring(rightPad({fraction}, 3, '0'), 1, 3))"
    offset = f"replaceOne(extract({text}, '[+-][0-9]{{2}}:?[0-9]{{2}}$'), ':', '')"
    ahead = (
        f"if(endsWith({text}, 'Z'), 0, (if(startsWith({offset}, '-'), -1, 1)) * "
        f"(toInt64OrZero(substring({offset}, 2, 2)) * 60 + toInt64OrZero(substring({offset}, 4, 2))))"
    )
    year = f"toInt64OrZero(substring({text}, 1, 4))"
    checked = (
        f"startsWith({raw}, '\"') AND match({text}, {literal(_MOMENT)}) "
        f"AND {year} >= {FIRST_YEAR} AND {year} <= {LAST_YEAR} "
        f"AND toString({day}) = substring({text}, 1, 10) AND {part(12)} < 24 AND {part(15)} < 60 AND {part(18)} < 60"
    )
    spelt = (
        f"toInt64(toInt32({day})) * 86400000 + {part(12)} * 3600000 + {part(15)} * 60000 + {part(18)} * 1000 "
        f"+ {fraction_ms} - {ahead} * 60000"
    )
    return f"if({checked}, {spelt}, {NO_MOMENT})"


def value_of_raw(raw: str) -> Value:
    """A value with everything spelt out in place: for the variable of a lambda, which cannot have aliases."""
    text = text_of(raw)
    nearest = finite(nearest_of_text(text))
    return SpeltValue(raw, text, nearest, number_of_text(text, nearest), moment_of_text(text, raw))


def number_key(number: float) -> int:
    """The key under which the number orders among all others: that of the nearest floating point number, and the rest."""
    nearest = float(number) + 0.0
    bits: int = struct.unpack("<q", struct.pack("<d", nearest))[0]
    ordered = bits if bits >= 0 else bits ^ (2**63 - 1)
    rest = number - int(nearest) if isinstance(number, int) else 0
    return ordered * _SHIFT + rest


def number_literal(number: float) -> str:
    return f"toInt128('{number_key(number)}')"


def plain_test(operator: Operator, values: Sequence[Scalar], value: Value) -> str:
    """Whether a value that is there compares so with constants; where it is absent the answer means nothing."""
    positive = OPPOSITES.get(operator)
    if positive is not None:
        return f"NOT {plain_test(positive, values, value)}"
    match operator:
        case Operator.EQUALS | Operator.ONE_OF:
            return equal_to(values, value)
        case Operator.LESS_THAN | Operator.AT_MOST | Operator.GREATER_THAN | Operator.AT_LEAST:
            bound = number_of(values[0])
            assert bound is not None
            if _is_plain(bound):
                return f"{value.nearest} {_ORDERS[operator]} {bound!r}"
            return compared_number(value.number, _ORDERS[operator], number_literal(bound))
        case Operator.CONTAINS:
            return _containing([str(item) for item in values], value)
        case Operator.STARTS_WITH:
            return f"(startsWith({value.raw}, '\"') AND startsWith({value.text}, {literal(str(values[0]))}))"
        case Operator.ENDS_WITH:
            return f"(startsWith({value.raw}, '\"') AND endsWith({value.text}, {literal(str(values[0]))}))"
        case Operator.MATCHES:
            return f"(startsWith({value.raw}, '\"') AND match({value.text}, {literal(_glob(str(values[0])))}))"
        case Operator.BEFORE_DATE | Operator.AFTER_DATE:
            bound = moment_of(values[0])
            assert bound is not None
            return f"({value.moment} != {NO_MOMENT} AND {value.moment} {_ORDERS[operator]} {bound})"
        case _:
            raise AssertionError(f"{operator} has no test of its own")


def moment_test(operator: Operator, span: Span, value: Value, now_ms: int) -> str:
    """Whether the moment in a value is as old as the operator says."""
    moment = value.moment
    match operator:
        case Operator.WITHIN_LAST:
            inside = f"{moment} <= {now_ms} AND {moment} > {now_ms - span.ms}"
        case Operator.BEFORE_LAST:
            inside = f"{moment} <= {now_ms - span.ms}"
        case Operator.WITHIN_NEXT:
            inside = f"{moment} > {now_ms} AND {moment} <= {now_ms + span.ms}"
        case _:
            inside = f"{moment} > {now_ms + span.ms}"
    return f"({moment} != {NO_MOMENT} AND {inside})"


def reference_test(operator: Operator, value: Value, other: Value) -> str:
    """Whether a value compares so with another one. False where one is absent, or the other is a list or an object."""
    there = f"{is_there(value)} AND {is_there(other)} AND substring({other.raw}, 1, 1) NOT IN ('[', '{{')"
    if operator in {Operator.EQUALS, Operator.DIFFERS}:
        equal = _equal(value, other)
        return f"({there} AND {equal if operator is Operator.EQUALS else f'NOT {equal}'})"
    if operator in {Operator.BEFORE_DATE, Operator.AFTER_DATE}:
        known = f"{value.moment} != {NO_MOMENT} AND {other.moment} != {NO_MOMENT}"
        return f"({there} AND {known} AND {value.moment} {_ORDERS[operator]} {other.moment})"
    both = f"{value.number} != {NO_NUMBER_SQL} AND {other.number} != {NO_NUMBER_SQL}"
    return f"({there} AND {both} AND {value.number} {_ORDERS[operator]} {other.number})"


def compared_number(number: str, order: str, bound: str) -> str:
    return f"({number} != {NO_NUMBER_SQL} AND {number} {order} {bound})"


def order_of(operator: Operator) -> str:
    return _ORDERS[operator]


def equal_to(values: Iterable[Scalar], value: Value) -> str:
    """Whether the value equals one of the constants."""
    constants = list(values)
    texts = {item for item in constants if isinstance(item, str)}
    numbers = {item for item in constants if isinstance(item, int | float) and not isinstance(item, bool)}
    booleans = {item for item in constants if isinstance(item, bool)} | {
        text == "true" for text in texts & {"true", "false"}
    }
    spelt = {number for text in texts if (number := number_of(text)) is not None} - numbers
    texts |= {"true" if item else "false" for item in constants if isinstance(item, bool)}
    # Most texts are written in JSON as they are, so that raw values need not be decoded.
    raws = [f'"{text}"' for text in texts if _AS_IT_IS.fullmatch(text)] + [
        "true" if item else "false" for item in booleans
    ]
    texts = {text for text in texts if not _AS_IT_IS.fullmatch(text)}
    choices = []
    if raws:
        choices.append(_among(value.raw, sorted(map(literal, raws))))
    if texts:
        choices.append(f"(startsWith({value.raw}, '\"') AND {_among(value.text, sorted(map(literal, texts)))})")
    if numbers:
        choices.append(_is_number(value, numbers))
    if spelt:
        choices.append(f"(NOT startsWith({value.raw}, '\"') AND {_is_number(value, spelt)})")
    return choices[0] if len(choices) == 1 else f"({' OR '.join(choices)})" if choices else "0"


def _is_number(value: Value, numbers: Iterable[float]) -> str:
    plain = {number for number in numbers if _is_plain(number)}
    exact = set(numbers) - plain
    choices = []
    if plain:
        choices.append(_among(value.nearest, sorted(repr(number) for number in plain)))
        if 0 in plain and len(plain) > 1:
            choices.append(f"{value.nearest} = 0")  # -0., which a list does not find
    if exact:
        choices.append(_among(value.number, sorted(map(number_literal, exact))))
    return choices[0] if len(choices) == 1 else f"({' OR '.join(choices)})"


def _is_plain(number: float) -> bool:
    """Whether floating point is enough to compare with the number: all that is as near to it is the number itself."""
    return abs(number) < 2**53 and (number == 0 or abs(number) > 1e-300)


def _among(expression: str, literals: Sequence[str]) -> str:
    return f"{expression} = {literals[0]}" if len(literals) == 1 else f"{expression} IN ({', '.join(literals)})"


def _equal(value: Value, other: Value) -> str:
    """Whether two values that are there are equal; `other` is a single value. Texts that are numbers equal numbers only."""
    strings = f"startsWith({value.raw}, '\"') AND startsWith({other.raw}, '\"')"
    either = f"match({value.raw}, '^[-0-9]') OR match({other.raw}, '^[-0-9]')"
    same_number = f"{value.number} != {NO_NUMBER_SQL} AND {value.number} = {other.number}"
    return (
        f"multiIf(substring({value.raw}, 1, 1) IN ('[', '{{'), 0, {strings}, {value.text} = {other.text}, "
        f"{either}, {same_number}, {value.text} = {other.text})"
    )


def _containing(parts: Sequence[str], value: Value) -> str:
    needles = ", ".join(map(literal, parts))
    if len(parts) <= _MOST_NEEDLES:
        inside = f"multiSearchAny({value.text}, [{needles}])"
    else:
        inside = f"arrayExists(part -> position({value.text}, part) > 0, [{needles}])"
    element = equal_to(parts, value_of_raw("element"))
    elements = f"arrayExists(element -> {element}, JSONExtractArrayRaw({value.raw}))"
    return f"multiIf(startsWith({value.raw}, '\"'), {inside}, startsWith({value.raw}, '['), {elements}, 0)"


def _glob(pattern: str) -> str:
    """The pattern of `matches` as a regular expression over the whole text; the engine's takes time linear in the text."""
    spelt = "".join(
        {"*": ".*", "?": "."}.get(character) or _quoted(character) for character in re.sub(r"\*+", "*", pattern)
    )
    return f"(?s)^{spelt}$"


def _quoted(character: str) -> str:
    if character == "\0":
        return "\\x00"
    return (
        f"\\{character}" if character.isascii() and not character.isalnum() and character.isprintable() else character
    )
