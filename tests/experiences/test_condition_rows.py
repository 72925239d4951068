"""Conditions as rows of a form, and back, without losing anything."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitcairn import conditions
from pitcairn.experiences.condition_rows import (
    OPERATORS,
    SUBJECTS,
    ConditionGroup,
    ConditionRow,
    ConditionRows,
    in_form_words,
    place_of,
    rows_of,
    tree_of,
)


def leaf(value: Any = 200, operator: str = "less_than", **changes: Any) -> dict[str, Any]:
    return {"fact": "trait", "name": "employees", "operator": operator, "value": value} | changes


COUNTRY = {"fact": "country", "operator": "one_of", "value": ["DE", "AT"]}
QUERY = {"fact": "page", "name": "query.plan", "operator": "exists"}


@pytest.mark.parametrize(
    "tree",
    [
        {"all": []},
        leaf(),
        leaf(0.5),
        leaf(-3),
        leaf("pro", "equals"),
        leaf("150", "equals"),
        leaf(150, "differs"),
        leaf(True, "equals"),
        leaf("true", "equals"),
        leaf("007", "equals"),
        leaf(["a,b", "c", 7, "7", False], "one_of"),
        leaf("  spaced", "contains", fact="page", name="url"),
        leaf("*/a?", "matches"),
        leaf("2026-03-01T09:00:00Z", "before_date"),
        leaf({"amount": 7, "unit": "days"}, "within_last"),
        leaf({"amount": 1, "unit": "hours"}, "after_next"),
        {"fact": "audience", "name": "cart_abandoners", "operator": "equals", "value": False},
        COUNTRY,
        QUERY,
        {"all": [leaf(), COUNTRY]},
        {"any": [leaf(), COUNTRY, QUERY]},
        {"all": [{"any": [leaf(), COUNTRY]}, {"any": [QUERY, COUNTRY]}]},
        {"any": [{"all": [leaf(), COUNTRY]}, {"all": [QUERY, COUNTRY]}]},
    ],
)
def test_there_and_back(tree: dict[str, Any]) -> None:
    rows = rows_of(tree)
    if tree.get("value") == "  spaced":
        assert rows is None
        return
    assert rows is not None
    assert tree_of(rows)[0] == tree


def test_single_conditions_come_first() -> None:
    tree = {"all": [{"any": [leaf(), COUNTRY]}, QUERY, leaf(1)]}
    rows = rows_of(tree)
    assert rows is not None
    assert [(group.join, len(group.rows)) for group in rows.groups] == [("all", 2), ("any", 2)]
    assert tree_of(rows)[0] == {"all": [{"all": [QUERY, leaf(1)]}, {"any": [leaf(), COUNTRY]}]}


@pytest.mark.parametrize(
    "tree",
    [
        {"not": leaf()},
        {"all": [leaf(), {"not": COUNTRY}]},
        {"all": [leaf({"trait": "seats"}), COUNTRY]},
        {"all": [{"any": [{"all": [leaf(), QUERY]}, COUNTRY]}]},
        {"all": [{"all": []}, leaf()]},
        leaf(["a", "b"], "contains"),
        leaf('"quoted"', "equals"),
        leaf(9_007_199_254_740_991, "equals"),
        leaf(1e-12, "equals"),
    ],
)
def test_what_does_not_fit_is_left_to_json(tree: dict[str, Any]) -> None:
    conditions.parse(tree)
    assert rows_of(tree) is None


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(conditions.ConditionError):
        rows_of({"fact": "weather"})


def test_every_subject_and_operator_of_the_form_is_known() -> None:
    for _, choices in SUBJECTS:
        for subject, _ in choices:
            asked = {"operator": "equals", "value": "true"} if subject == "audience" else {"operator": "exists"}
            row = ConditionRow(subject=subject, name="plan", **asked)
            rows = rows_of(tree_of(ConditionRows(groups=[ConditionGroup(rows=[row])]))[0])
            assert rows is not None
            assert rows.groups[0].rows[0].subject == subject
    assert {name for name, _ in OPERATORS} == {operator.value for operator in conditions.Operator}


def test_a_problem_is_placed_at_its_row() -> None:
    rows = ConditionRows(
        join="any",
        groups=[
            ConditionGroup(rows=[ConditionRow(name="a", value="1")]),
            ConditionGroup(rows=[ConditionRow(name="b", value="1"), ConditionRow(name="", value="1")]),
        ],
    )
    tree, places = tree_of(rows)
    with pytest.raises(conditions.ConditionError) as caught:
        conditions.parse(tree)
    assert caught.value.path == "any[1].all[1].name"
    assert place_of(caught.value.path, places) == (1, 1, "name")
    assert place_of("any[0].value[2]", places) == (0, 0, "value")
    assert place_of("somewhere", places) is None


def test_a_length_of_time_is_asked_for_in_the_words_of_the_form() -> None:
    for text, problem in (
        ("soon", "'soon' is not a length of time; write it as 7 days"),
        ("0 days", "0 is not a whole number of at least 1"),
    ):
        rows = ConditionRows(groups=[ConditionGroup(rows=[ConditionRow(name="a", operator="within_last", value=text)])])
        tree, places = tree_of(rows)
        with pytest.raises(conditions.ConditionError) as caught:
            conditions.parse(tree)
        assert in_form_words(caught.value.problem) == problem
        assert place_of(caught.value.path, places) == (0, 0, "value")


def test_a_problem_of_a_single_row_is_placed_too() -> None:
    _, places = tree_of(ConditionRows(groups=[ConditionGroup(rows=[ConditionRow(name="a")])]))
    assert place_of("value", places) == (0, 0, "value")
    assert place_of("fact", places) == (0, 0, "subject")


leaves = st.builds(
    leaf,
    st.one_of(st.text(alphabet='ab ",0.7-e', min_size=1, max_size=6), st.integers(-99, 99), st.booleans()),
    st.sampled_from(["equals", "differs"]),
) | st.builds(
    leaf, st.lists(st.text(alphabet='a",7 ', min_size=1, max_size=4), min_size=1, max_size=3), st.just("one_of")
)


@settings(deadline=None)
@given(st.lists(st.lists(leaves, min_size=1, max_size=3), min_size=1, max_size=3), st.sampled_from(["all", "any"]))
def test_rows_never_change_a_value(groups: list[list[dict[str, Any]]], join: str) -> None:
    """Either the rows say the same condition, or they are not offered."""
    inner = "any" if join == "all" else "all"
    tree = {join: [{inner: group} for group in groups]}
    rows = rows_of(tree)
    if rows is not None:
        back = conditions.to_json(conditions.parse(tree_of(rows)[0]))
        assert sorted(map(repr, _leaves(back))) == sorted(map(repr, _leaves(tree)))


def _leaves(tree: dict[str, Any]) -> list[dict[str, Any]]:
    for join in ("all", "any"):
        if join in tree:
            return [one for part in tree[join] for one in _leaves(part)]
    return [tree]
