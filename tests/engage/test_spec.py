"""Keys and calls as `spec/engage.json` has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.engage.keys import KEY_LENGTH, free_key, snake_case
from pitcairn.engage.payloads import Subject, addresses, calls

SPEC: dict[str, Any] = json.loads((Path(__file__).parents[2] / "spec" / "engage.json").read_text())
SINCE, AT = 1_714_987_822_829, 1_714_987_838_650

SUBJECT: dict[str, Any] = {
    "computation_id": 7, "workspace_id": 3, "key": "first_time_shopper", "audience": True, "anonymous": False,
    "integration": "Mutiny", "sync_id": 1, "send_identify": False, "send_track": False, "entered": "Audience Entered",
    "exited": "Audience Exited", "computed": "Trait Computed",
}  # fmt: skip


@pytest.mark.parametrize(("name", "key"), SPEC["keys"])
def test_the_key_is_the_name_in_snake_case(name: str, key: str) -> None:
    assert snake_case(name) == key


@given(st.text(max_size=400))
def test_a_key_stays_itself(name: str) -> None:
    key = snake_case(name)
    assert snake_case(key) == key
    assert len(key) <= KEY_LENGTH
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_a_key_that_was_ever_taken_gets_a_number() -> None:
    taken = frozenset({"buyers", "buyers_2"})
    assert free_key("Buyers", taken) == "buyers_3"
    long = "b" * KEY_LENGTH
    assert len(free_key(long, frozenset({long}))) == KEY_LENGTH


@pytest.mark.parametrize("case", SPEC["calls"], ids=lambda case: case["name"])
def test_calls(case: dict[str, Any]) -> None:
    subject = Subject(**{**SUBJECT, **case["subject"]})
    to = addresses([tuple(one) for one in case["identifiers"]], anonymous=subject.anonymous)
    made = calls(subject, 5, case["value"], to, since=SINCE, at=AT)
    assert len(made) == len(case["bodies"])
    for call, expected in zip(made, case["bodies"], strict=True):
        assert {key: call.body.get(key) for key in expected} == expected
        assert type(_said(call.body, subject.key)) is type(case["value"])


def test_the_same_news_has_the_same_message_id_and_other_news_another() -> None:
    subject = Subject(**{**SUBJECT, "send_identify": True, "send_track": True})
    to = addresses([("user_id", "u1"), ("email", "a@b.co"), ("email", "c@d.co")], anonymous=False)

    def ids(value: bool = True, since: int = SINCE, again: int = 0, at: int = AT) -> list[str]:
        return [call.message_id for call in calls(subject, 5, value, to, since=since, at=at, again=again)]

    assert ids() == ids(at=AT + 1)
    different = [*ids(), *ids(value=False), *ids(since=SINCE + 1), *ids(again=1)]
    assert len(set(different)) == len(different) == 16
    assert all(one.startswith("personas_") and len(one) < 100 for one in different)


def _said(body: dict[str, Any], key: str) -> Any:
    return (body.get("traits") or body.get("properties"))[key]
