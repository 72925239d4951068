"""How many visitors a test needs, what it can find with those it gets, and how long that takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from statistics import NormalDist

import msgspec

from pitcairn.stats.arms import NotComputable, Number, Reason
from pitcairn.stats.crossing import crossed
from pitcairn.stats.eprocess import CONCENTRATION, Counts, log_evidence
from pitcairn.stats.level import z_of
from pitcairn.stats.roots import bracketed_root

_STANDARD = NormalDist()
MOST_VISITORS = 1e12
DAYS_AT_LEAST = 7
LOOKS = 30
"""How often a sequential test is looked at in the plan; more looks change its power by little."""


class Null(StrEnum):
    """The variance that a test takes for granted when it asks whether there is a difference.

    `POOLED`: that of equal rates, as the score test has it. `UNPOOLED`: that of the rates themselves.
    """

    POOLED = "pooled"
    UNPOOLED = "unpooled"


class Design(msgspec.Struct, frozen=True, kw_only=True):
    """A test to be planned.

    `baseline` is the control's rate, `alpha` the risk of a false positive (two-sided), `power` the probability to find what
    is there, `control_share` the control's share of the visitors of both arms.
    """

    baseline: float
    alpha: float = 0.05
    power: float = 0.8
    control_share: float = 0.5

    def __post_init__(self) -> None:
        """Raises ValueError for what no test can have."""
        z_of(self.alpha)
        if not 0 < self.baseline < 1:
            raise ValueError(f"the control's rate is {self.baseline}; give a share between 0 and 1, such as 0.05")
        if not 0 < self.control_share < 1:
            raise ValueError(f"the control's share is {self.control_share}; give a share between 0 and 1, such as 0.5")
        if not self.alpha < self.power < 1:
            raise ValueError(f"the power is {self.power}; give a share between alpha and 1, such as 0.8")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a test needs: visitors in all, in the control and in the treatment."""

    visitors: int
    control: int
    treatment: int


def power(design: Design, lift: float, control: float, treatment: float, *, null: Null = Null.POOLED) -> float:
    """The probability that a test of one look is significant at this lift, in either direction.

    `control` and `treatment` are numbers of visitors.
    """
    other = design.baseline * (1 + lift)
    if not 0 < other < 1 or min(control, treatment) <= 0:
        return 0.0
    real = math.sqrt(_variance(design.baseline) / control + _variance(other) / treatment)
    assumed = real
    if null is Null.POOLED:
        pooled = (design.baseline * control + other * treatment) / (control + treatment)
        assumed = math.sqrt(_variance(pooled) * (1 / control + 1 / treatment))
    distance = abs(other - design.baseline)
    reach = z_of(design.alpha) * assumed
    return _STANDARD.cdf((distance - reach) / real) + _STANDARD.cdf((-distance - reach) / real)


def sample_size(design: Design, lift: float, *, null: Null = Null.POOLED) -> Plan | NotComputable:
    """The visitors that a test of one look needs to find this lift (R's `power.prop.test`, for uneven splits too)."""
    control = control_size(design, lift, null=null)
    if isinstance(control, NotComputable):
        return control
    treatment_per_control = (1 - design.control_share) / design.control_share
    rounded = math.ceil(control)
    treatment = math.ceil(rounded * treatment_per_control)
    return Plan(visitors=rounded + treatment, control=rounded, treatment=treatment)


def control_size(design: Design, lift: float, *, null: Null = Null.POOLED) -> Number:
    """The visitors in the control, not rounded."""
    other = design.baseline * (1 + lift)
    if other == design.baseline or not 0 < other < 1:
        return NotComputable(Reason.OUT_OF_REACH)
    ratio = (1 - design.control_share) / design.control_share
    real = math.sqrt(_variance(design.baseline) + _variance(other) / ratio)
    assumed = real
    if null is Null.POOLED:
        pooled = (design.baseline + ratio * other) / (1 + ratio)
        assumed = math.sqrt(_variance(pooled) * (1 + 1 / ratio))
    reach = z_of(design.alpha) * assumed + _STANDARD.inv_cdf(design.power) * real
    needed = (reach / (other - design.baseline)) ** 2
    return needed if needed <= MOST_VISITORS else NotComputable(Reason.OUT_OF_REACH)


def detectable_lift(design: Design, control: float, treatment: float, *, null: Null = Null.POOLED) -> Number:
    """The smallest increase that a test of one look with so many visitors finds with the design's power."""
    if min(control, treatment) <= 0:
        return NotComputable(Reason.NO_TRAFFIC)
    return _smallest_lift(design, lambda lift: power(design, lift, control, treatment, null=null))


def sequential_power(design: Design, lift: float, visitors: float, *, looks: int = LOOKS) -> float:
    """The probability that the always-valid test finds this lift at any of its looks, the last after all `visitors`."""
    other = design.baseline * (1 + lift)
    if not 0 < other <= 1 or visitors <= 0:
        return 0.0
    shares = (design.control_share, 1 - design.control_share)
    conversions = (shares[0] * design.baseline, shares[1] * other)
    each = sum(conversions) * visitors / looks
    treated = conversions[1] / sum(conversions)
    bars = [_bars(shares, each * look, -math.log(design.alpha)) for look in range(1, looks + 1)]
    return crossed(bars, [(each * treated, each * treated * (1 - treated))] * looks)


def sequential_size(design: Design, lift: float, *, looks: int = LOOKS) -> Plan | NotComputable:
    """The visitors after which the always-valid test has found this lift with the design's power."""
    fixed = sample_size(design, lift)
    if isinstance(fixed, NotComputable):
        return fixed
    low = high = float(fixed.visitors)
    while sequential_power(design, lift, high, looks=looks) < design.power:
        low, high = high, high * 1.5
        if high > MOST_VISITORS:
            return NotComputable(Reason.OUT_OF_REACH)
    while sequential_power(design, lift, low, looks=looks) >= design.power and low > 2:
        low, high = low / 1.5, low
    visitors = math.exp(
        bracketed_root(
            lambda size: sequential_power(design, lift, math.exp(size), looks=looks) - design.power,
            math.log(low),
            math.log(high),
            precision=1e-6,
        )
    )
    control = math.ceil(visitors * design.control_share)
    treatment = math.ceil(visitors * (1 - design.control_share))
    return Plan(visitors=control + treatment, control=control, treatment=treatment)


def sequential_detectable_lift(design: Design, visitors: float, *, looks: int = LOOKS) -> Number:
    """The smallest increase that the always-valid test with so many visitors finds with the design's power."""
    if visitors <= 0:
        return NotComputable(Reason.NO_TRAFFIC)
    return _smallest_lift(design, lambda lift: sequential_power(design, lift, visitors, looks=looks), precision=1e-6)


class Duration(msgspec.Struct, frozen=True):
    """How long a plan takes: `days` until its visitors are there, and `whole_weeks`, in days, to let it run for."""

    days: int
    whole_weeks: int


def duration(visitors: int, visitors_a_day: float) -> Duration | NotComputable:
    """Never less than a week, and whole weeks, because weekdays differ."""
    if not visitors_a_day > 0 or math.isinf(visitors_a_day):
        return NotComputable(Reason.NO_TRAFFIC)
    days = visitors / visitors_a_day
    if days > MOST_VISITORS:
        return NotComputable(Reason.OUT_OF_REACH)
    return Duration(math.ceil(days), max(DAYS_AT_LEAST, math.ceil(days / 7) * 7))


def remaining_visitors(effect: float, error: float, units: int, *, alpha: float = 0.05, power: float = 0.8) -> Number:
    """How many more visitors a test of one look needs to find `effect`, at the standard error that `units` have given."""
    if effect == 0 or error <= 0 or units <= 0:
        return NotComputable(Reason.OUT_OF_REACH)
    needed = (z_of(alpha) + _STANDARD.inv_cdf(power)) ** 2 * (error / effect) ** 2 * units
    if not needed <= MOST_VISITORS:
        return NotComputable(Reason.OUT_OF_REACH)
    return float(max(0, math.ceil(needed) - units))


def _variance(rate: float) -> float:
    return rate * (1 - rate)


def _smallest_lift(design: Design, found: Callable[[float], float], *, precision: float | None = None) -> Number:
    most = 1 / design.baseline - 1
    high = 1e-4
    while high < most and found(high) < design.power:
        high *= 2
    high = min(high, most * (1 - 1e-12))
    if found(high) < design.power:
        return NotComputable(Reason.OUT_OF_REACH)
    if high == 1e-4:
        low = 0.0
    else:
        low = high / 2
        if found(low) >= design.power:
            low = 0.0

    def excess(lift: float) -> float:
        return found(lift) - design.power

    return (
        bracketed_root(excess, high, low)
        if precision is None
        else bracketed_root(excess, high, low, precision=precision)
    )


def _bars(shares: tuple[float, float], conversions: float, evidence: float) -> tuple[float, float]:
    """The numbers of treated conversions at which the evidence reaches the bar; beyond all of them where none does."""

    def excess(treated: float) -> float:
        counted = Counts(shares, (conversions - treated, treated))
        found = log_evidence([counted], concentration=CONCENTRATION)
        return (found if isinstance(found, float) else 0.0) - evidence

    middle = shares[1] * conversions
    low = bracketed_root(excess, middle, 0.0, precision=1e-6) if excess(0.0) > 0 else -math.inf
    high = bracketed_root(excess, middle, conversions, precision=1e-6) if excess(conversions) > 0 else math.inf
    return low, high
