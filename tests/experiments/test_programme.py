"""What all experiences together are worth: everyone against the global holdout, on the real stores."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from eventstore.rows import exposure, message
from experiences.making import LAUNCH, LOGIN, NOW, experience, segment, workspace
from pages import text
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import Experience, HoldoutPeriod
from pitcairn.experiences.services_programme import set_holdout
from pitcairn.experiments.findings import Verdict
from pitcairn.experiments.models import Goal
from pitcairn.experiments.programme import programme
from pitcairn.stats import Estimate, Split, SplitCheck
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")


def seen(
    store: EventStore,
    made: Experience,
    name: str,
    counts: tuple[int, int],
    *,
    at: datetime = LAUNCH,
    reason: str = "",
    personalized: bool = True,
    event: str = LOGIN,
    bot: bool = False,
    first: int = 0,
) -> None:
    """Visitors of one kind, as (converted, visitors), who see the experience at `at`; those who convert do so an hour later."""
    chosen = segment(made)
    variation = chosen.variations.get().id if personalized and not reason else 0
    visitors = [(f"{made.workspace_id}-{name}-{number}", first + number + 1) for number in range(counts[1])]
    store.insert(
        "exposures",
        [
            exposure(
                made.workspace_id, experience_id=made.id, segment_id=chosen.id, variation_id=variation,
                personalized=bool(variation), visitor=visitor, profile_id=0, message_id=f"exp-{made.id}-{visitor}-{at}",
                timestamp=at.timestamp(), received_at=at.timestamp(), reason=reason, bot=bot,
            )
            for visitor, _ in visitors
        ],
    )  # fmt: skip
    then = (at + timedelta(hours=1)).timestamp()
    store.insert(
        "messages",
        [
            message(
                made.workspace_id, event=event, anonymous_id=visitor, profile_id=0, message_id=f"{event}-{visitor}",
                timestamp=then, received_at=then,
            )
            for visitor, _ in visitors[: counts[0]]
        ],
    )  # fmt: skip


def with_holdout(owner: Workspace, share: float = 0.1) -> None:
    set_holdout(owner.id, share, now=LAUNCH - timedelta(days=1))


def test_everyone_against_the_holdout(embedded_store: EventStore) -> None:
    owner = workspace()
    with_holdout(owner)
    one = experience(owner, name="One")
    other = experience(owner, name="Other")
    seen(embedded_store, one, "personalized", (200, 1_000))
    seen(embedded_store, one, "control", (60, 500), personalized=False)
    seen(embedded_store, other, "of-the-other", (60, 300), at=LAUNCH + timedelta(days=2))
    # Seen in both: one visitor, from the first view on.
    seen(embedded_store, other, "personalized", (0, 100), at=LAUNCH + timedelta(days=1))
    seen(embedded_store, one, "holdout", (18, 200), reason="holdout")
    seen(embedded_store, one, "robots", (50, 50), bot=True)
    found = programme(owner.id, embedded_store, NOW)
    assert found is not None
    assert (found.everyone.converted, found.everyone.visitors) == (320, 1_800)
    assert (found.holdout.converted, found.holdout.visitors) == (18, 200)
    assert (found.share, found.since, found.goal.name) == (0.1, LAUNCH - timedelta(days=1), LOGIN)
    assert isinstance(found.split, SplitCheck)
    assert found.split.split is Split.AS_SET
    fixed = found.finding.fixed_lift
    assert isinstance(fixed, Estimate)
    assert fixed.value == pytest.approx(320 / 1_800 / (18 / 200) - 1)
    # The chart ends where the answer is.
    assert found.lifts[-1].lift == found.finding.lift
    assert [one.day for one in found.lifts] == sorted({one.day for one in found.lifts})


def test_nothing_counts_from_before_there_was_a_holdout(embedded_store: EventStore) -> None:
    owner = workspace()
    made = experience(owner)
    seen(embedded_store, made, "early", (900, 1_000), at=LAUNCH)
    set_holdout(owner.id, 0.2, now=LAUNCH + timedelta(days=5))
    seen(embedded_store, made, "later", (80, 800), at=LAUNCH + timedelta(days=6))
    seen(embedded_store, made, "held-out", (20, 200), at=LAUNCH + timedelta(days=6), reason="holdout")
    found = programme(owner.id, embedded_store, NOW)
    assert found is not None
    assert (found.everyone.visitors, found.holdout.visitors) == (800, 200)
    assert found.finding.verdict is Verdict.TOO_EARLY


def test_a_holdout_that_grew_is_compared_within_its_times(embedded_store: EventStore) -> None:
    """A bad first week with a small holdout, a good second one with a large one: pooled, the holdout would seem to win."""
    owner = workspace()
    with_holdout(owner, 0.05)
    made = experience(owner)
    seen(embedded_store, made, "bad", (95, 1_900))
    seen(embedded_store, made, "bad-held-out", (5, 100), reason="holdout")
    set_holdout(owner.id, 0.5, now=LAUNCH + timedelta(days=7))
    later = LAUNCH + timedelta(days=8)
    seen(embedded_store, made, "good", (200, 1_000), at=later)
    seen(embedded_store, made, "good-held-out", (200, 1_000), at=later, reason="holdout")
    found = programme(owner.id, embedded_store, NOW)
    assert found is not None
    fixed = found.finding.fixed_lift
    assert isinstance(fixed, Estimate)
    assert fixed.value == pytest.approx(0, abs=1e-6)
    assert isinstance(found.split, SplitCheck)
    assert found.split.split is Split.AS_SET
    assert HoldoutPeriod.objects.filter(workspace=owner).count() == 2


def test_the_goal_is_the_one_that_most_are_judged_by_or_the_one_asked_for(embedded_store: EventStore) -> None:
    owner = workspace()
    with_holdout(owner)
    made = experience(owner, name="One", goals=[LOGIN])
    experience(owner, name="Two", goals=["Signed Up"])
    experience(owner, name="Three", goals=["Signed Up"])
    seen(embedded_store, made, "all", (7, 90), event="Signed Up")
    found = programme(owner.id, embedded_store, NOW)
    assert found is not None
    assert (found.goal.name, found.everyone.converted) == ("Signed Up", 7)
    assert [goal.name for goal in found.goals] == ["Signed Up", LOGIN]
    asked = programme(owner.id, embedded_store, NOW, LOGIN)
    assert asked is not None
    assert (asked.goal.name, asked.everyone.converted) == (LOGIN, 0)
    # A number that is added up has no total here.
    Goal.objects.filter(workspace=owner).update(value="revenue")
    assert programme(owner.id, embedded_store, NOW) is None


def test_without_a_holdout_there_is_no_total(embedded_store: EventStore) -> None:
    owner = workspace()
    experience(owner)
    assert programme(owner.id, embedded_store, NOW) is None


def test_the_page_says_the_total_and_when_its_split_is_off(
    client: Client, workspace: Workspace, store: EventStore
) -> None:
    with_holdout(workspace)
    made = experience(workspace)
    assert "What all experiences are worth" in text(client.get("/experiences/programme/"))
    seen(store, made, "all", (540, 1_800))
    seen(store, made, "held-out", (30, 200), reason="holdout")
    page = client.get("/experiences/programme/")
    said = text(page)
    assert "All experiences together make 100 % more visitors convert (between " in said
    assert "Holdout 200 30 15.0 %" in said
    assert "how many more convert than in the holdout" in said
    assert page.content.decode().count('<svg class="lift chart') == 3
    assert "The split is not as set" not in said
    seen(store, made, "lost", (0, 700), reason="holdout")
    assert "The split is not as set" in text(client.get("/experiences/programme/"))
