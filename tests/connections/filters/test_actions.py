"""Actions: what cannot be read, how samples fall, and what holds for every message that fields are taken out of."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.connections.filters import FILTERED_BY_RULES, ActionError, FilterRule, compile_filters, parse_action
from pitcairn.connections.filters.paths import PathError, join_path, reader, split_path


def sample(percent: float, path: str | None = None, **rule: Any) -> Any:
    return compile_filters(
        [FilterRule(condition="all", action={"type": "sample", "percent": percent, "path": path}, **rule)]
    )


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (None, "'None' is not an action; use one of drop, only_send, sample, drop_properties, allow_properties"),
        ({"type": "mask"}, "'mask' is not an action"),
        ({"type": "drop", "fields": {}}, "The action drop has no 'fields'"),
        ({"type": "sample"}, "The part to send is 'None'"),
        ({"type": "sample", "percent": 10}, "The part to send is '10'; give a number from 0 to 1"),
        ({"type": "sample", "percent": True}, "The part to send is 'True'"),
        ({"type": "sample", "percent": 0.5, "path": "a..b"}, "has a dot with no name beside it"),
        ({"type": "drop_properties"}, "The fields are missing"),
        ({"type": "drop_properties", "fields": {"context": "ip"}}, "The fields of 'context' are no list of names"),
        ({"type": "drop_properties", "fields": {"context": []}}, "The fields of 'context' are no list of names"),
        ({"type": "allow_properties", "fields": {"context": [5]}}, "The fields of 'context' are no list of names"),
        ({"type": "drop_properties", "fields": {"": ["messageId"]}}, "messageId cannot be dropped"),
        ({"type": "drop_properties", "fields": {"context": ["a\\"]}}, "ends in a backslash"),
    ],
)
def test_an_action_that_cannot_be_read_says_why(action: Any, problem: str) -> None:
    with pytest.raises(ActionError, match=re.escape(problem)):
        parse_action(action)


def test_a_sample_by_a_path_always_takes_the_same_people() -> None:
    first, second = sample(0.3, "userId"), sample(0.3, "userId", id=7)
    taken = set()
    for number in range(4_000):
        body = {"userId": f"user-{number}", "messageId": f"m-{number}"}
        result = first(body, 1)
        assert second({**body, "messageId": "other"}, 2) == (
            result if result == FILTERED_BY_RULES else {**body, "messageId": "other"}
        )
        if result is body:
            taken.add(number)
    assert 0.25 < len(taken) / 4_000 < 0.35


def test_a_larger_sample_holds_the_smaller_one() -> None:
    small, large = sample(0.2, "userId"), sample(0.6, "userId")
    bodies = [{"userId": str(number)} for number in range(2_000)]
    taken = [body for body in bodies if small(body, 1) is body]
    assert taken
    assert all(large(body, 1) is body for body in taken)


def test_a_sample_without_a_path_is_by_message_and_filters_choose_apart() -> None:
    one, other = sample(0.5, id=1), sample(0.5, id=2)
    bodies = [{"userId": "same", "messageId": f"m-{number}"} for number in range(4_000)]
    both = sum(one(body, 1) is body and other(body, 1) is body for body in bodies)
    assert 0.2 < both / 4_000 < 0.3
    assert [one(body, 1) for body in bodies] == [one(body, 1) for body in bodies]


def test_people_who_cannot_be_told_apart_are_not_all_in_or_all_out() -> None:
    by_trait = sample(0.5, "traits.plan")
    taken = sum(isinstance(by_trait({"messageId": f"m-{number}"}, 1), dict) for number in range(2_000))
    assert 0.4 < taken / 2_000 < 0.6


KEYS = ["a", "b", "c d", "e.f"]
values = st.recursive(
    st.integers() | st.text(max_size=3) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from([*KEYS, "type"]), values, max_size=5)
paths = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3).map(tuple)


def everywhere(value: Any, keys: tuple[str, ...]) -> list[Any]:
    """What stands at the path, in every object of every list on the way."""
    if isinstance(value, list):
        return [found for item in value for found in everywhere(item, keys)]
    if not keys:
        return [value]
    return everywhere(value[keys[0]], keys[1:]) if isinstance(value, dict) and keys[0] in value else []


def applied(kind: str, keys: tuple[str, ...], body: dict[str, Any]) -> Any:
    name, inner = join_path(keys[:1]), join_path(keys[1:])
    action = {"type": kind, "fields": {name: [inner]} if inner else {"": [name]}}
    return compile_filters([FilterRule(condition="all", action=action)])(body, 1)


@given(bodies, paths)
def test_what_is_dropped_is_nowhere_and_the_message_is_not_touched(body: dict[str, Any], keys: tuple[str, ...]) -> None:
    before = copy.deepcopy(body)
    result = applied("drop_properties", keys, body)
    assert body == before
    # A list at the very end is one value: nothing is left of it either.
    holders = [holder for holder in everywhere(result, keys[:-1]) if isinstance(holder, dict)]
    assert not any(keys[-1] in holder for holder in holders)
    again = applied("drop_properties", keys, result)
    assert again == result


@given(bodies, paths)
def test_what_is_allowed_stays_and_nothing_beside_it(body: dict[str, Any], keys: tuple[str, ...]) -> None:
    before = copy.deepcopy(body)
    result = applied("allow_properties", keys, body)
    assert body == before
    if len(keys) == 1:
        assert set(result) <= {keys[0], "type"}
        assert result.get(keys[0]) == body.get(keys[0])
        return
    assert {key: value for key, value in result.items() if key != keys[0]} == {
        key: value for key, value in body.items() if key != keys[0]
    }
    for holder in everywhere(result.get(keys[0]), ()):
        if isinstance(holder, dict):
            assert set(holder) <= {keys[1]}
    assert everywhere(result, keys) == everywhere(body, keys)


@given(paths)
def test_a_path_survives_the_way_to_text_and_back(keys: tuple[str, ...]) -> None:
    assert split_path(join_path(keys)) == keys


@pytest.mark.parametrize("path", ["", " ", ".", "a.", ".a", "a..b", "a\\", ".".join("a" * 51)])
def test_a_path_that_cannot_be_read(path: str) -> None:
    with pytest.raises(PathError):
        split_path(path)


@given(bodies, paths)
def test_a_reader_finds_what_stands_there(body: dict[str, Any], keys: tuple[str, ...]) -> None:
    value: Any = body
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    assert reader(keys)(body) is value
