"""Fills a fresh data folder with the demo and with weeks of visitors, for `benchmarks.pictures`.

Visitors are drawn from a seed and shared as the product shares them: the job that learns the shares runs at the end of each
day, so that its epochs, and the results made of them, are what a workspace of this age would have.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pitcairn.settings")

import django

django.setup()

import numpy as np
from django.conf import settings
from django.core.management import call_command

from pitcairn.demo import seed
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import Experience
from pitcairn.experiences.queries import ExperienceOutline, experience_outline
from pitcairn.experiences.services import save_experience, start_experience
from pitcairn.experiences.services_programme import set_holdout
from pitcairn.experiments.models import ExperienceGoal, Goal
from pitcairn.experiments.optimizing import optimize_due

DAYS = 24
HOLDOUT = 0.1
CONTROL = 0.2
GOAL = seed.GOAL
RATES = {"": 0.052, "Start in ten minutes": 0.056, "Plan next week together": 0.071, "Loved by 4,000 teams": 0.049}
BANKS = {"": 0.031, "Audit-proof shift plans": 0.036}
BROWSERS, DEVICES = ("Chrome", "Safari", "Firefox", "Edge"), ("desktop", "phone", "tablet")
DAY = timedelta(days=1)
random = np.random.default_rng(2026)


def fill(store: EventStore, now: datetime) -> int:
    """Makes the experience and lets its visitors come; returns its id."""
    demo = seed.seed()
    workspace_id, start = demo.workspace.id, now - DAYS * DAY
    set_holdout(workspace_id, HOLDOUT, now=start - DAY)
    headline = {"type": "text", "selector": "#headline"}
    size = {"fact": "trait", "name": seed.TRAIT, "operator": "less_than", "value": 200}
    bank = {"fact": "trait", "name": "company.industry", "operator": "equals", "value": "Financial services"}
    made = save_experience(
        workspace_id=workspace_id,
        name="Headline by company",
        page_url="/pricing.html",
        control_share=CONTROL,
        segments=[
            {
                "name": "Small company",
                "condition": size,
                "allocation": "optimize",
                "variations": [{"name": name, "changes": [headline | {"value": name}]} for name in RATES if name],
            },
            {
                "name": "Financial services",
                "condition": bank,
                "variations": [{"name": name, "changes": [headline | {"value": name}]} for name in BANKS if name],
            },
        ],
        goals=[GOAL, "Signed Up"],
        now=start,
    )
    start_experience(workspace_id, made.id, now=start)
    before = start - timedelta(hours=1)
    ExperienceGoal.objects.filter(experience=made).update(chosen_at=before)
    Goal.objects.filter(workspace_id=workspace_id).update(defined_at=before)
    Experience.objects.filter(id=made.id).update(updated_at=before)
    people = iter(range(1_000_000, 2_000_000))
    for day in range(DAYS):
        outline = experience_outline(made.id)
        assert outline is not None
        exposures, events = [], []
        for place, (rates, count) in enumerate(((RATES, 1_300), (BANKS, 280))):
            for arm, size_of_arm in _shared(outline, place, count):
                for _ in range(size_of_arm):
                    at = start + day * DAY + timedelta(seconds=int(random.integers(60, 86_000)))
                    row = _exposure(workspace_id, outline, place, arm, next(people), at)
                    exposures.append(row)
                    events += _events(demo.source_id, row, at, rates["" if arm is None else arm])
        for _ in range(int(1_580 * HOLDOUT / (1 - HOLDOUT))):
            at = start + day * DAY + timedelta(seconds=int(random.integers(60, 86_000)))
            row = _exposure(workspace_id, outline, 0, None, next(people), at) | {"reason": "holdout"}
            exposures.append(row)
            events += _events(demo.source_id, row, at, RATES[""])
        store.insert("exposures", exposures)
        store.insert("messages", events)
        optimize_due(store, start + (day + 1) * DAY)
    return made.id


def _shared(outline: ExperienceOutline, place: int, count: int) -> Iterator[tuple[str | None, int]]:
    """The visitors of a day by arm; the control is None."""
    variations = outline.segments[place].variations
    shares = [CONTROL, *((1 - CONTROL) * one.share for one in variations)]
    sizes = random.multinomial(int(count * random.uniform(0.8, 1.2)), shares)
    yield from zip([None, *(one.name for one in variations)], (int(size) for size in sizes), strict=True)


def _exposure(
    workspace_id: int, outline: ExperienceOutline, place: int, arm: str | None, person: int, at: datetime
) -> dict[str, object]:
    segment = outline.segments[place]
    return {
        "workspace_id": workspace_id,
        "batch": 0,
        "experience_id": outline.id,
        "segment_id": segment.id,
        "variation_id": next((one.id for one in segment.variations if one.name == arm), 0),
        "personalized": arm is not None,
        "visitor": f"visitor-{person}",
        "profile_id": person,
        "message_id": f"exp-{person}",
        "timestamp": at.timestamp(),
        "received_at": at.timestamp(),
        "page_url": "https://demo.example/pricing.html",
        "reason": "",
        "browser": str(random.choice(BROWSERS, p=(0.55, 0.25, 0.08, 0.12))),
        "device": str(random.choice(DEVICES, p=(0.62, 0.34, 0.04))),
        "route": "tag",
        "returning": bool(random.random() < 0.3),
        "bot": bool(random.random() < 0.01),
        "internal": False,
    }


def _events(source_id: int, row: dict[str, object], at: datetime, rate: float) -> Iterator[dict[str, object]]:
    """The page view, and with some the conversions."""
    url = '{"url":"https://demo.example/pricing.html"}'
    yield _message(source_id, row, at, "page", "", url)
    if random.random() < rate:
        then = at + timedelta(minutes=int(random.integers(2, 240)))
        yield _message(source_id, row, then, "track", GOAL, "")
        if random.random() < 0.4:
            yield _message(source_id, row, then + timedelta(minutes=5), "track", "Signed Up", "")


def _message(
    source_id: int, row: dict[str, object], at: datetime, type_: str, event: str, properties: str
) -> dict[str, object]:
    return {
        "workspace_id": row["workspace_id"],
        "source_id": source_id,
        "profile_id": row["profile_id"],
        "batch": 0,
        "type": type_,
        "event": event,
        "message_id": f"{row['visitor']}-{type_}-{event}",
        "user_id": "",
        "anonymous_id": row["visitor"],
        "timestamp": at.timestamp(),
        "original_timestamp": None,
        "sent_at": None,
        "received_at": at.timestamp(),
        "delivered_to": ["mutiny"],
        "properties": properties,
        "retry_count": 0,
        "routed_to": [],
        **dict.fromkeys(("filtered", "context", "integrations", "traits", "extra", "violation"), ""),
    }


if __name__ == "__main__":
    for database in settings.DATABASES:
        call_command("migrate", database=database, verbosity=0)
    store = EventStore.open(settings.EVENTS_URL)
    store.migrate()
    print(fill(store, datetime.now(UTC)))
    store.close()
