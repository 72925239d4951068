"""Page patterns mean the same pages on the server and in the browser."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitcairn.experiences.page_patterns import PagePatternError, compile_page_pattern, matches, place

SPEC = Path(__file__).parents[2] / "spec" / "page_patterns.json"
CASES: dict[str, Any] = json.loads(SPEC.read_text())

IN_NODE = """
const spec = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
const wrong = [];
let checked = 0;
for (const {pattern, source, matches, misses} of spec.cases) {
  const expression = new RegExp(source);
  for (const [pages, expected] of [[matches, true], [misses, false]]) {
    for (const page of pages) {
      const url = new URL(page);
      checked += 1;
      if (expression.test(url.host + url.pathname) !== expected) wrong.push([pattern, page, expected]);
    }
  }
}
console.log(JSON.stringify({checked, wrong}));
"""

PLACES = """
const places = JSON.parse(process.argv[1]).map(page => new URL(page)).map(url => url.host + url.pathname);
console.log(JSON.stringify(places));
"""


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["pattern"])
def test_a_pattern_matches_the_pages_it_means(case: dict[str, Any]) -> None:
    assert compile_page_pattern(case["pattern"]) == case["source"]
    assert [page for page in case["matches"] if not matches(case["pattern"], page)] == []
    assert [page for page in case["misses"] if matches(case["pattern"], page)] == []


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: repr(case["pattern"]))
def test_a_pattern_that_means_no_page_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(PagePatternError) as caught:
        compile_page_pattern(case["pattern"])
    assert str(caught.value) == case["problem"]


def test_javascript_agrees() -> None:
    done = subprocess.run(["node", "-e", IN_NODE, str(SPEC)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["wrong"] == []
    assert answer["checked"] == sum(len(case["matches"]) + len(case["misses"]) for case in CASES["cases"])


def test_the_place_is_what_a_browser_says() -> None:
    pages = [page for case in CASES["cases"] for page in (*case["matches"], *case["misses"])]
    done = subprocess.run(["node", "-e", PLACES, json.dumps(pages)], capture_output=True, text=True, check=True)
    in_browser = json.loads(done.stdout)
    assert [place(page) for page in pages] == in_browser


def test_addresses_made_to_backtrack_are_answered() -> None:
    """Twelve wildcards against an address that nearly matches: a naive expression would not come back."""
    pattern = "/" + "*a" * 12 + "*b"
    assert not matches(pattern, "https://example.com/" + "a" * 8_000)
    assert matches(pattern, "https://example.com/" + "a" * 8_000 + "b")


SEGMENTS = st.lists(st.text(alphabet="ab*", min_size=1, max_size=4), max_size=4)
PLAIN_SEGMENTS = st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=5)


@settings(deadline=None)
@given(SEGMENTS, PLAIN_SEGMENTS, st.sampled_from(["", "/"]), st.sampled_from(["", "/"]))
def test_only_the_star_is_special(pattern: list[str], path: list[str], pattern_end: str, path_end: str) -> None:
    """The compiled pattern agrees with the plain definition: a star is any text, a slash at the end does not count."""
    written = "/".join(["example.com", *pattern])
    plain = re.compile("".join(".*" if character == "*" else re.escape(character) for character in written))
    page = "/".join(["example.com", *path])
    expected = bool(plain.fullmatch(page) or plain.fullmatch(page + "/"))
    assert matches(written + pattern_end, "https://" + page + path_end) == expected
