"""The job that shares visitors to what works: on the real stores, with visitors who are drawn from a seed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from eventstore.rows import exposure, message
from experiences.making import HEADLINE, LAUNCH, LOGIN, SMALL, workspace
from pitcairn.eventstore import EventStore
from pitcairn.experiences.models import AllocationEpoch, Experience, Variation
from pitcairn.experiences.queries import allocation_epochs
from pitcairn.experiences.services import (
    archive_experience,
    pause_experience,
    promote_experience,
    resume_experience,
    save_experience,
    start_experience,
)
from pitcairn.experiments.models import Goal, Optimization, OptimizationOutcome, OptimizationStep
from pitcairn.experiments.optimizing import optimize_due
from pitcairn.experiments.recommendations import advice
from pitcairn.experiments.results import results
from pitcairn.stats import Estimate

pytestmark = pytest.mark.django_db

NAMES = ("Calm", "Bold", "Loud")
RATES = {"control": 0.06, "Calm": 0.06, "Bold": 0.12, "Loud": 0.03}
DAY = timedelta(days=1)


def learning(*, control_share: float = 0.2, allocation: str = "optimize", weights: Sequence[float] = ()) -> Experience:
    """A live experience with one segment of three variations."""
    owner = workspace()
    variations = [
        {"name": name, "changes": [HEADLINE]} | ({"weight": weights[place]} if weights else {})
        for place, name in enumerate(NAMES)
    ]
    made = save_experience(
        workspace_id=owner.id,
        name="Headline",
        page_url="acme.example/",
        control_share=control_share,
        segments=[{"name": "Small company", "condition": SMALL, "allocation": allocation, "variations": variations}],
        goals=[LOGIN],
        now=LAUNCH,
    )
    start_experience(owner.id, made.id, now=LAUNCH)
    return Experience.objects.get(id=made.id)


def ids(made: Experience) -> dict[str, int]:
    return dict(Variation.objects.filter(segment__experience=made).values_list("name", "id"))


def split(made: Experience) -> dict[str, float]:
    """The shares of the newest epoch by variation name."""
    [shares] = allocation_epochs(made.id)[-1].split.values()
    return {name: shares[known] for name, known in ids(made).items()}


def visitors_come(
    store: EventStore,
    made: Experience,
    at: datetime,
    count: int,
    random: np.random.Generator,
    *,
    value: str = "",
    rates: Mapping[str, float] = RATES,
) -> None:
    """New visitors, shared by the shares that hold; each converts within an hour or never, by its arm's rate."""
    known, shares = ids(made), split(made)
    control = allocation_epochs(made.id)[-1].control_share
    [segment] = made.segments.all()
    arms = ["control", *NAMES]
    sizes = random.multinomial(count, [control, *((1 - control) * shares[name] for name in NAMES)])
    exposures, messages = [], []
    for arm, size in zip(arms, sizes, strict=True):
        converts = random.random(size) < rates[arm]
        for number in range(size):
            visitor = f"{made.id}-{at:%m%d%H}-{arm}-{number}"
            person = {"anonymous_id": visitor, "profile_id": abs(hash_of(visitor)) + 1}
            exposures.append(
                exposure(
                    made.workspace_id,
                    experience_id=made.id,
                    segment_id=segment.id,
                    variation_id=known.get(arm, 0),
                    personalized=arm != "control",
                    visitor=visitor,
                    profile_id=person["profile_id"],
                    message_id=f"exp-{visitor}",
                    timestamp=at.timestamp(),
                    received_at=at.timestamp(),
                )
            )
            if converts[number]:
                then = (at + timedelta(hours=1)).timestamp()
                messages.append(
                    message(
                        made.workspace_id,
                        event=LOGIN,
                        message_id=f"login-{visitor}",
                        timestamp=then,
                        received_at=then,
                        properties={value: float(random.exponential(50))} if value else {},
                        **person,
                    )
                )
    store.insert("exposures", exposures)
    store.insert("messages", messages)


def hash_of(visitor: str) -> int:
    return int.from_bytes(visitor.encode()[-7:], "big") * 31 + sum(visitor.encode())


def test_visitors_go_to_what_works_and_control_keeps_its_share(embedded_store: EventStore) -> None:
    made = learning()
    random = np.random.default_rng(1)
    for day in range(8):
        visitors_come(embedded_store, made, LAUNCH + day * DAY + timedelta(hours=1), 900, random)
        assert optimize_due(embedded_store, LAUNCH + (day + 1) * DAY) == 1

    shares = split(made)
    assert shares["Bold"] > 0.7
    assert sum(shares.values()) == pytest.approx(1)
    # 5 % of all visitors, which here are 80 % of the way to everybody.
    assert min(shares.values()) >= 0.05 / 0.8 - 1e-9
    epochs = allocation_epochs(made.id)
    assert {epoch.control_share for epoch in epochs} == {0.2}
    # What changed little made no epoch of its own.
    assert 1 < len(epochs) < 9
    assert Experience.objects.get(id=made.id).version == made.version

    steps = list(OptimizationStep.objects.filter(segment__experience=made))
    assert len(steps) == 8
    assert sum(step.outcome == OptimizationOutcome.CHANGED for step in steps) == len(epochs) - 1
    assert {step.goal for step in steps} == {LOGIN}
    last = steps[-1]
    bold = str(ids(made)["Bold"])
    assert last.chances[bold] > 0.95
    assert last.shares[bold] == pytest.approx(shares["Bold"])
    assert sum(visitors for visitors, _ in last.counted.values()) == pytest.approx(8 * 900 * 0.8, rel=0.05)

    # Analysed within epochs, the results hold what is true: Bold doubles the rate.
    found = results(made.id, embedded_store, LAUNCH + 9 * DAY)
    assert found.primary is not None
    by_name = {one.name: one.finding for one in found.primary.segments[0].variations}
    for name, truth in (("Calm", 0.0), ("Bold", 1.0), ("Loud", -0.5)):
        lift, fixed = by_name[name].lift, by_name[name].fixed_lift
        assert isinstance(lift, Estimate)
        assert isinstance(fixed, Estimate)
        assert lift.low <= truth <= lift.high
        assert fixed.low <= truth <= fixed.high
    assert by_name["Bold"].verdict == "better"
    assert found.allocation.changed == len(epochs) - 1
    assert advice(found).endswith("In “Small company”, “Bold” does best so far.")


def test_one_of_several_workers_looks_once_a_day(embedded_store: EventStore) -> None:
    made = learning()
    visitors_come(embedded_store, made, LAUNCH, 1_500, np.random.default_rng(2))
    looks = [optimize_due(embedded_store, LAUNCH + DAY + timedelta(seconds=second)) for second in range(3)]
    assert looks == [1, 0, 0]
    assert Optimization.objects.get(experience=made).next_at == LAUNCH + 2 * DAY
    epochs = AllocationEpoch.objects.filter(experience=made).count()
    # The same counts again say the same: no epoch more.
    assert optimize_due(embedded_store, LAUNCH + 2 * DAY) == 1
    assert AllocationEpoch.objects.filter(experience=made).count() == epochs == 2


def test_a_worker_that_died_in_between_is_followed_by_another(embedded_store: EventStore) -> None:
    made = learning()

    class Broken:
        def results_by_day(self, _: object) -> list[object]:
            raise ConnectionError("the event store went away")

    with pytest.raises(ConnectionError):
        optimize_due(Broken(), LAUNCH + DAY)  # type: ignore[arg-type]
    assert optimize_due(embedded_store, LAUNCH + DAY + timedelta(minutes=9)) == 0
    assert optimize_due(embedded_store, LAUNCH + DAY + timedelta(minutes=10)) == 1
    assert OptimizationStep.objects.filter(segment__experience=made).count() == 1


def test_nothing_is_learned_from_too_little(embedded_store: EventStore) -> None:
    made = learning()
    random = np.random.default_rng(3)
    visitors_come(embedded_store, made, LAUNCH, 1_500, random)
    optimize_due(embedded_store, LAUNCH + timedelta(hours=23))
    visitors_come(embedded_store, made, LAUNCH + DAY, 100, random)
    few = learning()
    visitors_come(embedded_store, few, LAUNCH, 200, random)
    none = learning()
    visitors_come(embedded_store, none, LAUNCH, 1_000, random, rates=dict.fromkeys(RATES, 0.0))
    optimize_due(embedded_store, LAUNCH + timedelta(hours=24))
    said = {step.segment.experience_id: step.note for step in OptimizationStep.objects.select_related("segment")}
    assert said[made.id] == "shared evenly until more is known: it has run for less than a day"
    assert said[few.id].startswith("shared evenly until more is known: a variation has ")
    assert said[none.id] == "shared evenly until more is known: the variations have 0 of 25 conversions"
    for one in (made, few, none):
        assert split(one) == pytest.approx(dict.fromkeys(NAMES, 1 / 3))
        assert len(allocation_epochs(one.id)) == 1


def test_weights_set_by_hand_become_even_ones_before_they_are_learned(embedded_store: EventStore) -> None:
    made = learning(allocation="manual", weights=(8, 1, 1))
    assert optimize_due(embedded_store, LAUNCH + DAY) == 0
    segment = made.segments.get()
    segment.allocation = "optimize"
    segment.save()
    optimize_due(embedded_store, LAUNCH + DAY)
    assert split(made) == pytest.approx(dict.fromkeys(NAMES, 1 / 3))
    assert OptimizationStep.objects.get(segment=segment).outcome == OptimizationOutcome.CHANGED


def test_what_is_not_live_stays_as_it_is(embedded_store: EventStore) -> None:
    paused, promoted, archived = learning(), learning(), learning()
    for place, made in enumerate((paused, promoted, archived)):
        visitors_come(embedded_store, made, LAUNCH, 1_500, np.random.default_rng(4 + place))
    pause_experience(paused.workspace_id, paused.id)
    promote_experience(promoted.workspace_id, promoted.id, now=LAUNCH + DAY)
    archive_experience(archived.workspace_id, archived.id)
    before = {made.id: split(made) for made in (paused, promoted, archived)}
    assert optimize_due(embedded_store, LAUNCH + 2 * DAY) == 0
    assert {made.id: split(made) for made in (paused, promoted, archived)} == before
    assert not OptimizationStep.objects.exists()
    # It goes on where it was once it is live again.
    resume_experience(paused.workspace_id, paused.id, now=LAUNCH + 3 * DAY)
    assert optimize_due(embedded_store, LAUNCH + 3 * DAY) == 1
    assert split(paused)["Bold"] > 0.5


def test_what_was_stopped_while_it_was_counted_stays(embedded_store: EventStore) -> None:
    made = learning()
    visitors_come(embedded_store, made, LAUNCH, 1_500, np.random.default_rng(8))

    class Slow:
        def results_by_day(self, query: object) -> object:
            pause_experience(made.workspace_id, made.id)
            return embedded_store.results_by_day(query)  # type: ignore[arg-type]

    assert optimize_due(Slow(), LAUNCH + DAY) == 1  # type: ignore[arg-type]
    assert split(made) == pytest.approx(dict.fromkeys(NAMES, 1 / 3))
    assert not OptimizationStep.objects.exists()


def test_a_goal_that_adds_up_is_learned_by_its_mean(embedded_store: EventStore) -> None:
    made = learning()
    Goal.objects.filter(workspace_id=made.workspace_id).update(value="revenue")
    visitors_come(embedded_store, made, LAUNCH, 4_000, np.random.default_rng(9), value="revenue")
    optimize_due(embedded_store, LAUNCH + DAY)
    assert split(made)["Bold"] > 0.7
