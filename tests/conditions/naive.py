"""A second evaluator of conditions: reads the JSON itself, slowly and plainly, and shares no code with the first."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def naive_number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (not value.isascii() or "_" in value or set(value) & set("\n\r\v\f\x1c\x1d\x1e\x1f")):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number) < Decimal(2) ** 1024 else None


def naive_equals(fact: object, value: object) -> bool:
    if isinstance(fact, list | dict):
        return False
    if isinstance(fact, bool) or isinstance(value, bool):
        return json.dumps(fact).strip('"') == json.dumps(value).strip('"')
    if isinstance(fact, str) and isinstance(value, str):
        return fact == value
    return naive_number(fact) is not None and naive_number(fact) == naive_number(value)


def naive_glob(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_glob(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and naive_glob(text[1:], pattern[1:])


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def naive_contains(fact: object, value: object) -> bool:
    if isinstance(fact, list):
        return any(naive_equals(element, part) for element in fact for part in as_list(value))
    return isinstance(fact, str) and any(part in fact for part in as_list(value))


def ordered(fact: object, value: object, signs: set[int]) -> bool:
    number, bound = naive_number(fact), naive_number(value)
    if number is None or bound is None:
        return False
    return (number > bound) - (number < bound) in signs


NAIVE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": naive_equals,
    "differs": lambda fact, value: not naive_equals(fact, value),
    "less_than": lambda fact, value: ordered(fact, value, {-1}),
    "at_most": lambda fact, value: ordered(fact, value, {-1, 0}),
    "greater_than": lambda fact, value: ordered(fact, value, {1}),
    "at_least": lambda fact, value: ordered(fact, value, {0, 1}),
    "contains": naive_contains,
    "omits": lambda fact, value: not naive_contains(fact, value),
    "starts_with": lambda fact, value: isinstance(fact, str) and fact.startswith(value),
    "ends_with": lambda fact, value: isinstance(fact, str) and fact.endswith(value),
    "one_of": lambda fact, value: any(naive_equals(fact, item) for item in value),
    "none_of": lambda fact, value: not any(naive_equals(fact, item) for item in value),
    "matches": lambda fact, value: isinstance(fact, str) and naive_glob(fact, value),
}


def naive_trait(traits: object, name: str) -> object:
    if not isinstance(traits, dict):
        return None
    if name in traits:
        return traits[name]
    head, dot, rest = name.partition(".")
    return naive_trait(traits.get(head), rest) if dot else None


def naive_address(url: str, part: str) -> str | None:
    if part == "url" or not url:
        return url or None
    try:
        address = urlsplit(url)
    except ValueError:
        return None
    if part == "host":
        return address.hostname or None
    if part == "path":
        return unquote(address.path) or ("/" if address.netloc else None)
    wanted = part.removeprefix("query.").casefold()
    return next(
        (value for name, value in parse_qsl(address.query, keep_blank_values=True) if name.casefold() == wanted), None
    )


def naive_fact(leaf: dict[str, Any], facts: dict[str, Any]) -> object:
    match leaf["fact"]:
        case "trait":
            return naive_trait(facts.get("traits"), leaf["name"])
        case "page":
            return naive_address(facts.get("page_url", ""), leaf["name"])
        case "utm":
            return naive_address(facts.get("page_url", ""), f"query.utm_{leaf['name']}") or None
        case "referrer":
            return naive_address(facts.get("referrer", ""), leaf["name"])
        case "device":
            return facts.get({"type": "device"}.get(leaf["name"], leaf["name"])) or None
        case other:
            return facts.get(other) or None


def naive(tree: dict[str, Any], facts: dict[str, Any]) -> bool:
    if not tree:
        return True
    if "all" in tree:
        return all(naive(inner, facts) for inner in tree["all"])
    if "any" in tree:
        return any(naive(inner, facts) for inner in tree["any"])
    if "not" in tree:
        return not naive(tree["not"], facts)
    fact, value = naive_fact(tree, facts), tree.get("value")
    if tree["operator"] in {"exists", "absent"}:
        asked_for_absence = bool(tree["operator"] == "absent")
        return (fact is None) is asked_for_absence
    if fact is None:
        return False
    if tree["fact"] != "trait" and isinstance(fact, str):
        fold = (lambda text: unquote(text).casefold()) if tree.get("name") == "path" else str.casefold
        fact = fact.casefold()
        value = [fold(item) if isinstance(item, str) else item for item in as_list(value)]
        value = value if isinstance(tree["value"], list) else value[0]
    return NAIVE[tree["operator"]](fact, value)
