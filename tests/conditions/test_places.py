"""Walking through conditions: every part with its place, and what others ask of a condition before they save it."""

import pytest

from pitcairn.conditions import ConditionError, Leaf, check_place, compile_condition, parse
from pitcairn.conditions.crossings import Crossing, account_moments, crossings, moment_traits
from pitcairn.conditions.places import audiences_in, walk

DAY = {"amount": 1, "unit": "days"}
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def member_of(key: str) -> dict[str, object]:
    return {"fact": "audience", "name": key, "operator": "equals", "value": True}


def test_every_part_is_found_with_its_place() -> None:
    condition = parse(
        {
            "all": [
                {"not": {"any": [member_of("vip")]}},
                {
                    "event": "Product Added",
                    "where": {"all": [{"fact": "property", "name": "price", "operator": "exists"}]},
                    "then": [
                        {"event": "Order Completed", "within": DAY},
                        {
                            "event": "Refund",
                            "within": DAY,
                            "where": {"fact": "context", "name": "ip", "operator": "exists"},
                        },
                    ],
                },
            ]
        }
    )
    leaves = {path: node.name for path, node in walk(condition) if isinstance(node, Leaf)}
    assert leaves == {
        "all[0].not.any[0]": "vip",
        "all[1].where.all[0]": "price",
        "all[1].then[1].where": "ip",
    }
    assert [path for path, _ in walk(condition)][:3] == ["", "all[0]", "all[0].not"]


def test_audiences_are_found_wherever_they_are_asked_for() -> None:
    inner = {"users": "any", "condition": {"not": member_of("churned")}}
    assert audiences_in(parse({"any": [inner, {"all": [member_of("vip"), member_of("vip")]}]})) == {"churned", "vip"}
    assert audiences_in(parse({})) == frozenset()


def test_ages_at_which_answers_change() -> None:
    condition = parse(
        {
            "any": [
                {"event": "A", "window": {"oldest": {"amount": 30, "unit": "days"}, "newest": DAY}},
                {"event": "", "type": "page", "window": {"session": {"amount": 1, "unit": "hours"}}},
                {"event": "B", "then": [{"did": False, "event": "C", "within": DAY}]},
                {"event": "B", "then": [{"did": True, "event": "C", "within": DAY}]},
                {"users": "all", "condition": {"event": "D", "window": {"newest": DAY}}},
            ]
        }
    )
    assert crossings(condition) == {
        Crossing("track", "A", 30 * DAY_MS),
        Crossing("track", "A", DAY_MS),
        Crossing("page", "", HOUR_MS),
        # That something did not come is known once the time is over, not when it ends.
        Crossing("track", "B", DAY_MS + 1),
        Crossing("track", "D", DAY_MS),
    }


def test_traits_whose_moments_change_answers() -> None:
    def asked(fact: str, operator: str) -> dict[str, object]:
        return {"fact": fact, "name": "at", "operator": operator, "value": DAY}

    assert moment_traits(parse(asked("trait", "within_last"))) == {("at", DAY_MS), ("at", 0)}
    assert moment_traits(parse(asked("trait", "before_last"))) == {("at", DAY_MS)}
    assert moment_traits(parse(asked("trait", "within_next"))) == {("at", -DAY_MS), ("at", 0)}
    assert moment_traits(parse(asked("trait", "after_next"))) == {("at", -DAY_MS)}
    account = parse({"users": "any", "condition": asked("account", "after_next")})
    assert (moment_traits(account), account_moments(account)) == (frozenset(), {("at", -DAY_MS)})
    assert moment_traits(parse({"event": "A", "window": {"oldest": DAY}})) == frozenset()


def test_visits_are_not_asked_for_what_only_histories_know() -> None:
    for tree in (
        {"event": "A"},
        {"users": "any", "condition": {}},
        {"fact": "property", "name": "plan", "operator": "exists"},
    ):
        with pytest.raises(ConditionError):
            compile_condition(parse({"any": [tree]}))
    check_place(parse({"all": [member_of("vip"), {"fact": "country", "operator": "exists"}]}), "visit")
