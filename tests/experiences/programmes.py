"""Programmes of experiences without a store, and what they decide for a visitor."""

from collections.abc import Mapping, Sequence
from typing import Any

from pitcairn.conditions import Facts
from pitcairn.experiences.changes import parse_changes
from pitcairn.experiences.decisions import Assignment, Decision, Outcome, Visit, decide
from pitcairn.experiences.page_patterns import compile_page_pattern
from pitcairn.experiences.queries_live import LiveExperience, LiveSegment, LiveVariation
from pitcairn.experiences.running import Compiler, Programme, RunningExperience
from pitcairn.experiences.timing import Frequency, Schedule

SMALL = {"fact": "trait", "name": "size", "operator": "less_than", "value": 200}
LARGE = {"fact": "trait", "name": "size", "operator": "at_least", "value": 150}
_COMPILER = Compiler()
"""One for all, so that the same condition has the same number in each of them."""


def experience(
    number: int = 1,
    *,
    page: str = "/",
    share: float = 0.5,
    conditions: Sequence[Mapping[str, Any]] = (SMALL,),
    split: Sequence[float] = (1.0,),
    type: str = "page",  # noqa: A002 - the glossary's word, given by name
    config: Mapping[str, Any] | None = None,
    promoted: bool = False,
    schedule: Schedule | None = None,
    frequency: Frequency | None = None,
    group: int = 0,
) -> RunningExperience:
    """One with a segment per condition, and in each a variation per share of `split`.

    Segment n has the id 10·number + n; its variations 100·number + n, then 1000 more each.
    """
    segments = tuple(
        LiveSegment(
            id=10 * number + n,
            name=f"Segment {n}",
            condition=condition,
            variations=tuple(
                LiveVariation(
                    id=100 * number + n + 1000 * place,
                    name="Bold" if place == 0 else f"Bold {place}",
                    changes=parse_changes([{"type": "text", "selector": f"h{n}", "value": f"Secret copy {n}"}]),
                    share=part,
                )
                for place, part in enumerate(split)
            ),
        )
        for n, condition in enumerate(conditions, 1)
    )
    return _COMPILER.compiled(
        LiveExperience(
            id=number,
            workspace_id=1,
            name=f"Experience {number}",
            page_pattern=compile_page_pattern(page),
            control_share=share,
            segments=segments,
            type=type,
            config=config or {},
            promoted=promoted,
            schedule=schedule,
            frequency=frequency,
            exclusion_group=group,
        )
    )


def visit(
    *,
    traits: Mapping[str, Any] | None = None,
    place: str = "acme.example/",
    visitor: str = "visitor-1",
    now: int = 0,
    assignments: Mapping[str, Assignment] | None = None,
    seen: Mapping[str, Sequence[int]] | None = None,
) -> Visit:
    facts = Facts(traits=traits or {}, page_url=f"https://{place}", device="desktop", now=now)
    return Visit(place=place, facts=facts, visitor=visitor, assignments=assignments or {}, seen=seen or {})


def decided(
    *experiences: RunningExperience, holdout: float = 0.0, trace: list[Outcome] | None = None, **of: Any
) -> list[Decision]:
    return decide(Programme(experiences, holdout), visit(**of), trace)
