"""What to do now: one word, one reason, and what to keep in mind."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pitcairn.stats.analysis import Analysis, Variation
from pitcairn.stats.arms import Estimate, Interval, NotComputable, Number
from pitcairn.stats.health import CROSSOVER_BLOCK, CROSSOVER_WARNING, Crossing, Crossover, Novelty, Wear
from pitcairn.stats.split import Split

FULL_DAYS = 7
ENOUGH_CONVERTED = 25
SUSPICIOUS_LIFT = 0.5
NEGLIGIBLE_LIFT = 0.05


class Decision(StrEnum):
    """What to do."""

    WAIT = "wait"
    REPAIR = "repair"
    CHOOSE = "choose"
    KEEP_CONTROL = "keep_control"
    EITHER = "either"
    UNDECIDED = "undecided"


class Because(StrEnum):
    """Why; the text can stand on a page."""

    SPLIT_MISMATCH = "the arms did not get the visitors they were meant to get, so their results cannot be compared"
    TOO_MANY_CROSSED = "too many visitors were seen in several variations"
    TOO_FEW_DAYS = "weekdays differ, and it has not run for 7 full days"
    TOO_FEW_CONVERSIONS = "the smaller arm has fewer than 25 conversions"
    GUARDRAIL_HARMED = "a guardrail goal got worse"
    BETTER = "the variation does better than the control by more than chance allows"
    WORSE = "the variation does worse than the control by more than chance allows"
    LITTLE_DIFFERENCE = "whatever difference there is, it is small"
    NOT_CLEAR_YET = "no difference and a real difference are both still possible"
    PLAN_ENDED = "the planned number of visitors was reached without a clear difference"


class Caution(StrEnum):
    """What to keep in mind whatever the decision is."""

    SUSPICIOUS_LIFT = "a lift above 50 % is usually a fault of the measurement"
    SPLIT_DOUBTFUL = "the split is somewhat off"
    SOME_CROSSED = "some visitors were seen in several variations"
    WEARS_OFF = "the lift of the first week wears off in the second"
    GUARDRAIL_HARMED = "a guardrail goal got worse"


class Guardrail(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that must not get worse: the running interval of its lift."""

    name: str
    lift: Interval | NotComputable
    more_is_better: bool = True

    @property
    def harmed(self) -> bool:
        if isinstance(self.lift, NotComputable):
            return False
        if self.more_is_better:
            return self.lift.below_zero
        return self.lift.low > 0


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on.

    `p_value`, `lift` and `interval` are of the primary goal; the p-value and the interval always-valid, unless there was
    one look only, at the planned end. `planned_reached` says that the planned number of visitors is there.
    """

    full_days: int
    conversions_in_smaller: int
    split: Split
    p_value: Number
    lift: Estimate | NotComputable
    interval: Interval | NotComputable
    alpha: float = 0.05
    crossover: float = 0.0
    guardrails: tuple[Guardrail, ...] = ()
    novelty: Novelty | None = None
    planned_reached: bool = False


class Recommendation(msgspec.Struct, frozen=True):
    """The decision, its one reason, and cautions."""

    decision: Decision
    because: Because
    cautions: tuple[Caution, ...] = ()


def evidence_of(
    analysis: Analysis,
    variation: Variation,
    *,
    full_days: int,
    crossover: Crossover | NotComputable | None = None,
    guardrails: Sequence[Guardrail] = (),
    novelty: Novelty | NotComputable | None = None,
    planned_reached: bool = False,
) -> Evidence:
    """What an analysis says, put together for `recommend`."""
    return Evidence(
        full_days=full_days,
        conversions_in_smaller=variation.conversions_in_smaller,
        split=analysis.split.split,
        p_value=variation.adjusted_always_p_value,
        lift=variation.comparison.lift,
        interval=variation.always.running,
        alpha=analysis.alpha,
        crossover=crossover.rate
        if isinstance(crossover, Crossover) and crossover.crossing is not Crossing.FEW
        else 0.0,
        guardrails=tuple(guardrails),
        novelty=novelty if isinstance(novelty, Novelty) else None,
        planned_reached=planned_reached,
    )


def recommend(evidence: Evidence) -> Recommendation:
    """Faults first, then whether it is too early, then what the evidence says; the first that applies is the reason."""
    decision, because = _decided(evidence)
    return Recommendation(decision, because, tuple(_cautions(evidence)))


def _decided(evidence: Evidence) -> tuple[Decision, Because]:
    if evidence.split is Split.MISMATCH:
        return Decision.REPAIR, Because.SPLIT_MISMATCH
    if evidence.crossover > CROSSOVER_BLOCK:
        return Decision.REPAIR, Because.TOO_MANY_CROSSED
    if evidence.full_days < FULL_DAYS:
        return Decision.WAIT, Because.TOO_FEW_DAYS
    if evidence.conversions_in_smaller < ENOUGH_CONVERTED:
        return Decision.WAIT, Because.TOO_FEW_CONVERSIONS
    if any(guardrail.harmed for guardrail in evidence.guardrails):
        return Decision.KEEP_CONTROL, Because.GUARDRAIL_HARMED
    interval = evidence.interval
    if isinstance(evidence.p_value, float) and evidence.p_value < evidence.alpha:
        # The interval and not the estimate has the direction: it is what the p-value belongs to.
        if isinstance(interval, Interval) and interval.low > 0:
            return Decision.CHOOSE, Because.BETTER
        if isinstance(interval, Interval) and interval.below_zero:
            return Decision.KEEP_CONTROL, Because.WORSE
    if isinstance(interval, Interval) and interval.within(NEGLIGIBLE_LIFT):
        return Decision.EITHER, Because.LITTLE_DIFFERENCE
    if evidence.planned_reached:
        return Decision.UNDECIDED, Because.PLAN_ENDED
    return Decision.WAIT, Because.NOT_CLEAR_YET


def _cautions(evidence: Evidence) -> list[Caution]:
    found = []
    if isinstance(evidence.lift, Estimate) and abs(evidence.lift.value) > SUSPICIOUS_LIFT:
        found.append(Caution.SUSPICIOUS_LIFT)
    if evidence.split is Split.DOUBTFUL:
        found.append(Caution.SPLIT_DOUBTFUL)
    if CROSSOVER_WARNING <= evidence.crossover <= CROSSOVER_BLOCK:
        found.append(Caution.SOME_CROSSED)
    if evidence.novelty is not None and evidence.novelty.wear is Wear.WEARS_OFF:
        found.append(Caution.WEARS_OFF)
    if any(guardrail.harmed for guardrail in evidence.guardrails):
        found.append(Caution.GUARDRAIL_HARMED)
    return found
