"""Which of several experiences has a visitor: slots, priority, exclusion, frequency, schedule, holdout, variations, and why."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiences.programmes import LARGE, SMALL, decided, experience
from pitcairn.experiences.decisions import DECIDES, Assignment, Outcome, Reason
from pitcairn.experiences.timing import Frequency, Schedule

HOUR = 3_600_000
EVERYONE: dict[str, Any] = {}


def anybody(number: int, **of: Any) -> Any:
    return experience(number, **{"page": "*", "conditions": (EVERYONE,), **of})


def shown(*experiences: Any, **of: Any) -> list[int]:
    return [one.experience.id for one in decided(*experiences, **of)]


def reasons(*experiences: Any, **of: Any) -> dict[int, tuple[str, int | None]]:
    trace: list[Outcome] = []
    decided(*experiences, trace=trace, **of)
    return {one.experience.id: (one.reason.value, one.to.id if one.to else None) for one in trace}


def test_one_of_each_kind_per_page_the_first_first() -> None:
    programme = [anybody(1), anybody(2), anybody(3, type="modal"), anybody(4, type="banner"), anybody(5, type="survey")]
    assert shown(*programme) == [1, 3]
    found = reasons(*programme)
    assert (found[2], found[4], found[5]) == (("priority", 1), ("priority", 3), ("priority", 3))


def test_who_is_in_control_of_the_first_gets_no_other() -> None:
    """Otherwise the second would be compared with people who saw the first, and the other way round."""
    [one] = decided(anybody(1, share=1.0), anybody(2, share=0.0))
    assert (one.experience.id, one.personalized) == (1, False)


def test_a_redirect_comes_first_and_never_with_another() -> None:
    leaving = {"trigger": "exit_intent"}
    programme = [
        anybody(1),
        anybody(2, type="modal", config=leaving),
        anybody(3, type="redirect"),
        anybody(4, type="redirect"),
    ]
    assert shown(*programme) == [3]
    assert reasons(*programme) == {
        3: ("assigned", None), 4: ("redirect", 3), 1: ("redirect", 3), 2: ("redirect", 3),
    }  # fmt: skip


def test_modals_that_wait_for_the_leaving_need_no_slot() -> None:
    leaving = {"trigger": "exit_intent"}
    assert shown(*(anybody(number, type="modal", config=leaving) for number in (1, 2)), anybody(3, type="banner")) == [
        1,
        2,
        3,
    ]
    assert shown(anybody(1, type="modal", config={"trigger": "delay"}), anybody(2, type="banner")) == [1]


def test_one_that_has_nothing_for_the_visitor_leaves_the_slot() -> None:
    schedule = Schedule(start="1970-01-02T00:00:00Z")
    programme = [
        anybody(1, conditions=(SMALL,)),
        anybody(2, schedule=schedule),
        anybody(3, frequency=Frequency(times=1, amount=1, unit="hours")),
        anybody(4),
    ]
    assert shown(*programme, traits={"size": 900}, now=HOUR, seen={"3": [1]}) == [4]
    assert reasons(*programme, traits={"size": 900}, now=HOUR, seen={"3": [1]}) == {
        1: ("no_segment", None), 2: ("schedule", None), 3: ("frequency", None), 4: ("assigned", None),
    }  # fmt: skip
    assert shown(*programme, traits={"size": 900}, now=HOUR + 1, seen={"3": [1]}) == [3]
    assert shown(*programme, traits={"size": 900}, now=24 * HOUR, seen={"3": [24 * HOUR]}) == [2]


def test_a_group_gives_each_visitor_to_one_of_its_experiences() -> None:
    a, b, c = (anybody(number, page=f"/{number}", group=7) for number in (1, 2, 3))
    visitors = [f"visitor-{number}" for number in range(6_000)]

    def owner(visitor: str, *members: Any) -> int:
        owners = [one.id for one in members if shown(*members, place=f"acme.example/{one.id}", visitor=visitor)]
        assert len(owners) == 1
        return int(owners[0])

    before, after = [[owner(one, *members) for one in visitors] for members in ((a, b), (a, b, c))]
    for owners, members in ((before, 2), (after, 3)):
        part = 1 / members
        for count in Counter(owners).values():
            assert abs(count - len(visitors) * part) < 4 * (len(visitors) * part * (1 - part)) ** 0.5
    # A third member takes visitors of both, and moves none between them.
    assert all(now in (then, 3) for then, now in zip(before, after, strict=True))


def test_who_took_part_in_one_of_a_group_stays_in_it() -> None:
    a, b = (anybody(number, page=f"/{number}", group=7) for number in (1, 2))
    for first, second in ((1, 2), (2, 1)):
        stored = {
            str(first): Assignment("control", 10 * first + 1, 0, 5),
            str(second): Assignment("control", 10 * second + 1, 0, 6),
        }
        for number in range(20):
            of = {"visitor": f"visitor-{number}", "assignments": stored}
            assert shown(a, b, place=f"acme.example/{first}", **of) == [first]
            assert reasons(a, b, place=f"acme.example/{second}", **of)[second] == ("excluded", first)


def test_the_holdout_is_kept_from_everything_and_told() -> None:
    programme = [anybody(1), anybody(2, type="banner", promoted=True)]
    held = [
        visitor
        for visitor in (f"visitor-{number}" for number in range(20_000))
        if decided(*programme, holdout=0.1, visitor=visitor)[0].reason is Reason.HOLDOUT
    ]
    assert abs(len(held) - 2_000) < 4 * (20_000 * 0.1 * 0.9) ** 0.5
    found = decided(*programme, holdout=0.1, visitor=held[0])
    assert [(one.reason, one.personalized, one.variation_id) for one in found] == [("holdout", False, 0)] * 2
    assert all(one.reason is not Reason.HOLDOUT for one in decided(*programme, visitor=held[0]))


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ({}, "holdout"),
        ({"9": Assignment("personalized", 91, 901, 5)}, "assigned"),
        ({"9": Assignment("personalized", 91, 901, 5), "0": Assignment("holdout", 0, 0, 6)}, "assigned"),
        ({"9": Assignment("personalized", 91, 901, 7), "0": Assignment("holdout", 0, 0, 6)}, "holdout"),
    ],
)
def test_who_takes_part_is_not_held_out_later(stored: dict[str, Assignment], reason: str) -> None:
    """Also after a merge: what came first counts."""
    [one] = decided(anybody(1), holdout=0.9999999, assignments=stored)
    assert one.reason == reason


def test_who_was_held_out_stays_so_when_the_share_shrinks() -> None:
    stored = {"0": Assignment("holdout", 0, 0, 5)}
    assert [one.reason for one in decided(anybody(1), holdout=1e-9, assignments=stored)] == ["holdout"]


def test_promoted_is_for_everyone_in_a_segment() -> None:
    stored = {"1": Assignment("control", 11, 0, 5)}
    for assignments in ({}, stored):
        [one] = decided(anybody(1, share=1.0, promoted=True), assignments=assignments)
        assert (one.personalized, one.reason) == (True, "promoted")
    assert decided(experience(promoted=True), traits={"size": 900}) == []


def test_variations_share_by_weight_and_not_by_side() -> None:
    split = (0.2, 0.0, 0.8)
    visitors = [f"visitor-{number}" for number in range(20_000)]
    counts = Counter(
        one.variation_id for visitor in visitors for one in decided(anybody(1, share=0.5, split=split), visitor=visitor)
    )
    assert set(counts) == {0, 101, 2101}
    for variation, part in ((0, 0.5), (101, 0.1), (2101, 0.4)):
        assert abs(counts[variation] - 20_000 * part) < 4 * (20_000 * part * (1 - part)) ** 0.5


def test_a_stored_variation_outlives_another_split() -> None:
    stored = {"1": Assignment("personalized", 11, 1101, 5)}
    for split in ((1.0, 0.0), (0.5, 0.5)):
        [one] = decided(anybody(1, split=split), assignments=stored)
        assert (one.variation_id, one.reason) == (1101, "stored")
    # What is gone is drawn again, on the same side.
    [one] = decided(anybody(1, share=1.0), assignments=stored)
    assert (one.variation_id, one.reason) == (101, "stored")


def test_the_variation_of_a_further_segment_is_kept_beside_the_first() -> None:
    stored = {"1": Assignment("personalized", 11, 1101, 5), "1.12": Assignment("personalized", 12, 1102, 6)}
    both = experience(conditions=(SMALL, LARGE), split=(0.9999999, 1e-7))
    for size, variation in ((1, 1101), (500, 1102)):
        [one] = decided(both, traits={"size": size}, assignments=stored)
        assert one.variation_id == variation


SEGMENTS = st.sampled_from([(EVERYONE,), (SMALL,), (SMALL, LARGE), (LARGE, EVERYONE)])
TYPES = st.sampled_from(["page", "page", "redirect", "banner", "modal", "exit"])


@st.composite
def programmes(draw: st.DrawFn) -> list[Any]:
    def one(number: int) -> Any:
        kind = draw(TYPES)
        return experience(
            number,
            page=draw(st.sampled_from(["*", "/", "/pricing"])),
            share=draw(st.sampled_from([0.0, 0.5, 1.0])),
            conditions=draw(SEGMENTS),
            split=draw(st.sampled_from([(1.0,), (0.5, 0.5)])),
            type="modal" if kind == "exit" else kind,
            config={"trigger": "exit_intent"} if kind == "exit" else {},
            promoted=draw(st.booleans()),
            schedule=draw(
                st.sampled_from(
                    [None, Schedule(start="1970-01-01T01:00:00Z"), Schedule(to_time="12:00", from_time="09:00")]
                )
            ),
            frequency=draw(st.sampled_from([None, Frequency(times=1, amount=1, unit="hours")])),
            group=draw(st.integers(0, 2)),
        )

    return [one(number) for number in range(1, draw(st.integers(1, 8)) + 1)]


@given(
    programmes(),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["acme.example/", "acme.example/pricing", "acme.example/other"]),
    st.sampled_from([{}, {"size": 1}, {"size": 170}, {"size": 900}]),
    st.integers(0, 30 * HOUR),
    st.integers(0, 50),
    st.dictionaries(st.sampled_from("12345"), st.sampled_from(["personalized", "control"])),
    st.dictionaries(st.sampled_from("12345"), st.lists(st.integers(0, 30 * HOUR), max_size=3)),
)
def test_every_reason_agrees_with_what_was_delivered(
    programme: list[Any], holdout: float, place: str, traits: Any, now: int, visitor: int, arms: Any, seen: Any
) -> None:
    """What `trace` tells is checked against the decisions and against the rules themselves, said again plainly."""
    stored = {key: Assignment(arm, 10 * int(key) + 1, 0, int(key)) for key, arm in arms.items()}
    of: dict[str, Any] = {
        "holdout": holdout, "place": place, "traits": traits, "now": now, "visitor": f"visitor-{visitor}",
        "assignments": stored, "seen": seen,
    }  # fmt: skip
    trace: list[Outcome] = []
    decisions = decided(*programme, trace=trace, **of)
    assert decisions == decided(*programme, **of)
    assert sorted(one.experience.id for one in trace) == [one.id for one in programme]
    assert [(one.experience, one.reason, one.segment, one.variation) for one in decisions] == [
        (one.experience, one.reason, one.segment, one.variation) for one in trace if one.reason in DECIDES
    ]
    delivered = [one.experience for one in decisions]
    slots = [one.slot for one in delivered if one.slot]
    assert len(slots) == len(set(slots))
    assert "redirect" not in slots or len(delivered) == 1
    for outcome in trace:
        one, key = outcome.experience, outcome.experience.key
        on_page = one.page.search(place) is not None
        assert on_page is (outcome.reason is not Reason.OTHER_PAGE)
        if not on_page:
            continue
        scheduled = one.timetable is None or one.timetable.includes(now)
        assert scheduled is (outcome.reason is not Reason.SCHEDULE)
        if not scheduled:
            continue
        first = next((segment for segment in one.segments if segment.holds(_facts(traits))), None)
        assert first == outcome.segment
        assert (first is None) is (outcome.reason is Reason.NO_SEGMENT)
        recent = [at for at in seen.get(key, ()) if at > now - HOUR]
        match outcome.reason:
            case Reason.FREQUENCY:
                assert one.frequency is not None
                assert recent
            case Reason.EXCLUDED:
                assert outcome.to is not None
                assert outcome.to.exclusion_group == one.exclusion_group != 0
            case Reason.PRIORITY:
                assert outcome.to in delivered
                assert outcome.to is not None
                assert outcome.to.slot == one.slot
            case Reason.REDIRECT:
                assert delivered == [outcome.to]
            case Reason.HOLDOUT:
                assert holdout
                assert not stored
                assert outcome.variation is None
            case Reason.PROMOTED:
                assert one.promoted
                assert outcome.variation is not None
            case Reason.STORED:
                assert (arms[key] == "personalized") is (outcome.variation is not None)
                assert not one.promoted
            case Reason.ASSIGNED:
                assert key not in arms
                assert not one.promoted
        if outcome.reason in DECIDES:
            assert one.frequency is None or not recent


def _facts(traits: Any) -> Any:
    from pitcairn.conditions import Facts

    return Facts(traits=traits)
