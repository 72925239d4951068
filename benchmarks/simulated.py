"""Experiments by the ten thousand: counts drawn from a seed, and the product's statistics on whole arrays of them.

The array versions exist because a simulation asks them millions of times. `check` compares them with the product on some
of the same counts and stops the simulation when they differ, so that it is the product that is simulated.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pitcairn import stats

Counts: TypeAlias = NDArray[np.int64]
Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
CONCENTRATION = 100.0


class Arms:
    """Cumulative visitors and conversions of two arms: one row for each run, one column for each look."""

    def __init__(
        self, control: Counts, treatment: Counts, control_converted: Counts, treatment_converted: Counts
    ) -> None:
        self.control, self.treatment = control, treatment
        self.control_converted, self.treatment_converted = control_converted, treatment_converted

    def pair(self, run: int, look: int) -> tuple[stats.Arm, stats.Arm]:
        return (
            stats.Arm(int(self.control[run, look]), int(self.control_converted[run, look])),
            stats.Arm(int(self.treatment[run, look]), int(self.treatment_converted[run, look])),
        )


def drawn(
    seed: int, runs: int, looks: int, visitors: int, control_share: float, rate: float, lift: float = 0.0
) -> Arms:
    """Every look brings `visitors`, of whom each is assigned by chance and converts by chance."""
    random = np.random.default_rng(seed)
    control = random.binomial(visitors, control_share, (runs, looks))
    treatment = visitors - control
    control_converted = random.binomial(control, rate)
    treatment_converted = random.binomial(treatment, rate * (1 + lift))
    return Arms(*(np.cumsum(part, axis=1) for part in (control, treatment, control_converted, treatment_converted)))


def log_evidence(control: Counts, treatment: Counts, control_share: float, lift: float = 0.0) -> Numbers:
    """The evidence of the always-valid test against this lift."""
    prior = CONCENTRATION * control_share, CONCENTRATION * (1 - control_share)
    mixture = special.betaln(prior[0] + control, prior[1] + treatment) - special.betaln(*prior)
    treated = (1 - control_share) * (1 + lift)
    share = treated / (control_share + treated)
    found: Numbers = mixture - control * math.log1p(-share) - treatment * math.log(share)
    return found


def score(arms: Arms) -> Numbers:
    """The score test's statistic; 0 where nothing can be compared."""
    visitors = arms.control + arms.treatment
    pooled = (arms.control_converted + arms.treatment_converted) / visitors
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = pooled * (1 - pooled) * (1 / arms.control + 1 / arms.treatment) * visitors / (visitors - 1)
        gap = arms.treatment_converted / arms.treatment - arms.control_converted / arms.control
        statistic: Numbers = np.nan_to_num(gap / np.sqrt(variance))
    return statistic


def check(arms: Arms, control_share: float) -> None:
    """Raises RuntimeError when the array versions and the product do not say the same."""
    evidence = log_evidence(arms.control_converted, arms.treatment_converted, control_share)
    statistic = score(arms)
    runs, looks = evidence.shape
    for run in range(0, runs, max(1, runs // 20)):
        look = run % looks
        control, treatment = arms.pair(run, look)
        counted = stats.Counts((control_share, 1 - control_share), (control.converted, treatment.converted))
        found = stats.always_valid([[counted]])
        if isinstance(found, stats.NotComputable) or not math.isclose(
            found[0].log_e, evidence[run, look], rel_tol=1e-6, abs_tol=1e-8
        ):
            raise RuntimeError(f"the evidence of {counted} is {found}, in the simulation {evidence[run, look]}")
        p_value = stats.compare(control, treatment).p_value
        simulated = math.erfc(abs(statistic[run, look]) / math.sqrt(2))
        if not isinstance(p_value, float) or not math.isclose(p_value, simulated, rel_tol=1e-6, abs_tol=1e-12):
            raise RuntimeError(f"the p-value of {control} and {treatment} is {p_value}, in the simulation {simulated}")


def ever(hits: Flags) -> float:
    """The share of runs with a hit at any look."""
    return float(hits.any(axis=1).mean())


def error(share: float, runs: int) -> float:
    """The standard error of a simulated share."""
    return math.sqrt(max(share * (1 - share), 1e-4) / runs)
