"""Aggregates in, results out: rates, differences, lifts and how sure they are. See docs/statistics.md.

>>> compare(Arm(10_000, 500), Arm(10_000, 560)).lift.value
0.12
"""

from pitcairn.stats.arms import Arm, Comparison, Estimate, NotComputable, Rate, Reason
from pitcairn.stats.comparison import ENOUGH_CONVERSIONS, Summary, Verdict, compare, summary
from pitcairn.stats.wilson import rate

__all__ = [
    "ENOUGH_CONVERSIONS",
    "Arm",
    "Comparison",
    "Estimate",
    "NotComputable",
    "Rate",
    "Reason",
    "Summary",
    "Verdict",
    "compare",
    "rate",
    "summary",
]
