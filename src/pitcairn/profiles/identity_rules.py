"""The rules of a workspace by which identifiers are recognised: types, limits, priorities and blocked values. Pure.

Source: Segment's identity resolution settings. A type that no rule names (a device id, a type that `context.externalIds`
brings) has the default limit, and its place among the others is alphabetical; so nothing needs to be set up for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

import msgspec

ANONYMOUS_ID = "anonymous_id"
USER_ID = "user_id"
EMAIL = "email"
GROUP_ID = "group_id"
"""Names accounts; never an identifier of a person."""

DEVICE_TYPES = ("android.id", "android.idfa", "android.push_token", "ios.id", "ios.idfa", "ios.push_token")
GA_CLIENT_ID = "ga_client_id"
BUILT_IN_TYPES = (USER_ID, EMAIL, ANONYMOUS_ID, *DEVICE_TYPES, GA_CLIENT_ID)

DEFAULT_LIMIT = 5
DEFAULT_BLOCKED = ("[0-]*", "-1", "null", "anonymous")
"""Regular expressions that must match the whole value, in any case. Blocked values stay in the message."""

MOST_MERGES = 100
"""Profiles that may go into one; further merges are not made, and their messages still find somebody."""

MOST_IDENTIFIERS = 1_000
"""Identifiers that may point to one profile."""

MOST_TYPES = 50
MOST_BLOCKED = 50
BLOCKED_LENGTH = 200
TYPE_LENGTH = 40
KEYS_PER_TYPE = 5

PERIODS = {"ever": 0, "weekly": 7, "monthly": 30, "annually": 365}
"""Days in which a limit counts new values; 0 counts all there are."""

DAY_MS = 24 * 3600 * 1000

_TYPE = re.compile(r"[a-z0-9][a-z0-9_.$-]*")
_ESCAPED_OR_CLASS = re.compile(r"\\.|\[\^?\]?[^\]]*\]")
_REPETITION = re.compile(r"[*+]|\{\d*,\d*\}")
_OPTION = re.compile(r"[?|]")


class IdentityRulesError(Exception):
    """A rule that cannot be: `field` is its place ("blocked.2", "types.phone.limit"), `text` what is wrong and what to do."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


class IdentifierType(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rule of one type. `limit` 0 has it never used as an identifier."""

    name: str
    limit: int = DEFAULT_LIMIT
    period: str = "ever"
    """In which time the limit counts: a key of `PERIODS`."""
    keys: tuple[str, ...] = ()
    """Names of traits and properties that hold such an identifier, in snake_case or camelCase."""


DEFAULT_TYPES = (
    IdentifierType(USER_ID, 1),
    IdentifierType(EMAIL),
    IdentifierType(ANONYMOUS_ID, DEFAULT_LIMIT, "weekly"),
)
"""By the week for anonymous ids: browsers come and go, and the person stays."""


class IdentityRules(msgspec.Struct, frozen=True, dict=True, omit_defaults=True):
    """A workspace's rules. `types` are in the order of their priority, the most important first; the rest are alphabetical
    after them, except that `anonymous_id` takes its alphabetical place when it is not moved."""

    types: tuple[IdentifierType, ...] = DEFAULT_TYPES
    blocked: tuple[str, ...] = DEFAULT_BLOCKED
    most_merges: int = MOST_MERGES
    most_identifiers: int = MOST_IDENTIFIERS

    @cached_property
    def _by_name(self) -> dict[str, IdentifierType]:
        return {rule.name: rule for rule in self.types}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {rule.name: place for place, rule in enumerate(self.types) if rule.name != ANONYMOUS_ID or self._moved}

    @property
    def _moved(self) -> bool:
        """Somebody gave the anonymous id a place: it does not stand last among the types."""
        return self.types[-1].name != ANONYMOUS_ID

    @cached_property
    def keyed(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The types that are read from traits and properties, each with all spellings of its keys."""
        return tuple(
            (rule.name, tuple(dict.fromkeys(spelling for key in rule.keys for spelling in spellings(key))))
            for rule in self.types
            if rule.keys and rule.limit
        )

    @cached_property
    def plain(self) -> bool:
        """Whether a message without device and external ids has its identifiers in order already: the usual case."""
        return not self.keyed and not self.unused and self._in_order

    @cached_property
    def _in_order(self) -> bool:
        return self.rank(USER_ID) < self.rank(EMAIL) < self.rank(ANONYMOUS_ID)

    @cached_property
    def unused(self) -> frozenset[str]:
        return frozenset(rule.name for rule in self.types if rule.limit == 0)

    @cached_property
    def _blocked(self) -> re.Pattern[str] | None:
        return re.compile("|".join(f"(?:{text})" for text in self.blocked), re.IGNORECASE) if self.blocked else None

    def blocks(self, value: str) -> bool:
        return self._blocked is not None and self._blocked.fullmatch(value) is not None

    def rule(self, name: str) -> IdentifierType:
        """The type's rule; the default one when there is none of its own."""
        return self._by_name.get(name) or IdentifierType(name)

    def rank(self, name: str) -> tuple[int, str]:
        """What to sort types by, the most important first."""
        return self._places.get(name, len(self.types)), name

    def counts_since(self, name: str, at: int) -> int:
        """From when on values count against the type's limit, ms since 1970, for a message received at `at`."""
        days = PERIODS[self.rule(name).period]
        return at - days * DAY_MS if days else -1


DEFAULT_RULES = IdentityRules()


def spellings(key: str) -> tuple[str, str]:
    """The key in snake_case and in camelCase."""
    first, *rest = key.split("_")
    return key, first + "".join(part.capitalize() for part in rest)


def is_type(name: str) -> bool:
    """Whether a text can name a type of identifiers: lower case, as Segment requires."""
    return len(name) <= TYPE_LENGTH and _TYPE.fullmatch(name) is not None


def check_rules(rules: IdentityRules) -> None:
    """Raises `IdentityRulesError` at the first rule that cannot be."""
    if len(rules.types) > MOST_TYPES:
        raise IdentityRulesError("types", f"There are {len(rules.types)} types; at most {MOST_TYPES} can have rules.")
    seen: set[str] = set()
    for rule in rules.types:
        _check_type(rule)
        if rule.name in seen:
            raise IdentityRulesError(f"types.{rule.name}", f"The type {rule.name} is there twice. Remove one of them.")
        seen.add(rule.name)
    for name in (USER_ID, EMAIL, ANONYMOUS_ID):
        if name not in seen:
            raise IdentityRulesError(
                "types", f"The type {name} is missing. To have it never used, set its limit to 0 instead."
            )
    if rules.rule(USER_ID).limit < 1:
        raise IdentityRulesError(f"types.{USER_ID}.limit", "user_id cannot have the limit 0: it is who somebody is.")
    check_blocked(rules.blocked)
    for field, number, most in (
        ("most_merges", rules.most_merges, MOST_MERGES),
        ("most_identifiers", rules.most_identifiers, MOST_IDENTIFIERS),
    ):
        if not 1 <= number <= most:
            raise IdentityRulesError(field, f"{number:,} is out of range; write a number from 1 to {most:,}.")


def _check_type(rule: IdentifierType) -> None:
    place = f"types.{rule.name}"
    if not is_type(rule.name):
        raise IdentityRulesError(
            place,
            f"{rule.name!r} cannot name a type. Use lower-case letters, digits, _ . and -, at most {TYPE_LENGTH} of them.",
        )
    if rule.name == GROUP_ID:
        raise IdentityRulesError(place, "group_id names accounts, not people. Remove this type.")
    if not 0 <= rule.limit <= MOST_IDENTIFIERS:
        raise IdentityRulesError(
            f"{place}.limit", f"{rule.limit:,} is out of range; write a number from 0 to {MOST_IDENTIFIERS:,}."
        )
    if rule.period not in PERIODS:
        raise IdentityRulesError(f"{place}.period", f"{rule.period!r} is no period; choose {', '.join(PERIODS)}.")
    if len(rule.keys) > KEYS_PER_TYPE:
        raise IdentityRulesError(
            f"{place}.keys", f"{rule.name} has {len(rule.keys)} keys; at most {KEYS_PER_TYPE} are read."
        )
    if rule.keys and rule.name in BUILT_IN_TYPES:
        raise IdentityRulesError(
            f"{place}.keys", f"{rule.name} has its own place in messages. Make a new type for these keys."
        )


def check_blocked(patterns: Iterable[str]) -> None:
    """Raises `IdentityRulesError` at the first pattern that is none, or could take long.

    Every message's identifiers are compared with them, for all workspaces in one thread: repetition of what repeats is refused.
    """
    patterns = tuple(patterns)
    if len(patterns) > MOST_BLOCKED:
        raise IdentityRulesError(
            "blocked", f"There are {len(patterns)} blocked values; at most {MOST_BLOCKED} are compared."
        )
    for number, text in enumerate(patterns):
        place = f"blocked.{number}"
        if not text:
            raise IdentityRulesError(place, "The value is missing.")
        if len(text) > BLOCKED_LENGTH:
            raise IdentityRulesError(
                place, f"The value has {len(text):,} characters; at most {BLOCKED_LENGTH} are compared."
            )
        bare = _ESCAPED_OR_CLASS.sub("x", text)
        if "(?" in bare or re.search(r"\\[1-9]", text):
            raise IdentityRulesError(
                place,
                f"{text!r} has a group with a question mark or a back-reference, which could take long. Write it without.",
            )
        if re.search(r"\)[*+?{]", bare) or any(_may_take_long(part) for part in _alternatives(bare)):
            raise IdentityRulesError(
                place,
                f"{text!r} repeats a group, repeats more than twice or has more than three options, which could take "
                "long. Write it in two values.",
            )
        try:
            re.compile(text)
        except re.error as error:
            raise IdentityRulesError(
                place, f"{text!r} is no regular expression: {error}. Write \\ before a sign that stands for itself."
            ) from error


def _alternatives(bare: str) -> list[str]:
    return [bare] if "(" in bare else bare.split("|")


def _may_take_long(bare: str) -> bool:
    """Whether the time to find that it does not match grows faster than the square of the value's length, about."""
    return len(_REPETITION.findall(bare)) > 2 or len(_OPTION.findall(bare)) > 3
