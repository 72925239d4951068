"""FQL into a tree. What cannot come out true or false is refused here, with its place, before it filters anything.

expression = all { "or" all }
all        = unary { "and" unary }
unary      = "!" unary | value [ ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) value ]
value      = text | number | "true" | "false" | "null" | "[" [ value { "," value } ] "]"
           | name { "." name } | function "(" value { "," value } ")" | "(" expression ")"
"""

from __future__ import annotations

from pitcairn.connections.filters.fql_error import FQLError
from pitcairn.connections.filters.fql_functions import ANY, BOOL, FUNCTIONS, LIST, NUMBER, Function, type_of
from pitcairn.connections.filters.fql_lexer import Kind, Token, tokenize
from pitcairn.connections.filters.fql_tree import (
    And,
    Call,
    Compare,
    Comparison,
    Expression,
    ListOf,
    Literal,
    Not,
    Or,
    Path,
)
from pitcairn.connections.filters.glob import GlobError, compile_glob
from pitcairn.connections.filters.paths import MAX_KEYS

MAX_DEPTH = 50
"""Brackets, `!` and calls in one another. Nobody reads deeper, and evaluation recurses as deep."""

_COMPARISONS: dict[str, Comparison] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "in": "in"}
_ORDERING = frozenset({"<", "<=", ">", ">="})
_CONSTANTS = {"true": True, "false": False, "null": None}
_NOTHING_ELSE = frozenset({"null"})
_A_TYPE = {"bool": "true or false", "number": "a number", "string": "a text", "list": "a list", "object": "an object"}


def parse(source: str) -> Expression:
    """Reads an FQL text. Raises `FQLError`, which says where it went wrong and what was expected there."""
    return _Parser(source).whole()


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokenize(source)
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        if self._is_end():
            raise self._wrong(
                "The FQL is empty. Write a condition such as event = 'Order Completed'.", self._now.position
            )
        expression = self._expression()
        if not self._is_end():
            raise self._unexpected("and, or, or the end", after=expression)
        self._must_be_bool(expression)
        return expression

    def _expression(self) -> Expression:
        parts = [self._all()]
        while self._is_word("or"):
            position = self._next().position
            parts.append(self._all())
            self._must_be_bool(parts[-2], beside="or")
            self._must_be_bool(parts[-1], beside="or")
            if len(parts) == 2:
                first = position
        return parts[0] if len(parts) == 1 else Or(tuple(parts), first)

    def _all(self) -> Expression:
        parts = [self._unary()]
        while self._is_word("and"):
            position = self._next().position
            parts.append(self._unary())
            self._must_be_bool(parts[-2], beside="and")
            self._must_be_bool(parts[-1], beside="and")
            if len(parts) == 2:
                first = position
        return parts[0] if len(parts) == 1 else And(tuple(parts), first)

    def _unary(self) -> Expression:
        if self._is_sign("!"):
            position = self._next().position
            self._deeper(position)
            inner = self._unary_operand()
            self._depth -= 1
            return Not(inner, position)
        left = self._value()
        operator = self._comparison()
        if operator is None:
            return left
        position = self._next().position
        right = self._value()
        if self._comparison() is not None:
            raise self._wrong(
                f"Expected and, or, or the end; {self._now.words} cannot follow a comparison. "
                "Put one of the two in parentheses.",
                self._now.position,
            )
        self._must_be_comparable(operator, left, right)
        return Compare(operator, left, right, position)

    def _unary_operand(self) -> Expression:
        if self._is_sign("!"):
            return self._unary()
        inner = self._value()
        if self._comparison() is not None:
            raise self._wrong(
                "Expected and, or, or the end; with ! before it, put the comparison in parentheses: !( … ).",
                self._now.position,
            )
        self._must_be_bool(inner, beside="!")
        return inner

    def _value(self) -> Expression:
        token = self._now
        if token.kind in {Kind.TEXT, Kind.NUMBER}:
            self._next()
            return Literal(token.value, token.position)
        if token.kind is Kind.NAME:
            return self._named()
        if self._is_sign("("):
            self._next()
            self._deeper(token.position)
            expression = self._expression()
            self._close(")", token, after=expression)
            return expression
        if self._is_sign("["):
            self._next()
            self._deeper(token.position)
            items = () if self._is_sign("]") else self._values()
            self._close("]", token)
            return ListOf(items, token.position)
        raise self._unexpected("a name, a value or a function")

    def _named(self) -> Expression:
        token = self._next()
        name = str(token.value)
        if token.plain and not self._is_sign("."):
            if name in _CONSTANTS:
                return Literal(_CONSTANTS[name], token.position)
            if name in {"and", "or", "in"}:
                self._at -= 1
                raise self._unexpected("a name, a value or a function")
            if self._is_sign("("):
                return self._call(token)
        keys = [name]
        while self._is_sign("."):
            self._next()
            if self._now.kind is not Kind.NAME:
                raise self._unexpected("a name behind the dot")
            keys.append(str(self._next().value))
        if len(keys) > MAX_KEYS:
            raise self._wrong(f"The path has {len(keys)} names; use at most {MAX_KEYS}.", token.position)
        if self._is_sign("("):
            raise self._wrong(f"There is no function {'.'.join(keys)[:40]}. {_which_functions()}", token.position)
        return Path(tuple(keys), token.position)

    def _call(self, token: Token) -> Expression:
        name = str(token.value)
        function = FUNCTIONS.get(name)
        if function is None:
            raise self._wrong(f"There is no function {name[:40]}. {_which_functions()}", token.position)
        opening = self._next()
        self._deeper(opening.position)
        arguments = () if self._is_sign(")") else self._values()
        wanted = len(function.takes)
        if len(arguments) != wanted and self._is_sign(")"):
            count = "1 value" if wanted == 1 else f"{wanted} values"
            raise self._wrong(f"Expected {count} in {function.usage}; found {len(arguments)}.", token.position)
        self._close(")", opening, more=True)
        self._must_fit(function, arguments)
        if name == "match":
            self._must_be_a_pattern(arguments[1])
        return Call(name, arguments, token.position)

    def _values(self) -> tuple[Expression, ...]:
        items = [self._value()]
        while self._is_sign(","):
            self._next()
            items.append(self._value())
        return tuple(items)

    # What the words are

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _is_end(self) -> bool:
        return self._now.kind is Kind.END

    def _is_sign(self, sign: str) -> bool:
        return self._now.kind is Kind.SIGN and self._now.value == sign

    def _is_word(self, word: str) -> bool:
        return self._now.kind is Kind.NAME and self._now.plain and self._now.value == word

    def _comparison(self) -> Comparison | None:
        token = self._now
        if token.kind is Kind.SIGN or (token.kind is Kind.NAME and token.plain):
            return _COMPARISONS.get(str(token.value))
        return None

    def _close(self, sign: str, opened: Token, *, after: Expression | None = None, more: bool = False) -> None:
        """The bracket that ends what `opened` began; `more` says that a comma could have come as well."""
        if not self._is_sign(sign):
            column = FQLError("", self._source, opened.position).column
            comma = "a comma, or " if more or sign == "]" else ""
            raise self._unexpected(f"{comma}'{sign}' to close the '{opened.value}' of column {column}", after=after)
        self._next()
        self._depth -= 1

    def _deeper(self, position: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(
                f"This is nested deeper than {MAX_DEPTH}. Write it flatter, or as several filters.", position
            )

    # What the types are, as far as the text tells

    def _must_be_bool(self, expression: Expression, *, beside: str = "") -> None:
        found = _types(expression)
        if not found & {BOOL, "null"}:
            where = f"{beside} needs" if beside else "A condition needs"
            raise self._wrong(
                f"{where} something that is true or false; this is {_type_words(found)}. Compare it with something.",
                expression.position,
            )

    def _must_be_comparable(self, operator: Comparison, left: Expression, right: Expression) -> None:
        if operator == "in":
            found = _types(right)
            if not found & {LIST, "null"}:
                raise self._wrong(f"Expected a list behind in; this is {_type_words(found)}.", right.position)
        elif operator in _ORDERING:
            for side in (left, right):
                found = _types(side)
                if not found & {NUMBER, "null"}:
                    raise self._wrong(f"{operator} compares numbers; this is {_type_words(found)}.", side.position)

    def _must_fit(self, function: Function, arguments: tuple[Expression, ...]) -> None:
        for wanted, argument in zip(function.takes, arguments, strict=True):
            found = _types(argument)
            if not found & (wanted | _NOTHING_ELSE):
                raise self._wrong(
                    f"Expected {_type_words(wanted)} here, in {function.usage}; this is {_type_words(found)}.",
                    argument.position,
                )

    def _must_be_a_pattern(self, argument: Expression) -> None:
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            try:
                compile_glob(argument.value)
            except GlobError as error:
                raise self._wrong(f"The pattern cannot be read: {error}.", argument.position) from None

    # Errors

    def _wrong(self, problem: str, position: int) -> FQLError:
        return FQLError(problem, self._source, position)

    def _unexpected(self, expected: str, *, after: Expression | None = None) -> FQLError:
        token = self._now
        hint = ""
        if token.kind is Kind.SIGN and token.value == "=" and self._at and self._tokens[self._at - 1].value == "=":
            hint = " A single = compares."
        elif isinstance(after, Path) and len(after.keys) == 1 and token.kind is Kind.NAME:
            word = after.keys[0].lower()
            if word == "not":
                hint = " Write !( … ) for not."
        elif token.value in {"AND", "And", "OR", "Or", "IN", "In"}:
            hint = " The words and, or and in have small letters."
        return self._wrong(f"Expected {expected}; found {token.words}.{hint}", token.position)


def _types(expression: Expression) -> frozenset[str]:
    """The types it can come out as, as far as the text alone tells."""
    match expression:
        case Literal(value):
            return frozenset({type_of(value)})
        case Path():
            return ANY
        case ListOf():
            return frozenset({LIST})
        case Call(function):
            return frozenset({FUNCTIONS[function].gives})
        case _:
            return frozenset({BOOL})


def _type_words(types: frozenset[str]) -> str:
    return " or ".join(_A_TYPE[name] for name in _A_TYPE if name in types) or "null"


def _which_functions() -> str:
    return f"There are {', '.join(FUNCTIONS)}."
