"""Experiences with the state of their evidence in words: what the home page and the list show."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pitcairn.dashboard.stores import event_store
from pitcairn.eventstore import EventStore
from pitcairn.experiences.health.alarms import open_alarms
from pitcairn.experiences.models import ExperienceState
from pitcairn.experiences.queries import ExperienceOutline, experience_outlines
from pitcairn.experiments import findings, words
from pitcairn.experiments.results import primary_finding

STATE_DOTS = {
    ExperienceState.LIVE: "on",
    ExperienceState.PROMOTED: "on",
    ExperienceState.PAUSED: "warn",
    ExperienceState.DRAFT: "off",
    ExperienceState.ARCHIVED: "",
}


@dataclass(frozen=True, kw_only=True)
class ExperienceOverview:
    """One experience. `visitors` and `converted` are None where nothing can be counted: no store, no goal, a draft."""

    id: int
    name: str
    state: ExperienceState
    state_label: str
    state_dot: str
    state_words: str
    page_url: str
    segments: int
    segment_names: tuple[str, ...]
    position: int
    visitors: int | None
    converted: int | None
    verdict: str
    evidence: str
    evidence_short: str
    alarms: int = 0
    """How much is wrong with it now; see `health`."""

    @property
    def alarm_words(self) -> str:
        return "" if not self.alarms else "1 alarm" if self.alarms == 1 else f"{self.alarms} alarms"


def live_experiences(workspace_id: int) -> list[ExperienceOverview]:
    """The live, promoted and paused experiences of a workspace, in the order of their priority."""
    shown = {ExperienceState.LIVE, ExperienceState.PROMOTED, ExperienceState.PAUSED}
    return _overviews(workspace_id, (one for one in experience_outlines(workspace_id) if one.state in shown))


def all_experiences(workspace_id: int) -> list[ExperienceOverview]:
    """Every experience of a workspace, in the order of their priority."""
    return _overviews(workspace_id, experience_outlines(workspace_id))


def state_words(experience: ExperienceOutline) -> str:
    """`Live since 2 November, 50 % control`."""
    control = f"{words.share(experience.control_share)} control"
    match experience.state:
        case ExperienceState.LIVE if experience.started_at:
            return f"Live since {day_words(experience.started_at)}, {control}"
        case ExperienceState.PAUSED if experience.started_at:
            return f"Paused, first live on {day_words(experience.started_at)}, {control}"
        case ExperienceState.PROMOTED if experience.promoted_at:
            return f"Promoted on {day_words(experience.promoted_at)}, no control"
        case ExperienceState.ARCHIVED if experience.archived_at:
            return f"Archived on {day_words(experience.archived_at)}"
        case _:
            return f"Draft, {control}"


def day_words(moment: datetime) -> str:
    """`2 November`, with the year when it is another one."""
    moment = moment.astimezone(UTC)
    return f"{moment:%-d %B}" if moment.year == datetime.now(UTC).year else f"{moment:%-d %B %Y}"


def _overviews(workspace_id: int, experiences: Iterable[ExperienceOutline]) -> list[ExperienceOverview]:
    store, now = event_store(), datetime.now(UTC)
    alarms = Counter(alarm.experience_id for alarm in open_alarms(workspace_id))
    return [_overview(experience, store, now, alarms[experience.id]) for experience in experiences]


def _overview(
    experience: ExperienceOutline, store: EventStore | None, now: datetime, alarms: int
) -> ExperienceOverview:
    draft = experience.state is ExperienceState.DRAFT
    finding = None if store is None or draft else primary_finding(experience, store, now)
    if finding is not None:
        evidence, short = findings.plain(finding), findings.table_words(finding)
    else:
        short = "Not live yet" if draft else "No goal yet" if store is not None else ""
        evidence = f"{short}." if short else ""
    return ExperienceOverview(
        id=experience.id,
        name=experience.name,
        state=experience.state,
        state_label=experience.state.label,
        state_dot=STATE_DOTS[experience.state],
        state_words=state_words(experience),
        page_url=experience.page_url,
        segments=len(experience.segments),
        segment_names=tuple(segment.name for segment in experience.segments),
        position=experience.position,
        visitors=finding.control.visitors + finding.personalized.visitors if finding else None,
        converted=finding.control.converted + finding.personalized.converted if finding else None,
        verdict=finding.verdict.value if finding else "",
        evidence=evidence,
        evidence_short=short,
        alarms=alarms,
    )
