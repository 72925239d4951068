"""When a live change has lost its element, when it has it back, and when an experience costs too much. Pure.

A change may rightly be without its element: on pages that never had it, for visitors who are not signed in, where it comes
late. So it is compared with itself: an element is lost on a page where it was found before, when so many of the last views
miss it that neither chance nor a wavering page explains it. A change whose element no view has ever found is another case:
it never worked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.stats import binom

from pitcairn.eventstore import ArmCosts, ElementViews, Percentile, Sought

FEWEST_VIEWS = 20
"""Of the last views, and of those before them: fewer say nothing."""
LOST_PART = 1 / 3
"""Of the views that used to find the element so many must miss it: a redesign for phones alone is noticed."""
CHANCE = 1e-5
"""How improbable the last views must be if all were as before. Small, because every page is looked at every few minutes."""
FOUND_PART = 0.9
"""Of what was usual must be reached again before an alarm is over: it is not told to and fro."""
LAST_AGAIN = 20
"""So many of the last views say whether it is back, where a quarter of an hour has no more."""
FEWEST_NEVER = 50
"""Complete views without one find, before a change is said to never have found its element."""
FEWEST_COSTS = 100
"""Views of an arm before its 75th percentile is judged."""
SHIFT_LIMIT = 0.1
"""Cumulative Layout Shift of a page is good up to this, of everything on it together (web.dev/articles/cls)."""
NEAR_CAP = 0.75
"""Of the cap: where a quarter of the views hide elements for longer, answers are about to come too late."""
RECOVERED = 0.9
"""A cost must fall to this part of its limit before its alarm is over."""
_Z = 2.576
"""Of a one-sided 99.5 % bound."""


def recent(views: ElementViews) -> Sought:
    """The last views: thirty, or all of the last quarter of an hour where those are more, so that a short fault is none."""
    if views.minutes.views > len(views.last):
        return views.minutes
    return Sought(views=len(views.last), lacking=sum(views.last))


def found_share(sought: Sought) -> float:
    return 1 - sought.lacking / sought.views if sought.views else 0.0


def lost(views: ElementViews) -> float | None:
    """The share of views that usually found the element on this page, if it is lost there; None if it is not."""
    last = recent(views)
    earlier = Sought(views=views.every.views - last.views, lacking=views.every.lacking - last.lacking)
    if last.views < FEWEST_VIEWS or earlier.views < FEWEST_VIEWS:
        return None
    return found_share(earlier) if _is_less(last, _at_least(earlier)) else None


def found_again(views: ElementViews, usual: float) -> bool:
    """Whether an element that was lost, and usually found in this share of views, is found as before."""
    if _is_less(recent(views), usual):
        return False
    last = views.minutes
    if last.views <= LAST_AGAIN:
        latest = views.last[:LAST_AGAIN]
        last = Sought(views=len(latest), lacking=sum(latest))
    return last.views >= LAST_AGAIN / 2 and found_share(last) >= FOUND_PART * usual


def never_found(pages: Sequence[ElementViews]) -> Sought | None:
    """Of one element on all its pages: the views that looked for it, if they are enough and none found it."""
    every = together(pages)
    return every if every.views >= FEWEST_NEVER and every.lacking == every.views else None


def together(pages: Sequence[ElementViews]) -> Sought:
    return Sought(views=sum(one.every.views for one in pages), lacking=sum(one.every.lacking for one in pages))


def hides_too_long(costs: ArmCosts, cap_ms: int, *, firing: bool) -> bool | None:
    """Whether hiding comes near the cap for a quarter of the views; None when they are too few to tell."""
    hidden = enough(costs.hidden_ms)
    if hidden is None:
        return None
    limit = NEAR_CAP * cap_ms
    return hidden.value >= RECOVERED * limit if firing else hidden.low >= limit


def moves_too_much(costs: ArmCosts, control: ArmCosts | None, *, firing: bool) -> bool | None:
    """Whether a quarter of the views move by more than the limit beyond what control's do; None when too few tell."""
    shift = enough(costs.shift)
    if shift is None:
        return None
    by_itself = enough(control.shift) if control is not None else None
    anyway = by_itself.value if by_itself is not None else 0.0
    return shift.value - anyway > RECOVERED * SHIFT_LIMIT if firing else shift.low - anyway > SHIFT_LIMIT


def _is_less(last: Sought, usual: float) -> bool:
    """Whether the last views find it so much less often than this share that chance does not explain it."""
    found = last.views - last.lacking
    return found <= (1 - LOST_PART) * usual * last.views and float(binom.cdf(found, last.views, usual)) < CHANCE


def _at_least(sought: Sought) -> float:
    """The lower end of Wilson's interval of the found share: what is known of what is usual (Wilson 1927)."""
    n, share = sought.views, found_share(sought)
    middle = share + _Z**2 / (2 * n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, (middle - half) / (1 + _Z**2 / n))


def enough(value: Percentile | None) -> Percentile | None:
    """The percentile, if it is of enough views to be spoken of."""
    return value if value is not None and value.n >= FEWEST_COSTS else None
