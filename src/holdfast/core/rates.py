"""A success rate: never a bare percentage, always with its count and its interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: two-sided 95 %."""

MANY = 500
"""From so many runs on, tenths of a per cent mean something."""


def quartiles(values: Iterable[float]) -> tuple[float, float, float] | None:
    """First quartile, median and third quartile; None where there are no values.

    >>> quartiles([1, 2, 3, 10])
    (1.75, 2.5, 4.75)
    """
    known = sorted(values)
    if not known:
        return None
    low, middle, high = statistics.quantiles(known, n=4, method="inclusive") if len(known) > 1 else known * 3
    return float(low), float(middle), float(high)


@dataclass(frozen=True)
class Rate:
    """``solved`` of ``of`` runs.

    >>> Rate(9, 10).interval
    (0.5958499732047615, 0.9821237869049271)
    >>> print(Rate(9, 10))
    9 of 10 (90 %, 95 % interval 60-98 %)
    """

    solved: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % score interval of the underlying probability (Wilson 1927); (0, 1) where nothing was run."""
        return self._wilson(Z_95)

    def simultaneous(self, comparisons: int) -> tuple[float, float]:
        """The interval of one of so many rates, such that with 95 % those of *all* of them hold (Bonferroni): it is
        right for whichever of them is picked after looking.

        >>> Rate(9, 10).simultaneous(3)
        (0.5218398231096291, 0.9867056710609554)
        """
        return self._wilson(NormalDist().inv_cdf(1 - 0.025 / max(1, comparisons)))

    def _wilson(self, z: float) -> tuple[float, float]:
        if self.of == 0:
            return (0.0, 1.0)
        n, p = self.of, self.solved / self.of
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        low = 0.0 if self.solved == 0 else centre - half
        high = 1.0 if self.solved == n else centre + half
        return (low, high)

    def __str__(self) -> str:
        low, share, high = (100 * p for p in (self.interval[0], self.solved / max(1, self.of), self.interval[1]))
        digits = 1 if self.of >= MANY else 0
        return f"{self.solved} of {self.of} ({share:.{digits}f} %, 95 % interval {low:.{digits}f}-{high:.{digits}f} %)"
