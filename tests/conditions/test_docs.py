"""docs/conditions.md: its examples are conditions that read as it says, and it names everything there is."""

import json
import re
from pathlib import Path

import pytest

from pitcairn.conditions import Fact, Operator, describe, parse
from pitcairn.conditions.tree import (
    DEVICE_TYPES,
    EVENT_TYPES,
    MAX_DEPTH,
    MAX_FOLLOWS,
    MAX_NAME,
    MAX_NODES,
    MAX_TEXT,
    MAX_VALUES,
    NAMES,
    Measure,
    Unit,
)

DOCS = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```json\n((?:[^`].*\n)+)```\n\n> (.*)\n", DOCS, re.MULTILINE)


@pytest.mark.parametrize(("condition", "sentence"), EXAMPLES)
def test_example_reads_as_the_docs_say(condition: str, sentence: str) -> None:
    assert describe(parse(json.loads(condition))) == sentence


def test_every_example_is_followed_by_its_sentence() -> None:
    assert len(EXAMPLES) == DOCS.count("```json") >= 5


def test_every_fact_part_and_operator_is_named() -> None:
    words = [
        *Fact,
        *Operator,
        *Measure,
        *Unit,
        *EVENT_TYPES,
        *DEVICE_TYPES,
        *(name for names in NAMES.values() for name in names),
    ]
    assert [word for word in words if f"`{word}`" not in DOCS] == []


def test_limits_are_the_real_ones() -> None:
    assert (
        f"at most {MAX_NODES} parts that nest at most {MAX_DEPTH} deep, a list has at most {MAX_VALUES:,} values, "
        f"a text {MAX_TEXT:,} characters and a name {MAX_NAME}"
    ) in DOCS.replace("\n", " ")
    assert f"followed by at most {MAX_FOLLOWS} steps" in DOCS
