"""Other signs that a result is not what it seems: visitors in several variations, and a lift that wears off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pitcairn.stats.arms import Arm, NotComputable, Reason, together

CROSSOVER_WARNING = 0.01
CROSSOVER_BLOCK = 0.05
_CROSSED_AT_LEAST = 10
WEEK = 7
NOVELTY_ALPHA = 0.01


class Crossing(StrEnum):
    """What is to be thought of visitors who were seen in more than one variation."""

    FEW = "few"
    SOME = "some"
    TOO_MANY = "too_many"


class Crossover(msgspec.Struct, frozen=True):
    """The share of visitors seen in several variations. They count where they were first: dropping them biases."""

    rate: float
    crossing: Crossing


def crossover(several: int, everyone: int) -> Crossover | NotComputable:
    """`several` of `everyone` were seen in more than one variation; fewer than ten never alarm."""
    if not 0 <= several <= everyone:
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if everyone == 0:
        return NotComputable(Reason.NO_VISITORS)
    rate = several / everyone
    if several < _CROSSED_AT_LEAST or rate < CROSSOVER_WARNING:
        return Crossover(rate, Crossing.FEW)
    return Crossover(rate, Crossing.TOO_MANY if rate > CROSSOVER_BLOCK else Crossing.SOME)


class Wear(StrEnum):
    """How the lift changes with the days since the first exposure."""

    STEADY = "steady"
    WEARS_OFF = "wears_off"
    GROWS = "grows"


class Novelty(msgspec.Struct, frozen=True, kw_only=True):
    """The lift in the first and the second week after the first exposure, and whether they differ by more than chance."""

    wear: Wear
    first: float
    second: float
    p_value: float


def novelty(days: Sequence[tuple[Arm, Arm]]) -> Novelty | NotComputable:
    """Compares weeks one and two by days since first exposure.

    Each day has the (control, treatment) visitors who were watched on that day after their first exposure, and how many
    of them converted on it. The logarithms of both ratios are compared, so that a week of higher rates alone is no change.
    """
    if any(not arm.possible for pair in days for arm in pair):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    weeks = [_log_ratio(days[:WEEK]), _log_ratio(days[WEEK : 2 * WEEK])]
    if len(days) < 2 * WEEK or weeks[0] is None or weeks[1] is None:
        return NotComputable(Reason.TOO_FEW_CONVERSIONS)
    (first, variance), (second, other) = weeks[0], weeks[1]
    p_value = math.erfc(abs(second - first) / math.sqrt(2 * (variance + other)))
    wear = Wear.STEADY
    if p_value < NOVELTY_ALPHA:
        wear = Wear.GROWS if second > first else Wear.WEARS_OFF
    return Novelty(wear=wear, first=math.expm1(first), second=math.expm1(second), p_value=p_value)


def _log_ratio(days: Sequence[tuple[Arm, Arm]]) -> tuple[float, float] | None:
    """The logarithm of the ratio of rates with its variance; None with fewer than five conversions in an arm."""
    control, treatment = together(pair[0] for pair in days), together(pair[1] for pair in days)
    if min(control.converted, treatment.converted) < 5:
        return None
    ratio = math.log(treatment.converted / treatment.visitors) - math.log(control.converted / control.visitors)
    variance = 1 / control.converted - 1 / control.visitors + 1 / treatment.converted - 1 / treatment.visitors
    return ratio, max(variance, 1e-300)
