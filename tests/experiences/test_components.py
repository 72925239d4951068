"""What components and redirects may be, what of them a visitor is told, and where a redirect leads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiences.programmes import decided, visit
from pitcairn.conditions import Facts
from pitcairn.experiences.components import (
    ContentCopy,
    content_problems,
    missing,
    private_tokens,
    settings_problems,
)
from pitcairn.experiences.copy import Sayable
from pitcairn.experiences.page_patterns import compile_page_pattern
from pitcairn.experiences.queries_live import LiveExperience, LiveSegment, LiveVariation
from pitcairn.experiences.redirects import Redirect, url_problem
from pitcairn.experiences.running import Compiler, RunningExperience

CASES = json.loads((Path(__file__).parents[2] / "spec/redirects.json").read_text())["cases"]


def running(
    kind: str,
    config: dict[str, Any],
    content: dict[str, Any],
    *,
    number: int = 1,
    page: str = "*",
    public: frozenset[str] = frozenset(),
    control_share: float = 0.0,
) -> RunningExperience:
    """One for everybody."""
    variation = LiveVariation(id=3, name="A", config=content)
    segment = LiveSegment(id=2, name="All", condition={"all": []}, variations=(variation,))
    return Compiler({1: public}).compiled(
        LiveExperience(
            id=number,
            workspace_id=1,
            name="Experience",
            page_pattern=compile_page_pattern(page),
            control_share=control_share,
            segments=(segment,),
            type=kind,
            config=config,
        )
    )


def told(body: bytes) -> Any:
    return json.loads(body + b"}")


class TestRedirects:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['url']} from {case['page']}")
    def test_where_it_leads(self, case: dict[str, Any]) -> None:
        redirect = Redirect(case["url"])
        assert redirect.is_at(case["page"]) is (case["target"] is None)
        if case["target"] is not None:
            assert redirect.target(case["page"]) == case["target"]

    @given(
        st.sampled_from(["/b", "/b?x=1", "https://shop.example/b?y=2&x=3#own", "/a?x=9"]),
        st.text(),
        st.text(),
    )
    def test_it_ends_where_it_leads_whatever_the_address(self, url: str, query: str, fragment: str) -> None:
        target = Redirect(url).target(f"https://acme.example/a?{query}#{fragment}")
        assert target.startswith(("https://acme.example/", "https://shop.example/"))
        assert Redirect(url).is_at(target)

    @pytest.mark.parametrize(
        "url",
        ["javascript:alert(1)", "//evil.example/", "data:text/html,x", "b", "/a b", "https://", "https://u:p@acme.example/",
         "/\\evil.example", "\tjavascript:x", "https://acme.example:port/", "/for/{{ account.name }}"],
    )  # fmt: skip
    def test_what_it_may_not_be(self, url: str) -> None:
        assert url_problem(url)

    def test_the_page_it_leads_to_is_not_its_own(self) -> None:
        """In neither arm: who comes there directly is no visitor of the experience."""
        for share in (0.0, 1.0):
            one = running("redirect", {}, {"url": "/b"}, control_share=share)
            assert len(decided(one, place="acme.example/a")) == 1
            assert decided(one, place="acme.example/b") == []

    def test_what_a_visitor_is_told(self) -> None:
        one = running("redirect", {"domains": ["secret.example"]}, {"url": "/b"}, control_share=0.5)
        [segment] = one.segments
        facts = visit(place="acme.example/a").facts
        body = told(segment.variations[0].body_for(facts))
        assert (body["redirect"], body["changes"]) == ("https://acme.example/b", [])
        assert "redirect" not in told(segment.control)
        assert b"secret.example" not in segment.control + segment.variations[0].body_for(facts)
        assert one.selectors == ("*",)


class TestChecks:
    @pytest.mark.parametrize(
        ("kind", "config", "path"),
        [
            ("page", {"trigger": "delay"}, ""),
            ("redirect", {"domains": ["https://acme.example"]}, "domains"),
            ("banner", {"position": "left"}, "position"),
            ("banner", {"trigger": "exit_intent"}, "trigger"),
            ("banner", {"push": True, "position": "bottom"}, "push"),
            ("modal", {"seconds": 601}, "seconds"),
            ("modal", {"percent": 0}, "percent"),
            ("side_pop", {"remember_days": -1}, "remember_days"),
            ("survey", {"nonsense": 1}, ""),
        ],
    )
    def test_settings(self, kind: str, config: dict[str, Any], path: str) -> None:
        assert [at for at, _ in settings_problems(kind, config)] == [path]

    @pytest.mark.parametrize(
        ("kind", "content", "path"),
        [
            ("page", {"text": "x"}, ""),
            ("redirect", {"url": "https://elsewhere.example/"}, "url"),
            ("banner", {"text": "x" * 2001}, "text"),
            ("banner", {"text": "{{ nobody }}"}, "text"),
            ("banner", {"text": "x", "button_url": "javascript:alert(1)"}, "button_url"),
            ("banner", {"text": "x", "headline": "y"}, ""),
            ("modal", {"image": "data:image/svg+xml,x"}, "image"),
            ("side_pop", {"headline": "x" * 121}, "headline"),
            ("survey", {"questions": [{"kind": "guess"}]}, "questions[0].kind"),
            ("survey", {"questions": [{"trait": "a"}, {"trait": "a"}]}, "questions[1].trait"),
            ("survey", {"questions": [{"trait": "$set"}]}, "questions[0].trait"),
            ("survey", {"questions": [{"options": ["a", "a"]}]}, "questions[0].options"),
            ("survey", {"questions": [{}] * 11}, "questions"),
        ],
    )
    def test_content(self, kind: str, content: dict[str, Any], path: str) -> None:
        found = list(content_problems(kind, content, {}, "acme.example"))
        assert path in [at for at, _ in found], found

    def test_a_redirect_may_lead_to_the_page_s_host_and_to_the_domains_it_names(self) -> None:
        to = {"url": "https://shop.example/b"}
        assert not list(content_problems("redirect", to, {"domains": ["shop.example"]}, ""))
        assert not list(content_problems("redirect", to, {}, "shop.example"))
        assert list(content_problems("redirect", to, {"domains": ["example"]}, "www.shop.example"))

    @pytest.mark.parametrize(
        ("kind", "content", "paths"),
        [
            ("redirect", {}, ["url"]),
            ("banner", {}, ["text"]),
            ("modal", {"button_label": "Go"}, ["headline", "button_url"]),
            ("side_pop", {"headline": "x", "button_url": "/x"}, ["button_label"]),
            ("survey", {"headline": "x"}, ["questions"]),
            ("survey", {"headline": "x", "questions": [{}]}, [f"questions[0].{one}" for one in ("text", "trait", "options")]),
            ("survey", {"headline": "x", "questions": [{"text": "?", "trait": "t", "kind": "nps"}]}, []),
        ],
    )  # fmt: skip
    def test_what_is_missing(self, kind: str, content: dict[str, Any], paths: list[str]) -> None:
        assert [at for at, _ in missing(kind, content)] == paths


class TestTold:
    def test_control_is_told_when_and_nothing_of_what_is_said(self) -> None:
        content = {"headline": "Secret headline", "text": "Secret text"}
        [segment] = running("modal", {"trigger": "delay", "seconds": 9}, content, control_share=0.5).segments
        assert b"Secret" not in segment.control
        config = told(segment.control)["config"]
        assert config == {"trigger": "delay", "seconds": 9, "percent": 50, "remember_days": 30}
        body = told(segment.variations[0].body)["config"]
        assert body == config | content | {"image": "", "image_alt": "", "button_label": "", "button_url": ""}

    def test_tokens_say_what_is_public_and_their_fallback_otherwise(self) -> None:
        said = 'For {{ account.name | default: "your team" }}, {{ traits.secret | default: "you" }}'
        one = running("banner", {}, {"text": said}, public=frozenset({"account.name"}))
        [variation] = one.segments[0].variations
        facts = Facts(accounts=({"name": "<b>Acme</b>"},), traits={"secret": "x"}, now=0)
        assert told(variation.body)["config"]["text"] == "For your team, you"
        assert told(variation.body_for(facts))["config"]["text"] == "For <b>Acme</b>, you"
        assert [at for at, _ in private_tokens({"text": said}, Sayable(frozenset({"account.name"})))] == ["text"]

    def test_a_value_cannot_make_an_address_something_else(self) -> None:
        copy = ContentCopy({"button_url": '{{ traits.site | default: "/demo" }}'}, frozenset({"traits.site"}))
        for said, button_url in (("javascript:alert(1)", "/demo"), ("https://acme.example/", "https://acme.example/")):
            assert copy.filled(Facts(traits={"site": said}, now=0))["button_url"] == button_url

    def test_what_newer_rules_refuse_cannot_be_read(self) -> None:
        with pytest.raises(msgspec.ValidationError):
            running("banner", {"position": "middle"}, {"text": "x"})
