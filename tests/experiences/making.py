"""An experience with visitors: what the tests of results and of the pages start from."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from eventstore.rows import exposure, fresh_workspace, message
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiments.models import ExperienceGoal, Goal
from pitcairn.workspaces.models import Workspace

SMALL: dict[str, Any] = {"fact": "trait", "name": "company.employee_count", "operator": "less_than", "value": 200}
HEADLINE: dict[str, Any] = {"type": "text", "selector": "h1", "value": "Made for small teams"}
LAUNCH = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOW = LAUNCH + timedelta(days=20)
LOGIN = "Clicked Login Button"


def workspace(name: str = "Acme") -> Workspace:
    """A workspace whose id no other test uses: the event store outlives the tests' SQL store."""
    return Workspace.objects.create(id=fresh_workspace(), name=name)


def experience(
    owner: Workspace,
    *,
    name: str = "Corporate Website Experiment",
    segments: Sequence[str] = ("Small company",),
    goals: Sequence[str] = (LOGIN,),
    started: datetime | None = LAUNCH,
    control_share: float = 0.5,
) -> Experience:
    """An experience; it is live since `started`, with goals that were chosen before that, or a draft."""
    made = save_experience(
        workspace_id=owner.id,
        name=name,
        page_url="acme.example/",
        control_share=control_share,
        segments=[{"name": one, "condition": SMALL, "variations": [{"changes": [HEADLINE]}]} for one in segments],
        goals=goals,
    )
    if started is not None:
        start_experience(owner.id, made.id, now=started)
        before = started - timedelta(hours=1)
        ExperienceGoal.objects.filter(experience=made).update(chosen_at=before)
        Goal.objects.filter(workspace=owner).update(defined_at=before)
        Experience.objects.filter(id=made.id).update(updated_at=before)
    return Experience.objects.get(id=made.id)


def segment(made: Experience, position: int = 0) -> AudienceSegment:
    return made.segments.order_by("position")[position]


def visits(
    store: EventStore,
    made: Experience,
    *,
    control: tuple[int, int],
    personalized: tuple[int, int],
    position: int = 0,
    at: datetime = LAUNCH,
    prefix: str = "",
) -> None:
    """Visitors of one segment who came at `at`, as (converted, visitors); those who converted did so an hour later."""
    chosen = segment(made, position)
    variation = chosen.variations.get().id
    rows = [
        exposure(
            made.workspace_id,
            experience_id=made.id,
            segment_id=chosen.id,
            variation_id=variation if arm == "p" else 0,
            personalized=arm == "p",
            visitor=visitor,
            profile_id=_profile(visitor),
            message_id=f"exp-{visitor}",
            timestamp=at.timestamp(),
            received_at=at.timestamp(),
        )
        for arm, counts in (("c", control), ("p", personalized))
        for visitor in _visitors(made, position, arm, counts[1], prefix)
    ]
    store.insert("exposures", rows)
    for arm, counts in (("c", control), ("p", personalized)):
        conversions(store, made, LOGIN, counts[0], arm=arm, position=position, at=at, prefix=prefix)


def conversions(
    store: EventStore,
    made: Experience,
    event: str,
    count: int,
    *,
    arm: str,
    position: int = 0,
    at: datetime = LAUNCH,
    prefix: str = "",
) -> None:
    """The first `count` visitors of an arm (c for control, p for personalized) do `event` an hour after `at`."""
    then = (at + timedelta(hours=1)).timestamp()
    rows = [
        message(
            made.workspace_id,
            event=event,
            anonymous_id=visitor,
            profile_id=_profile(visitor),
            message_id=f"{visitor}-{event}",
            timestamp=then,
            received_at=then,
        )
        for visitor in _visitors(made, position, arm, count, prefix)
    ]
    store.insert("messages", rows)


def _visitors(made: Experience, position: int, arm: str, count: int, prefix: str) -> list[str]:
    return [f"{prefix}{made.workspace_id}-{made.id}-{position}-{arm}-{number}" for number in range(count)]


def _profile(visitor: str) -> int:
    return int.from_bytes(hashlib.blake2b(visitor.encode(), digest_size=7).digest(), "big") + 1
