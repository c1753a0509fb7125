"""What rounding can do in the arithmetic that networks run in: IEEE 754 as XLA compiles it for processors.

The model, which a certificate in this semantics states as its assumption:

-   A sum or product is the exact one times 1 + d, |d| <= u (fused multiplications and additions only round less);
    a dot product of numbers is summed in any order, the same at every step. Between the words nothing is reassociated.
-   A result that is smaller than the least normal number may become 0, as may such an input: XLA flushes them.
-   sigmoid and tanh are off by at most so many u of their value, lie in [0, 1] and [-1, 1], and are exact from
    certain arguments on: 1, 0, and tanh z = z. These are measured (``tests/engine/test_rounding.py`` samples them
    again), since no library proves them.

Rounding does nothing to a product by 0, 1 or another power of two, or to a sum in which all but one are 0. That is
what makes a memory exact: with gates of exactly 1 and 0 and weights that are powers of two nothing is ever rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from flint import arb

from holdfast.core.formats import FORMATS, Format
from holdfast.engine.readings.forms import NOTHING, Form, Unbounded, made, widened


@dataclass(frozen=True)
class Accuracy:
    """Of one format: the errors of sigmoid and tanh in units of u, the roundoff, relative to their value; sigmoid is 1
    from ``one`` and 0 up to ``zero``; tanh is +-1 from ``saturated``."""

    format: Format
    sigmoid_errors: int
    tanh_errors: int
    one: float
    zero: float
    saturated: float

    @property
    def identity(self) -> float:
        """Up to here tanh z = z. Correct rounding gives z up to 1.44 times the format's power of two, XLA further; a
        little more than the power itself is needed by a range that ends there."""
        return self.format.identity * (1 + 2.0**-4)

    def words(self) -> str:
        """The assumption in a sentence."""
        return (
            f"{self.format.name}: sigmoid within {self.sigmoid_errors} u and tanh within {self.tanh_errors} u of "
            f"their values (u = 2^-{self.format.bits}); sigmoid is 1 from {self.one:.4g}, 0 up to {self.zero:.5g}; "
            f"tanh is 1 from {self.saturated:g} and tanh z = z up to {self.identity:.3g}; results below "
            f"2^{self.format.least_normal} may become 0; dot products in any order, the same at every step; "
            "nothing else reassociated"
        )


def _accuracy(name: str, sigmoid_errors: int, tanh_errors: int, saturated: float) -> Accuracy:
    """The thresholds of sigmoid are one bit past those of the formula 1/(1 + e^-z) in correct rounding."""
    form = FORMATS[name]
    one, zero = (form.bits + 1) * math.log(2), (form.least_subnormal - 2) * math.log(2)
    return Accuracy(form, sigmoid_errors, tanh_errors, one, zero, saturated)


ACCURACIES = {"float32": _accuracy("float32", 4, 8, 20.0), "float64": _accuracy("float64", 6, 12, 20.0)}
"""Measured with XLA of jaxlib 0.10 on x86-64, with its optimisations and without. Largest errors: float32, every 23rd
number of all, sigmoid 2.44 u and tanh 5.55 u; float64, two million numbers, 3.25 u and 6.99 u. sigmoid is 1 from 16.636
and 36.737, and 0 up to -87.34 and -708.4, where its value is subnormal; tanh is 1 from 20, where the library cuts it
off (in float32 from 8 on where it is optimised, not where it is not)."""


@dataclass(frozen=True)
class Rounding:
    """Rounding errors, added to forms. Raises ``Unbounded`` where a number may be too large for the format."""

    accuracy: Accuracy

    @property
    def roundoff(self) -> arb:
        return arb(self.accuracy.format.roundoff)

    @property
    def tiny(self) -> arb:
        """The least normal number."""
        return arb(2) ** self.accuracy.format.least_normal

    def underflows(self, a: Form) -> bool:
        """Whether a number of this set may be other than 0 and yet below the least normal one."""
        return not (a.is_number(0) or a.low >= self.tiny or a.high <= -self.tiny)

    def gamma(self, roundings: int) -> arb:
        """The relative error of so many roundings in a row: n u / (1 - n u)."""
        return roundings * self.roundoff / (1 - roundings * self.roundoff)

    def rounded(self, a: Form, size: arb | None = None, roundings: int = 1) -> Form:
        """``a`` after so many roundings relative to ``size`` (by default its own), flushed where it may underflow."""
        error = self.gamma(roundings) * (a.size if size is None else size)
        return self.checked(widened(a, error + (self.tiny * roundings if self.underflows(a) else NOTHING)))

    def summed(self, found: Form, a: Form, b: Form) -> Form:
        """a + b, correctly rounded: rounding is a rising function, so the ends of the interval are the rounded ends.

        What only ever grows therefore stops where a step no longer changes it, as it does when it runs.
        """
        rounded = self.rounded(found)
        if self.underflows(found) or not found.low.is_finite():
            return rounded
        low, high = (
            nearest(end, self.accuracy.format.bits) for end in ((a.low + b.low).lower(), (a.high + b.high).upper())
        )
        return made(rounded.centre, rounded.terms, rounded.slack, low, high)

    def flushed(self, a: Form) -> Form:
        """``a`` where no rounding happens but underflow may."""
        return self.checked(widened(a, self.tiny) if self.underflows(a) else a)

    def checked(self, a: Form) -> Form:
        """``a``, if the format can hold it."""
        if not a.size < arb(2) ** (1 - self.accuracy.format.least_normal):
            raise Unbounded(f"a number may be too large for {self.accuracy.format.name}")
        return a


def nearest(value: arb, bits: int) -> arb:
    """An exact number rounded to the nearest one with so many bits, ties to even: a rising function of it."""
    whole, exponent = (int(part) for part in value.man_exp())
    spare = max(0, abs(whole).bit_length() - bits)
    kept, rest = divmod(abs(whole), 1 << spare)
    kept += 2 * rest > 1 << spare or (2 * rest == 1 << spare and kept % 2 == 1)
    return arb(-kept if whole < 0 else kept) * arb(2) ** (exponent + spare)


def power_of_two(value: arb) -> bool:
    """Whether this is exactly plus or minus a power of two, by which nothing is rounded."""
    return value.is_exact() and not value.is_zero() and value.is_finite() and abs(value.man_exp()[0]) == 1
