"""What the home page tells: what is live, what is still to be done, whether messages flow."""

from dataclasses import dataclass

from django.urls import reverse

from pitcairn.connections import queries as connections
from pitcairn.connections.queries_alerts import firing_alerts
from pitcairn.dashboard.health import Pulse
from pitcairn.experiences.health.alarms import AlarmItem, open_alarms
from pitcairn.experiences.overview import ExperienceOverview, live_experiences

PERSONALIZES = "mutiny"
"""The catalog entry that personalization needs."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the first run. It is done when the thing really happened; nobody ticks it."""

    title: str
    text: str
    done: bool
    label: str
    url: str
    next: bool = False


@dataclass(frozen=True, kw_only=True)
class Overview:
    experiences: list[ExperienceOverview]
    steps: list[Step]
    source_count: int
    disabled_sources: list[str]
    destination_words: str
    destination_state: str
    alerts: list[str]
    """The names of the alerts that fire."""
    alarms: list[AlarmItem]
    """What is wrong with live experiences."""

    @property
    def all_done(self) -> bool:
        return all(step.done for step in self.steps)

    @property
    def done_count(self) -> int:
        return sum(step.done for step in self.steps)


def overview(workspace_id: int, state: Pulse) -> Overview:
    sources = connections.sources(workspace_id)
    mutiny = connections.destinations(workspace_id, slug=PERSONALIZES)
    connected = next((destination for destination in mutiny if destination.state == "on"), None)
    experiences = live_experiences(workspace_id)
    shown = connected or (mutiny[0] if mutiny else None)
    return Overview(
        experiences=experiences,
        steps=_steps(
            source_id=sources[0].id if sources else None,
            message_came=state.last_message_at is not None,
            connected=connected is not None,
            mutiny_id=mutiny[0].id if mutiny else None,
            experiences=experiences,
        ),
        source_count=len(sources),
        disabled_sources=[source.name for source in sources if not source.enabled],
        destination_words=shown.state_words if shown else "Not connected",
        destination_state=shown.state if shown else "off",
        alerts=firing_alerts(workspace_id),
        alarms=open_alarms(workspace_id),
    )


def _steps(
    *,
    source_id: int | None,
    message_came: bool,
    connected: bool,
    mutiny_id: int | None,
    experiences: list[ExperienceOverview],
) -> list[Step]:
    live = [experience for experience in experiences if experience.state in {"live", "promoted"}]
    converted = any(experience.converted for experience in experiences)
    source_url = reverse("connections:source", args=[source_id]) if source_id else reverse("connections:source-new")
    mutiny_url = (
        reverse("connections:destination", args=[mutiny_id])
        if mutiny_id
        else reverse("connections:catalog-entry", args=[PERSONALIZES])
    )
    steps = [
        Step(
            title="Create a source",
            text="A source is your website, app or server. Its write key names it in every call.",
            done=source_id is not None,
            label="Create a source",
            url=reverse("connections:source-new"),
        ),
        Step(
            title="Send the first message",
            text="Copy the install code, which already holds your write key, and watch the message come in.",
            done=message_came,
            label="Show the install code",
            url=source_url,
        ),
        Step(
            title="Connect Mutiny",
            text="The destination that personalizes: it takes Identify and Track calls of the sources you choose.",
            done=connected,
            label="Connect Mutiny",
            url=mutiny_url,
        ),
        Step(
            title="Put an experience live",
            text="Say what changes on which page, for whom, and how many visitors keep the original.",
            done=bool(live),
            label="Create an experience",
            url=reverse("experiences:list" if experiences else "experiences:new"),
        ),
        Step(
            title="Get the first conversion",
            text="A visitor who saw the experience does what its goal counts.",
            done=converted,
            label="See the results",
            url=reverse("experiences:results", args=[live[0].id]) if live else reverse("experiences:list"),
        ),
    ]
    first_open = next((index for index, step in enumerate(steps) if not step.done), None)
    if first_open is not None:
        open_step = steps[first_open]
        steps[first_open] = Step(**{**open_step.__dict__, "next": True})
    return steps
