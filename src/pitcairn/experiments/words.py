"""Numbers and findings as the pages say them: with their unit, and with their uncertainty."""

import math

from pitcairn.stats import Estimate, NotComputable

NO_BREAK = "\u00a0"
MINUS = "\u2212"


def count(number: int) -> str:
    return f"{number:,}"


def visitors(number: int) -> str:
    return "1 visitor" if number == 1 else f"{number:,} visitors"


def share(value: float, *, aligned: bool = False) -> str:
    """A rate or a share: `5.1 %`, `0.031 %`, `50 %`; two digits that count, three from 10 % on.

    `aligned` keeps a zero after the point, as columns of numbers want it: `3.0 %`.
    """
    percent = value * 100
    if percent == 0:
        return f"0{NO_BREAK}%"
    if percent >= 99.95:
        text = f"{percent:.2f}" if percent < 100 else "100"
    elif percent >= 9.95:
        text = f"{percent:.1f}"
    else:
        text = f"{percent:.{max(0, 1 - math.floor(math.log10(percent)))}f}" if percent < 1 else f"{percent:.1f}"
    return f"{text if aligned else _trimmed(text)}{NO_BREAK}%"


def change(value: float, *, signed: bool = False) -> str:
    """A relative change without its sign, or with it: `31 %`, `3.4 %`, `+31 %`."""
    percent = abs(value) * 100
    text = f"{percent:,.0f}" if percent >= 9.95 else _trimmed(f"{percent:.1f}")
    sign = ("+" if value > 0 else MINUS if value < 0 else "") if signed and text != "0" else ""
    return f"{sign}{text}{NO_BREAK}%"


def points(value: float, *, signed: bool = False) -> str:
    """A difference of rates in percentage points: `+1.2 points`."""
    text = _trimmed(f"{abs(value) * 100:.2g}" if abs(value) < 0.1 else f"{abs(value) * 100:.1f}")
    sign = ("+" if value > 0 else MINUS if value < 0 else "") if signed else ""
    return f"{sign}{text} points"


def number(value: float) -> str:
    """A number per visitor: `12.4`, `1,204`, `0.031`; three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}".replace("-", MINUS)
    return _trimmed(f"{value:.3g}").replace("-", MINUS)


def share_interval(estimate: Estimate | NotComputable) -> str:
    """`4.2 to 6.1 %`; empty when there is none."""
    if isinstance(estimate, NotComputable):
        return ""
    low = share(estimate.low, aligned=True).removesuffix(f"{NO_BREAK}%")
    return f"{low} to {share(estimate.high, aligned=True)}"


def change_interval(estimate: Estimate | NotComputable) -> str:
    """`+9 to +57 %`; empty when there is none."""
    if isinstance(estimate, NotComputable):
        return ""
    low = change(estimate.low, signed=True).removesuffix(f"{NO_BREAK}%")
    high = change(estimate.high, signed=True)
    return f"{low} to {high}"


def between(estimate: Estimate) -> str:
    """An interval of a relative change in words: `between 9 % and 57 % more`, `between 4 % fewer and 26 % more`."""
    low, high = estimate.low, estimate.high
    if low >= 0:
        return f"between {change(low)} and {change(high)} more"
    if high <= 0:
        return f"between {change(high)} and {change(low)} fewer"
    return f"between {change(low)} fewer and {change(high)} more"


def probability(value: float) -> str:
    """`0.03`, `0.004`, `below 0.001`."""
    if value < 0.001:
        return "below 0.001"
    return f"{value:.3f}" if value < 0.01 else f"{value:.2f}"


def wait(days: int) -> str:
    """`about 9 more days`; over a year nobody can tell."""
    if days > 365:
        return "more than a year"
    return "about 1 more day" if days == 1 else f"about {days} more days"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
