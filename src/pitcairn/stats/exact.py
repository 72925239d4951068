"""Exact tests for a handful of visitors."""

from __future__ import annotations

import math

from pitcairn.stats.arms import Arm, NotComputable, Number, Reason
from pitcairn.stats.distributions import boschloo_two_sided

FEW_VISITORS = 50
"""Above this number in both arms the score test is as good; Boschloo's takes seconds for a thousand."""

_FUZZ = 1 + 1e-7


def exact_p_value(control: Arm, treatment: Arm) -> Number:
    """Boschloo's p-value where an arm has at most `FEW_VISITORS`, and nothing to be said elsewhere."""
    if not (control.possible and treatment.possible):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if control.visitors == 0 or treatment.visitors == 0:
        return NotComputable(Reason.CONTROL_EMPTY if control.visitors == 0 else Reason.TREATMENT_EMPTY)
    if max(control.visitors, treatment.visitors) > FEW_VISITORS:
        return NotComputable(Reason.TOO_MANY)
    if control.converted + treatment.converted in {0, control.visitors + treatment.visitors}:
        return NotComputable(Reason.NO_VARIATION)
    table = [
        [control.converted, treatment.converted],
        [control.visitors - control.converted, treatment.visitors - treatment.converted],
    ]
    return boschloo_two_sided(table)


def fisher_p_value(control: Arm, treatment: Arm) -> Number:
    """Fisher's two-sided p-value, from whole numbers: never too small, and far too large for small arms."""
    if not (control.possible and treatment.possible):
        return NotComputable(Reason.IMPOSSIBLE_COUNTS)
    if control.visitors + treatment.visitors > 2 * FEW_VISITORS:
        return NotComputable(Reason.TOO_MANY)
    converted = control.converted + treatment.converted

    def ways(in_control: int) -> int:
        return math.comb(control.visitors, in_control) * math.comb(treatment.visitors, converted - in_control)

    observed = ways(control.converted)
    possible = range(max(0, converted - treatment.visitors), min(converted, control.visitors) + 1)
    unlikely = sum(ways(count) for count in possible if ways(count) <= observed * _FUZZ)
    return unlikely / math.comb(control.visitors + treatment.visitors, converted)
