"""Tokens in texts: what they may say, of whom, and that nothing of it runs."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.conditions import Facts
from pitcairn.experiences.changes import ChangeError, parse_changes
from pitcairn.experiences.copy import Copy, Sayable, public_problems

PUBLIC = frozenset({"account.name", "traits.company.name", "traits.size"})
ATTACKS = (
    "<script>boom()</script>",
    '"><img src=x onerror=boom()>',
    "' onmouseover='boom()",
    " onfocus=boom() autofocus ",
    "javascript:boom()",
    "java\nscript:boom()",
    "data:text/html,<script>boom()</script>",
    "{{ traits.secret }}",
    "</b><iframe src=//evil.example>",
)


def change(kind: str, value: str, **more: object) -> dict[str, object]:
    return {"type": kind, "selector": "h1", "value": value, **more}


def filled(changes: list[dict[str, object]], public: frozenset[str] = PUBLIC, **facts: object) -> list[str | None]:
    copy = Copy(parse_changes(changes), public)
    known = {"traits": {}, "accounts": (), "now": 0, "page_url": "https://www.example.com/", **facts}
    return [one.value for one in copy.filled(Facts(**known))]  # type: ignore[arg-type, union-attr]


def test_a_token_says_what_is_known_and_its_fallback_otherwise() -> None:
    texts = [
        change("text", 'Shifts for {{ account.name | default: "your team" }}'),
        change("html", 'For <b>{{ traits.company.name | default: "you" | upcase }}</b>'),
        change("attribute", "/start?from={{ account.name | url_encode }}", name="href"),
        change("text", "Nothing of anybody"),
    ]
    assert filled(texts) == ["Shifts for your team", "For <b>YOU</b>", "/start?from=", "Nothing of anybody"]
    accounts = ({"plan": "pro"}, {"name": "Fish & Chips <Ltd>"})
    assert filled(texts, traits={"company": {"name": "Fish & Chips"}}, accounts=accounts) == [
        "Shifts for Fish & Chips <Ltd>",  # A text is no markup: the tag sets it as text.
        "For <b>FISH &amp; CHIPS</b>",
        "/start?from=Fish+%26+Chips+%3CLtd%3E",
        "Nothing of anybody",
    ]


def test_only_what_is_public_is_said() -> None:
    texts = [change("text", '{{ traits.salary | default: "unknown" }}')]
    assert filled(texts, traits={"salary": 90_000}) == ["unknown"]
    assert filled(texts, frozenset({"traits.salary"}), traits={"salary": 90_000}) == ["90000"]
    ((number, problem),) = public_problems(parse_changes(texts), Sayable(PUBLIC))
    assert (number, problem.startswith("traits.salary is not public")) == (0, True)


def test_what_is_not_public_is_said_to_the_person_alone() -> None:
    texts = [
        change(
            "text", '{{ traits.size | default: "any" }}: {{ traits.salary | default: "unknown" }} {{ account.tier }}'
        )
    ]
    copy = Copy(parse_changes(texts), PUBLIC)
    assert (copy.names, copy.private) == ({"traits.size"}, {"traits.salary"})
    facts = Facts(traits={"size": 3, "salary": 1}, accounts=({"tier": "gold"},), now=0)
    values = [copy.filled(facts, proven)[0].value for proven in ({}, {"salary": 90_000, "tier": "silver"})]  # type: ignore[union-attr]
    assert values == ["3: unknown ", "3: 90000 "]
    # Where somebody can be proven, such a text may be saved; an account's is said to nobody.
    problems = [problem for _, problem in public_problems(parse_changes(texts), Sayable(PUBLIC, proves=True))]
    assert [problem.split()[0] for problem in problems] == ["account.tier"]
    assert "Proven identity" in next(
        problem for _, problem in public_problems(parse_changes(texts), Sayable(PUBLIC)) if "salary" in problem
    )


@pytest.mark.parametrize("value", [None, True, ["a"], {"b": 1}, "", "  ", "\x00\x1b"])
def test_what_is_no_word_and_no_number_is_nothing(value: object) -> None:
    assert filled([change("text", '{{ traits.size | default: "any" }}')], traits={"size": value}) == ["any"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{{ name }}", "names no trait"),
        ("{{ account }}", "names no trait"),
        ("{{ account.name", "cannot be read"),
        ("{{ account.name | map: 'x' }}", "filter"),
        ("{{ account.name | safe }}", "filter"),
        ("{% for i in (1..100000000) %}x{% endfor %}", "only tokens"),
        ("{{ 'a' }}" * 3 + "{% include 'settings' %}", "only tokens"),
        ("{{ account.name }}" * 51, "too many"),
    ],
)
def test_what_is_no_token_is_refused_when_it_is_saved(value: str, problem: str) -> None:
    with pytest.raises(ChangeError, match=problem) as raised:
        parse_changes([change("text", value)])
    assert raised.value.path == "changes[0].value"


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if "<" in attack and '"' not in attack])
def test_a_fallback_that_would_run_is_refused_like_any_other_content(attack: str) -> None:
    with pytest.raises(ChangeError):
        parse_changes([change("html", f'{{{{ account.name | default: "{attack}" }}}}')])
    with pytest.raises(ChangeError):
        parse_changes([change("attribute", '{{ account.name | default: "javascript:boom()" }}', name="href")])


class _Reader(HTMLParser):
    """What a browser would make of it, as far as it can run."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"a", "p", "b"}:
            self.runs.append(tag)
        for name, value in attrs:
            scheme = "".join((value or "").split()).lower()
            if name.startswith("on") or scheme.startswith(("javascript:", "data:", "vbscript:")):
                self.runs.append(f"{name}={value}")


PLACES = (
    "<p>{{ account.name }}</p>",
    '<a href="{{ account.name }}" title="{{ account.name }}">x</a>',
    "<a href='{{ account.name | downcase }}'>x</a>",
    "<a title={{ account.name }}>x</a>",
    "<p {{ account.name }}>x</p>",
    '<p>{{ account.name | append: "!" | replace: "o", "0" | truncate: 40 | prepend: "Hi " | strip | escape }}</p>',
)


@given(st.sampled_from(PLACES), st.one_of(st.sampled_from(ATTACKS), st.text(max_size=60)))
def test_no_value_runs_wherever_it_is_put(place: str, value: str) -> None:
    try:
        parse_changes([change("html", place)])
    except ChangeError:
        return  # Refused when it is saved: it reaches nobody.
    (html,) = filled([change("html", place)], accounts=({"name": value},))
    reader = _Reader()
    reader.feed(html or "")
    reader.close()
    assert not reader.runs, html


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_value_makes_an_address_run(attack: str) -> None:
    (href,) = filled([change("attribute", "{{ account.name }}", name="href")], accounts=({"name": attack},))
    assert not "".join((href or "").split()).lower().startswith(("javascript:", "data:"))
