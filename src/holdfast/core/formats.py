"""The two number formats of networks, and from where on their sigmoid and tanh are exact.

1/(1 + e^-z) rounds to 1 once e^-z is below half a unit in the last place of 1: from z = p ln 2 on, p the bits of
the significand. It is 0 once e^-z overflows or, where a library computes e^z instead, once that underflows: the
further of the two counts, so that a gate built with it is closed under both. tanh z is z where z**3/3 is below
half a unit in the last place of z: for |z| <= 2^-(p/2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """``bits`` of the significand (the hidden one counted); exponents of the least normal and subnormal number."""

    name: str
    bits: int
    least_normal: int
    least_subnormal: int

    @property
    def roundoff(self) -> float:
        """u: the largest relative error of one rounding to nearest."""
        return 2.0**-self.bits

    @property
    def counts_to(self) -> int:
        """All whole numbers up to this one are numbers of the format; this one plus 1 is rounded to it."""
        return 2**self.bits

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2 - 2 * self.roundoff) * 2.0 ** (1 - self.least_normal)

    @property
    def open(self) -> float:
        """A gate with at least this pre-activation is exactly 1: two bits past the threshold."""
        return (self.bits + 2) * math.log(2)

    @property
    def closed(self) -> float:
        """A gate with at most minus this pre-activation is exactly 0: eight bits past the threshold."""
        return (8 - self.least_subnormal) * math.log(2)

    @property
    def saturated(self) -> float:
        """tanh z is exactly 1 from here on: correctly rounded from (bits + 2)/2 ln 2, in XLA from 20 at the latest."""
        return max((self.bits + 10) / 2 * math.log(2), 21.0)

    @property
    def identity(self) -> float:
        """tanh z is z, bit for bit, for |z| up to this power of two."""
        return 2.0 ** -((self.bits + 1) // 2)


FORMATS = {
    "float32": Format("float32", 24, -126, -149),
    "float64": Format("float64", 53, -1022, -1074),
}

LARGEST = FORMATS["float32"].largest
"""The largest number of float32: networks are trained in it, and rows are drawn in it."""


def not_positive(flag: str, *values: float) -> list[str]:
    """A reason for each value that is no positive number of float32."""
    wanted = f"expected a positive number of at most {LARGEST:.2g}"
    return [f"--{flag} is {value:g}, {wanted}" for value in values if not 0 < value <= LARGEST]
