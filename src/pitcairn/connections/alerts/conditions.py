"""Whether a rule holds: figures in, a judgement in words out. Nothing here reads a store or a clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pitcairn.connections.models import AlertKind
from pitcairn.dashboard.times import duration_words

FEWEST_DELIVERIES = 20
"""A share of fewer than these says nothing."""
FEWEST_MESSAGES = 50
"""A source that usually sends fewer than these in the window comes and goes by chance."""
RECOVERED = 0.1
"""While a rule fires, it must be better than its threshold by this share of it before it stops: no telling to and fro."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a rule looks at, in its window. Only the figures of its own kind are read."""

    delivered: int = 0
    failed: int = 0
    retrying: int = 0
    """Tried without success, and waiting for the next attempt."""
    waiting_seconds: float = 0.0
    """How long the oldest message that is still to be delivered has waited; 0.0 when nothing waits."""
    received: int = 0
    usual: tuple[int, ...] = ()
    """What was received in the same span of the days before, a count per day."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`holds` is None when the figures are too few to tell; the rule then stays as it is."""

    holds: bool | None
    words: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`threshold` is in percent, for `LAG` in seconds."""

    kind: AlertKind
    threshold: float
    window: timedelta
    firing: bool = False


def judge(rule: Rule, figures: Figures) -> Judgement:
    """Whether the rule holds now; a rule that fires has to recover a little before it stops."""
    return _JUDGES[rule.kind](rule, figures)


def _success_rate(rule: Rule, figures: Figures) -> Judgement:
    tried = figures.delivered + figures.failed + figures.retrying
    window = duration_words(rule.window)
    if tried < FEWEST_DELIVERIES:
        return Judgement(holds=None, words=f"{_count(tried, 'delivery', 'deliveries')} in {window}: too few to tell")
    share = 100 * figures.delivered / tried
    needed = rule.threshold + (100 - rule.threshold) * RECOVERED if rule.firing else rule.threshold
    words = f"{percent(share)} of {tried:,} arrived in {window}"
    parts = [f"{figures.failed:,} failed"] if figures.failed else []
    parts += [f"{figures.retrying:,} will be tried again"] if figures.retrying else []
    return Judgement(holds=share < needed, words=f"{words} ({', '.join(parts)})" if parts else words)


def _lag(rule: Rule, figures: Figures) -> Judgement:
    limit = rule.threshold * (1 - RECOVERED) if rule.firing else rule.threshold
    waits = duration_words(timedelta(seconds=figures.waiting_seconds))
    words = f"the oldest message waits {waits}" if figures.waiting_seconds else "nothing waits"
    return Judgement(holds=figures.waiting_seconds > limit, words=words)


def _volume(rule: Rule, figures: Figures) -> Judgement:
    falls = rule.kind == AlertKind.VOLUME_FALLS
    window = duration_words(rule.window)
    came = f"{_count(figures.received, 'message', 'messages')} in {window}"
    if not figures.usual:
        return Judgement(holds=None, words=f"{came}: there is no earlier day to compare with")
    usual = statistics.median(figures.usual)
    if usual < FEWEST_MESSAGES:
        return Judgement(holds=None, words=f"{came}, usually {usual:,.0f}: too few to tell")
    change = 100 * (figures.received - usual) / usual
    limit = rule.threshold * (1 - RECOVERED) if rule.firing else rule.threshold
    words = f"{came}, {_change(change)} (usually {usual:,.0f})"
    return Judgement(holds=(-change if falls else change) >= limit, words=words)


_JUDGES: Mapping[AlertKind, Callable[[Rule, Figures], Judgement]] = {
    AlertKind.SUCCESS_RATE: _success_rate,
    AlertKind.LAG: _lag,
    AlertKind.VOLUME_FALLS: _volume,
    AlertKind.VOLUME_RISES: _volume,
}


def percent(value: float) -> str:
    """`97.3 %`, `100 %`; a share that is not whole is never rounded up to 100 %."""
    if value in {0, 100}:
        return f"{value:.0f} %"
    return f"{min(value, 99.9):.1f} %" if value >= 0.1 else "under 0.1 %"


def _change(change: float) -> str:
    return "as usual" if round(change) == 0 else f"{abs(change):.0f} % {'less' if change < 0 else 'more'} than usual"


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
