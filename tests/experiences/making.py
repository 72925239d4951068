"""An experience with visitors: what the tests of results and of the pages start from."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from eventstore.rows import exposure, fresh_workspace, message
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AudienceSegment, Experience
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiments.models import ExperienceGoal
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
        segments=[{"name": one, "condition": SMALL, "changes": [HEADLINE]} for one in segments],
        goals=goals,
    )
    if started is not None:
        start_experience(owner.id, made.id, now=started)
        before = started - timedelta(hours=1)
        ExperienceGoal.objects.filter(experience=made).update(chosen_at=before)
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
    event: str = LOGIN,
    prefix: str = "",
) -> None:
    """Visitors of one segment who all came at `at`; of each pair (converted, visitors) so many converted an hour later."""
    store.insert("exposures", list(_exposures(made, control, personalized, position, at, prefix)))
    store.insert("messages", list(_conversions(made, control, personalized, position, at, event, prefix)))


def _visitors(counts: tuple[int, int], made: Experience, position: int, arm: str, prefix: str) -> Iterable[str]:
    return (f"{prefix}{made.id}-{position}-{arm}-{number}" for number in range(counts[1]))


def _profile(visitor: str) -> int:
    return sum(byte * 31**place for place, byte in enumerate(visitor.encode())) % 2**62 + 1


def _exposures(made: Experience, control: Any, personalized: Any, position: int, at: datetime, prefix: str) -> Any:
    chosen = segment(made, position)
    variation = chosen.variations.get().id
    for arm, counts in (("c", control), ("p", personalized)):
        for visitor in _visitors(counts, made, position, arm, prefix):
            yield exposure(
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


def _conversions(
    made: Experience, control: Any, personalized: Any, position: int, at: datetime, event: str, prefix: str
) -> Any:
    then = (at + timedelta(hours=1)).timestamp()
    for arm, counts in (("c", control), ("p", personalized)):
        for number, visitor in enumerate(_visitors(counts, made, position, arm, prefix)):
            if number < counts[0]:
                yield message(
                    made.workspace_id,
                    event=event,
                    anonymous_id=visitor,
                    profile_id=_profile(visitor),
                    message_id=f"done-{visitor}-{event}",
                    timestamp=then,
                    received_at=then,
                )
