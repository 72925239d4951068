"""Whether the arms got the visitors that they were meant to get: the sample ratio.

`check_split` is for one look, by chi-square or exactly; `check_split_at_looks` for as many as anybody likes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import msgspec
import numpy as np

from pitcairn.stats.arms import NotComputable, Number, Reason
from pitcairn.stats.distributions import binomial_two_sided, chi_square_above
from pitcairn.stats.eprocess import SPLIT_CONCENTRATION, Counts, Look, log_evidence

ALARM = 0.001
DOUBT = 0.01
SMALLEST_DEVIATION = 0.001
"""A tenth of a percentage point: with enough visitors less than this is found too, and changes no result."""

FEW_VISITORS = 1_000
LEAST_EXPECTED = 5
"""Visitors to expect in every arm before chi-square is more than a guess."""


class Split(StrEnum):
    """What is to be thought of the split."""

    AS_SET = "as_set"
    DOUBTFUL = "doubtful"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class SplitCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The visitors of all arms against the split.

    `p_value` is the probability of a split at least as far off by chance; from the exact binomial distribution for two arms
    with fewer than `FEW_VISITORS`, else from `chi_square` with `freedom`. `deviation` is the largest distance of an arm's
    share of visitors from the one it should have (0.01: one percentage point). It is a mismatch below `ALARM` with at least
    `SMALLEST_DEVIATION`, doubtful below `DOUBT`, and unknown where there are too few to tell: without visitors, with fewer
    than `LEAST_EXPECTED` to expect in an arm, or where not even the most uneven split would be a mismatch.
    `unplanned` says that an arm with a share of 0 has visitors: always a mismatch.
    """

    split: Split
    chi_square: Number
    freedom: int
    p_value: Number
    deviation: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    unplanned: bool = False
    always_p_value: Number = NotComputable(Reason.NOT_COMPARABLE)
    """Of `check_split_at_looks` only: it holds at every look."""
    at_one_look: Split = Split.UNKNOWN
    """What the check of one look says; the same as `split` where there was but one."""


def check_split_at_looks(looks: Sequence[Look], *, alarms: int = 1) -> SplitCheck | NotComputable:
    """The split where somebody looks again and again: judged by the e-process, so that every look is as safe as one.

    Each look is cumulative, the last the present. `p_value` and `at_one_look` stay those of the present alone.
    `alarms` is how many such checks stand beside each other: the bars are that much lower for each.
    """
    if not looks:
        return NotComputable(Reason.NO_VISITORS)
    now = check_split(looks[-1])
    evidence = split_evidence(looks)
    if isinstance(now, NotComputable):
        return now
    if isinstance(evidence, NotComputable):
        return evidence
    always = min(1.0, evidence[-1][1] * alarms)
    # An alarm needs no least number of visitors here; to say that all is well does.
    known = now.at_one_look is not Split.UNKNOWN
    split = _judged(always, now.deviation, enough=known or always < DOUBT, unplanned=now.unplanned)
    return msgspec.structs.replace(now, split=split, always_p_value=always)


def check_split(epochs: Look) -> SplitCheck | NotComputable:
    """The split of all epochs together: what arms got beyond their shares in one may be made up in no other."""
    if not epochs or len({len(epoch.counts) for epoch in epochs}) > 1 or not all(epoch.possible for epoch in epochs):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    observed = tuple(int(sum(epoch.counts[arm] for epoch in epochs)) for arm in range(len(epochs[0].counts)))
    shares = [_normalized(epoch) for epoch in epochs]
    # Visitors whom no split gave to their arm are no visitors of the split.
    sizes = [
        sum(count for count, part in zip(epoch.counts, share, strict=True) if part > 0)
        for epoch, share in zip(epochs, shares, strict=True)
    ]
    expected = tuple(
        math.fsum(size * share[arm] for size, share in zip(sizes, shares, strict=True)) for arm in range(len(observed))
    )
    planned = [arm for arm in range(len(observed)) if any(share[arm] > 0 for share in shares)]
    freedom = max(0, len(planned) - 1)
    unplanned = any(
        count and not share[arm]
        for epoch, share in zip(epochs, shares, strict=True)
        for arm, count in enumerate(epoch.counts)
    )
    visitors = sum(observed)
    if sum(sizes) == 0 or freedom == 0:
        nothing = NotComputable(Reason.NO_VISITORS if visitors == 0 else Reason.NOT_COMPARABLE)
        return SplitCheck(
            split=Split.MISMATCH if unplanned else Split.UNKNOWN,
            at_one_look=Split.MISMATCH if unplanned else Split.UNKNOWN,
            chi_square=nothing,
            freedom=freedom,
            p_value=nothing,
            deviation=0.0,
            observed=observed,
            expected=expected,
            unplanned=unplanned,
        )
    statistic = _chi_square(sizes, shares, observed, expected, planned)
    p_value = chi_square_above(statistic, freedom)
    enough = min(expected[arm] for arm in planned) >= LEAST_EXPECTED
    if len(planned) == 2 and len(epochs) == 1 and visitors < FEW_VISITORS:
        first, both = planned[0], observed[planned[0]] + observed[planned[1]]
        p_value = exact_split_p_value(observed[first], both, shares[0][first])
        enough = min(exact_split_p_value(end, both, shares[0][first]) for end in (0, both)) < ALARM
    deviation = max(abs(got - meant) for got, meant in zip(observed, expected, strict=True)) / visitors
    judged = _judged(p_value, deviation, enough=enough, unplanned=unplanned)
    return SplitCheck(
        split=judged,
        at_one_look=judged,
        chi_square=statistic,
        freedom=freedom,
        p_value=p_value,
        deviation=deviation,
        observed=observed,
        expected=expected,
        unplanned=unplanned,
    )


def exact_split_p_value(count: int, both: int, share: float) -> float:
    """The exact two-sided probability of `count` of `both` visitors in an arm that should get `share` of them."""
    return binomial_two_sided(count, both, share)


def split_evidence(
    looks: Sequence[Look], *, concentration: float = SPLIT_CONCENTRATION
) -> list[tuple[float, float]] | NotComputable:
    """For every look the logarithm of the evidence against the split, and the smallest p-value of all looks so far.

    The p-value falls below 0.001 at any look, however many there are, in at most one of a thousand sound experiments.
    """
    found: list[tuple[float, float]] = []
    highest = 0.0
    for look in looks:
        evidence = log_evidence(look, concentration=concentration)
        if isinstance(evidence, NotComputable):
            return evidence
        highest = max(highest, evidence)
        found.append((evidence, math.exp(-highest)))
    return found


def _normalized(epoch: Counts) -> tuple[float, ...]:
    whole = math.fsum(epoch.shares)
    return tuple(share / whole for share in epoch.shares) if whole > 0 else epoch.shares


def _chi_square(
    sizes: Sequence[float],
    shares: Sequence[tuple[float, ...]],
    observed: Sequence[int],
    expected: Sequence[float],
    planned: Sequence[int],
) -> float:
    """Pearson's statistic; over several epochs, of the summed deviations with their summed covariance."""
    if len(sizes) == 1:
        return math.fsum((observed[arm] - expected[arm]) ** 2 / expected[arm] for arm in planned)
    # One arm is left out, because it is what the others leave.
    kept = list(planned[:-1])
    away = np.array([observed[arm] - expected[arm] for arm in kept])
    spread = np.zeros((len(kept), len(kept)))
    for size, share in zip(sizes, shares, strict=True):
        part = np.array([share[arm] for arm in kept])
        spread += size * (np.diag(part) - np.outer(part, part))
    solution = np.linalg.lstsq(spread, away, rcond=None)[0]
    return max(0.0, float(away @ solution))


def _judged(p_value: float, deviation: float, *, enough: bool, unplanned: bool) -> Split:
    if unplanned or (enough and p_value < ALARM and deviation >= SMALLEST_DEVIATION):
        return Split.MISMATCH
    if not enough:
        return Split.UNKNOWN
    return Split.DOUBTFUL if p_value < DOUBT and deviation >= SMALLEST_DEVIATION else Split.AS_SET
