"""docs/fql.md: its examples are FQL and mappings, and everything there is stands in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pitcairn.connections.filters import parse
from pitcairn.connections.filters.actions import NEEDED, TYPES
from pitcairn.connections.filters.fql_functions import FUNCTIONS
from pitcairn.connections.mapping import FIXED, compile_mapping
from pitcairn.connections.services_filters import FILTERS

TEXT = (Path(__file__).parents[3] / "docs" / "fql.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def test_the_examples_are_fql() -> None:
    inline = re.findall(r"`([\w'][^`\n|]* in [^`\n|]+|!\([^`\n|]*\))`", TEXT)
    examples = [*blocks("fql"), *inline]
    assert len(examples) >= 7
    for example in examples:
        parse(example)


def test_the_mapping_is_one() -> None:
    (example,) = blocks("json")
    kinds = {kind for rule in json.loads(example) for kind in rule}
    assert kinds == {"to", "from", "value", "template", "remove", "when"}
    compile_mapping(json.loads(example))


def test_every_function_action_and_field_is_there() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    for function in FUNCTIONS:
        assert any(f"`{function}( " in row for row in rows), function
    assert [action for action in TYPES if not any(row.startswith(f"| `{action}` |") for row in rows)] == []
    assert f"at most {FILTERS}" in TEXT
    assert NEEDED == FIXED
    assert "`type`, `messageId`, `timestamp` and `receivedAt`" in TEXT
