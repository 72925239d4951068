"""How long an experience will take: the visitors its test needs, at the traffic its pages have."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from pitcairn import stats
from pitcairn.experiences.page_patterns import linear_page_pattern
from pitcairn.experiences.queries import ExperienceOutline
from pitcairn.experiments.asking import asked_of
from pitcairn.experiments.models import ExperiencePlan
from pitcairn.stats import Design, Duration, NotComputable, Plan

if TYPE_CHECKING:
    from pitcairn.eventstore import EventStore

PAST_DAYS = 14
WEEKS = (1, 2, 4, 8)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's own past says: visitors a day of the experience's pages, and the share of them who reached the goal."""

    visitors: int
    converted: int
    visitors_a_day: float

    @property
    def baseline(self) -> float | None:
        return self.converted / self.visitors if self.converted else None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to find a lift: with the test that may be looked at every day, and beside it with one look at the end."""

    sequential: Plan
    sequential_duration: Duration | NotComputable
    fixed: Plan | NotComputable
    detectable: tuple[tuple[int, float | NotComputable], ...]
    """After so many weeks, the smallest lift that is found."""


def traffic_of(experience: ExperienceOutline, store: "EventStore", now: datetime) -> Traffic | None:
    """The traffic of the last two weeks; None without a goal. Counts who saw one of the pages, whoever they were: of these
    only those in a segment will be in the experiment."""
    asked = asked_of(experience, now)
    if not asked.goals:
        return None
    visitors, converted = store.page_traffic(
        asked.query, linear_page_pattern(experience.page_url), now - timedelta(days=PAST_DAYS)
    )
    return Traffic(visitors=visitors, converted=converted, visitors_a_day=visitors / PAST_DAYS)


def planned(baseline: float, lift: float, visitors_a_day: float, control_share: float) -> Planned | NotComputable:
    """The plan. Raises ValueError for what no test can have."""
    design = Design(baseline=baseline, control_share=control_share)
    size = stats.sequential_size(design, lift)
    if isinstance(size, NotComputable):
        return size
    return Planned(
        sequential=size,
        sequential_duration=stats.duration(size.visitors, visitors_a_day),
        fixed=stats.sample_size(design, lift),
        detectable=tuple(
            (weeks, stats.sequential_detectable_lift(design, visitors_a_day * 7 * weeks)) for weeks in WEEKS
        ),
    )


def keep_plan(experience_id: int, plan: Planned, *, baseline: float, lift: float) -> None:
    """Results say from now on how far the plan is."""
    ExperiencePlan.objects.update_or_create(
        experience_id=experience_id,
        defaults={"visitors": plan.sequential.visitors, "lift": lift, "baseline": baseline},
    )
