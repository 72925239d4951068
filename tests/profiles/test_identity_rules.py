"""The rules of a workspace: what can be one, what is refused and why."""

from __future__ import annotations

import re

import pytest

from pitcairn.profiles.identity_rules import (
    ANONYMOUS_ID,
    DEFAULT_RULES,
    DEFAULT_TYPES,
    EMAIL,
    USER_ID,
    IdentifierType,
    IdentityRules,
    IdentityRulesError,
    check_blocked,
    check_rules,
    spellings,
)


def with_type(rule: IdentifierType) -> IdentityRules:
    return IdentityRules(types=(*DEFAULT_TYPES[:2], rule, DEFAULT_TYPES[2]))


def refusal(rules: IdentityRules) -> tuple[str, str]:
    with pytest.raises(IdentityRulesError) as caught:
        check_rules(rules)
    return caught.value.field, caught.value.text


def test_the_defaults_are_segments() -> None:
    check_rules(DEFAULT_RULES)
    limits = {name: DEFAULT_RULES.rule(name).limit for name in (USER_ID, EMAIL, ANONYMOUS_ID, "ios.id", "phone")}
    assert limits == {USER_ID: 1, EMAIL: 5, ANONYMOUS_ID: 5, "ios.id": 5, "phone": 5}
    names = ["phone", ANONYMOUS_ID, "ios.id", EMAIL, "android.id", USER_ID]
    assert sorted(names, key=DEFAULT_RULES.rank) == [USER_ID, EMAIL, "android.id", ANONYMOUS_ID, "ios.id", "phone"]


def test_types_with_rules_come_in_their_order_and_before_the_others() -> None:
    rules = with_type(IdentifierType("phone"))
    assert sorted([EMAIL, "crm", "phone", USER_ID], key=rules.rank) == [USER_ID, EMAIL, "phone", "crm"]


@pytest.mark.parametrize(
    ("rule", "field", "text"),
    [
        (IdentifierType("Phone"), "types.Phone", "'Phone' cannot name a type"),
        (IdentifierType("x" * 41), f"types.{'x' * 41}", "cannot name a type"),
        (IdentifierType("group_id"), "types.group_id", "names accounts, not people"),
        (IdentifierType("phone", -1), "types.phone.limit", "-1 is out of range"),
        (IdentifierType("phone", 1001), "types.phone.limit", "1,001 is out of range"),
        (IdentifierType("phone", 1, "daily"), "types.phone.period", "'daily' is no period"),
        (IdentifierType("phone", keys=tuple("abcdef")), "types.phone.keys", "6 keys; at most 5"),
        (IdentifierType("ios.id", keys=("id",)), "types.ios.id.keys", "has its own place"),
        (IdentifierType("email"), "types.email", "is there twice"),
    ],
    ids=lambda value: value.name[:10] if isinstance(value, IdentifierType) else "",
)
def test_a_type_that_cannot_be_is_refused_at_its_place(rule: IdentifierType, field: str, text: str) -> None:
    found = refusal(with_type(rule))
    assert found[0] == field
    assert text in found[1]


def test_what_must_be_there() -> None:
    assert refusal(IdentityRules(types=DEFAULT_TYPES[:2]))[1].startswith("The type anonymous_id is missing.")
    without = (IdentifierType(USER_ID, 0), *DEFAULT_TYPES[1:])
    assert refusal(IdentityRules(types=without))[0] == "types.user_id.limit"
    assert refusal(IdentityRules(most_merges=101))[0] == "most_merges"
    assert refusal(IdentityRules(most_identifiers=0))[0] == "most_identifiers"


@pytest.mark.parametrize("pattern", ["test-.*", r"\d{4}-\d+", "[()]+x", r"a\)+b", "x|y*|z+", "no.reply@example\\.com"])
def test_patterns_that_end_soon_are_taken(pattern: str) -> None:
    check_blocked([pattern])


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(ab)*",
        "a?" * 4,
        "(a|a)" * 4,
        "(a*|b)(a*|b)(a*|b)",
        "a{0,9}b{1,9}c{2,9}",
        ".*.*.*",
        "(?=a)",
        "(?:a)",
        r"(a)\1",
        "(a){3}",
        "[",
        "*",
        "",
        "x" * 201,
    ],
)
def test_patterns_that_might_not_are_refused(pattern: str) -> None:
    with pytest.raises(IdentityRulesError) as caught:
        check_blocked(["null", pattern])
    assert caught.value.field == "blocked.1"
    assert re.search(r"[.]$", caught.value.text)


def test_blocked_values_are_whole_values_in_any_case() -> None:
    blocked = [
        value
        for value in ("", "0", "0-0", "-1", "NULL", "Anonymous", "null1", "anon", "1", "00a")
        if DEFAULT_RULES.blocks(value)
    ]
    assert blocked == ["", "0", "0-0", "-1", "NULL", "Anonymous"]
    assert not IdentityRules(blocked=()).blocks("null")


def test_keys_are_read_in_both_spellings() -> None:
    assert spellings("crm_id") == ("crm_id", "crmId")
    assert spellings("phone") == ("phone", "phone")
