"""Which visitor sees what: order of segments, the draw, and what was shown before."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiences.programmes import LARGE, SMALL, decided, experience
from pitcairn.experiences.decisions import Assignment, draw, is_personalized


def test_the_first_segment_that_holds_decides() -> None:
    both, reverse = experience(conditions=(SMALL, LARGE)), experience(conditions=(LARGE, SMALL))
    assert [one.segment.id for one in decided(both, traits={"size": 170})] == [11]
    assert [one.segment.id for one in decided(both, traits={"size": 900})] == [12]
    assert [one.segment.id for one in decided(reverse, traits={"size": 170})] == [11]
    assert [one.segment.id for one in decided(reverse, traits={"size": 20})] == [12]


def test_who_is_in_no_segment_gets_no_decision() -> None:
    assert decided(experience(), traits={"size": 500}) == []
    assert decided(experience(), traits={}) == []


def test_the_page_decides_first() -> None:
    home, pricing = experience(1, page="/"), experience(2, page="acme.example/pricing")
    assert [one.experience.id for one in decided(home, pricing, traits={"size": 1})] == [1]
    assert [one.experience.id for one in decided(home, pricing, traits={"size": 1}, place="acme.example/pricing")] == [
        2
    ]
    assert decided(home, pricing, traits={"size": 1}, place="acme.example/other") == []


def test_experiences_keep_their_order() -> None:
    found = decided(
        experience(3, page="*", type="banner"), experience(1, page="*"), experience(2, page="*"), traits={"size": 1}
    )
    assert [one.experience.id for one in found] == [3, 1]


@pytest.mark.parametrize(("share", "personalized"), [(0.0, True), (1.0, False)])
@given(visitor=st.text(min_size=1))
def test_the_ends_of_the_share_are_exact(share: float, personalized: bool, visitor: str) -> None:
    assert is_personalized(experience(share=share), visitor) is personalized


def test_the_share_is_kept_among_many() -> None:
    """Fixed visitors, so this says the same every time; 4 standard deviations of a fair draw are the bound."""
    visitors = [f"visitor-{number}" for number in range(20_000)]
    for share in (0.1, 0.5, 0.9):
        control = sum(not is_personalized(experience(share=share), visitor) for visitor in visitors)
        assert abs(control - share * 20_000) < 4 * (20_000 * share * (1 - share)) ** 0.5


def test_experiences_draw_independently() -> None:
    visitors = [f"visitor-{number}" for number in range(20_000)]
    both = sum(draw("1", visitor) < 0.5 and draw("2", visitor) < 0.5 for visitor in visitors)
    assert abs(both - 5_000) < 4 * (20_000 * 0.25 * 0.75) ** 0.5


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_draw_is_the_same_every_time(of: str, visitor: str) -> None:
    assert 0 <= draw(of, visitor) < 1
    assert draw(of, visitor) == draw(of, visitor)


def test_the_draw_never_changes_between_versions() -> None:
    """A new version must not move visitors to the other side of a running experience."""
    assert [round(draw("1", f"visitor-{number}"), 6) for number in range(3)] == [0.326054, 0.355891, 0.712263]


@given(st.text(min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_control_share_moves_visitors_to_control_only(visitor: str, one: float, other: float) -> None:
    smaller, larger = sorted((one, other))
    if not is_personalized(experience(share=smaller), visitor):
        assert not is_personalized(experience(share=larger), visitor)


@given(st.text(min_size=1))
def test_a_visitor_who_changes_segment_stays_on_their_side(visitor: str) -> None:
    both = experience(conditions=(SMALL, LARGE))
    [before] = decided(both, traits={"size": 1}, visitor=visitor)
    [after] = decided(both, traits={"size": 500}, visitor=visitor)
    assert (before.segment.id, after.segment.id) == (11, 12)
    assert before.personalized == after.personalized


@pytest.mark.parametrize("arm", ["personalized", "control"])
def test_what_was_shown_before_outlives_a_changed_split(arm: str) -> None:
    stored = {"1": Assignment(arm, 11, 101, 5)}
    for share in (0.0, 0.5, 1.0):
        [decision] = decided(experience(share=share), traits={"size": 1}, assignments=stored)
        assert (decision.personalized, decision.reason) == (arm == "personalized", "stored")
        assert decision.variation_id == (101 if arm == "personalized" else 0)


def test_what_was_shown_of_another_experience_decides_nothing() -> None:
    stored = {"2": Assignment("control", 21, 0, 5)}
    [decision] = decided(experience(share=0.0), traits={"size": 1}, assignments=stored)
    assert (decision.personalized, decision.reason) == (True, "assigned")


def test_what_was_shown_before_does_not_bring_back_a_segment_that_no_longer_holds() -> None:
    stored = {"1": Assignment("personalized", 11, 101, 5)}
    assert decided(experience(), traits={"size": 500}, assignments=stored) == []


def test_the_browser_gets_what_it_must_apply_and_nothing_else() -> None:
    both = experience(conditions=(SMALL, LARGE))
    personalized = json.loads(both.segments[0].variations[0].body + b"}")
    assert personalized == {
        "type": "page",
        "experience": {"id": 1, "name": "Experience 1"},
        "audienceSegment": {"id": 11, "name": "Segment 1"},
        "variation": {"id": 101, "name": "Bold"},
        "personalized": True,
        "changes": [{"type": "text", "selector": "h1", "value": "Secret copy 1"}],
    }
    control = json.loads(both.segments[0].control + b"}")
    assert control == {
        "type": "page",
        "experience": {"id": 1, "name": "Experience 1"},
        "audienceSegment": {"id": 11, "name": "Segment 1"},
        "variation": None,
        "personalized": False,
        "changes": [{"selector": "h1"}],
    }


def test_the_tag_hides_what_any_segment_changes_once() -> None:
    assert experience(conditions=(SMALL, LARGE)).selectors == ("h1", "h2")


def test_a_condition_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="lessthan"):
        experience(conditions=({**SMALL, "operator": "lessthan"},))
