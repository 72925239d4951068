"""Figures of health in words."""

from __future__ import annotations

from pitcairn.eventstore import ArmCosts, Percentile, Sought
from pitcairn.experiences.health.rules import SHIFT_LIMIT, found_share


def missing(last: Sought, usual: float) -> str:
    return f"missing in {last.lacking:,} of the last {last.views:,} visits measured; before, {share(usual)} of visits found it"


def never_found(sought: Sought) -> str:
    return f"missing in all {sought.views:,} visits measured"


def hidden_long(costs: ArmCosts, cap_ms: int) -> str:
    assert costs.hidden_ms is not None
    return f"hidden for {ms(costs.hidden_ms.value)} or longer in a quarter of visits; the cap is {cap_ms} ms"


def moves(costs: ArmCosts, control: ArmCosts | None) -> str:
    assert costs.shift is not None
    beside = f", {shift(control.shift.value)} in control" if control is not None and control.shift is not None else ""
    return f"shift of {shift(costs.shift.value)} or more in a quarter of visits{beside}; up to {SHIFT_LIMIT} is good"


def share(value: float) -> str:
    """`97 %`; what is not all is never rounded up to it, and what is not nothing never down."""
    percent = 100 * value
    if 99 < percent < 100:
        return f"{min(percent, 99.9):.1f} %"
    return "under 1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def lacking(sought: Sought) -> str:
    return share(1 - found_share(sought))


def ms(value: float) -> str:
    """`84 ms`, `1.21 s`."""
    return f"{value:,.0f} ms" if value < 1_000 else f"{value / 1_000:.2f} s"


def shift(value: float) -> str:
    return "0" if value < 0.0005 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def between(value: Percentile, of: str) -> str:
    """`between 71 ms and 90 ms`."""
    say = ms if of == "ms" else shift
    low, high = say(value.low), say(value.high)
    return f"between {low} and {high}" if low != high else ""
