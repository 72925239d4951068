"""One root of a continuous function between two points where its signs differ."""

from __future__ import annotations

from collections.abc import Callable

_PRECISION = 4e-16
_STEPS = 200


def bracketed_root(
    function: Callable[[float], float], inside: float, outside: float, *, precision: float = _PRECISION
) -> float:
    """The x between the two points where the function is 0, as exactly as floats allow, or to `precision` of itself.

    The function must not have the same sign at both points. Chandrupatla's method (Advances in Engineering Software
    28:145, 1997): inverse quadratic interpolation where it is safe, else bisection, so that it always converges.
    """
    b, a = inside, outside
    fa, fb = function(a), function(b)
    c, fc = a, fa
    t = 0.5
    for _ in range(_STEPS):
        x = a + t * (b - a)
        fx = function(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        best, at_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        width = abs(b - a)
        if at_best == 0 or width == 0:
            return best
        tolerance = precision * abs(best) / width
        if tolerance > 0.5:
            return best
        xi = (a - b) / (c - b)
        phi = (fa - fb) / (fc - fb)
        if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:
            t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        else:
            t = 0.5
        t = min(1 - tolerance, max(tolerance, t))
    return best
