"""A closed form for the difference of two rates."""

from __future__ import annotations

import math

from pitcairn.stats.arms import Arm, Estimate, NotComputable, Reason
from pitcairn.stats.wilson import rate


def newcombe(control: Arm, treatment: Arm, *, alpha: float = 0.05) -> Estimate | NotComputable:
    """The difference with Newcombe's hybrid score interval (Statistics in Medicine 17:873, 1998, method 10).

    It takes no search and is as sure as Miettinen and Nurminen's interval, but belongs to no test: for tables of very
    many cells, never beside a p-value. Raises ValueError when `alpha` is not between 0 and 1.
    """
    c, t = rate(control, alpha), rate(treatment, alpha)
    if isinstance(c, NotComputable):
        return NotComputable(Reason.CONTROL_EMPTY) if c.reason is Reason.NO_VISITORS else c
    if isinstance(t, NotComputable):
        return NotComputable(Reason.TREATMENT_EMPTY) if t.reason is Reason.NO_VISITORS else t
    cross = treatment.converted * control.visitors - control.converted * treatment.visitors
    value = cross / (control.visitors * treatment.visitors)
    low = value - math.hypot(t.value - t.low, c.high - c.value)
    high = value + math.hypot(t.high - t.value, c.value - c.low)
    return Estimate(value, max(-1.0, low), min(1.0, high))
