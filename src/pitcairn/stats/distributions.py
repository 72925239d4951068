"""The distributions behind the numbers. The only part of Pitcairn that calls scipy.

scipy is loaded with the first number that needs it, because it takes about a second and 40 MB from every process.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Beta(msgspec.Struct, frozen=True):
    """A beta distribution with both parameters of at least 1."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)

    def density(self, x: Floats) -> Floats:
        """Proportional to the density, with 1 at its highest: as exact for a thousand million visitors as for ten."""
        mode = (self.a - 1) / (self.a + self.b - 2) if self.a + self.b > 2 else 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = (self.a - 1) * np.log1p((x - mode) / mode) if self.a > 1 else np.zeros_like(x)
            fall = (self.b - 1) * np.log1p((mode - x) / (1 - mode)) if self.b > 1 else np.zeros_like(x)
        shape: Floats = np.exp(rise + fall)
        return shape

    def below(self, x: Floats) -> Floats:
        """The probability of a value below `x`, which is cut to between 0 and 1."""
        from scipy import special

        share: Floats = special.betainc(self.a, self.b, np.clip(x, 0.0, 1.0))
        return share

    def above(self, x: Floats) -> Floats:
        """The probability of a value above `x`, exact where it is small."""
        from scipy import special

        share: Floats = special.betaincc(self.a, self.b, np.clip(x, 0.0, 1.0))
        return share

    def quantile(self, share: float) -> float:
        """The value below which lies `share` of the distribution."""
        from scipy import special

        return float(special.betaincinv(self.a, self.b, share))

    def upper_quantile(self, share: float) -> float:
        """The value above which lies `share` of the distribution."""
        from scipy import special

        return float(special.betainccinv(self.a, self.b, share))


def t_two_sided(statistic: float, degrees: float) -> float:
    """The probability of a t statistic at least this far from 0, in either direction."""
    from scipy import special

    return float(2 * special.stdtr(degrees, -abs(statistic)))


def t_quantile(alpha: float, degrees: float) -> float:
    """How many standard errors a two-sided interval reaches."""
    from scipy import special

    return float(-special.stdtrit(degrees, alpha / 2))


def chi_square_above(statistic: float, degrees: int) -> float:
    """The probability of a chi-square statistic at least as large."""
    from scipy import special

    return float(special.gammaincc(degrees / 2, statistic / 2))


def binomial_two_sided(successes: int, trials: int, probability: float) -> float:
    """The exact probability of an outcome at most as likely as this one."""
    from scipy import stats

    return float(stats.binomtest(successes, trials, probability).pvalue)


def boschloo_two_sided(table: list[list[int]]) -> float:
    """Boschloo's exact p-value of a table of converted and not converted per arm; seconds for a thousand visitors."""
    from scipy import stats

    return float(stats.boschloo_exact(table).pvalue)


def normal_below(z: Floats) -> Floats:
    """The standard normal distribution function."""
    from scipy import special

    share: Floats = special.ndtr(z)
    return share
