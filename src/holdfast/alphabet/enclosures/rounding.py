"""What rounding can do in the arithmetic that networks run in: IEEE 754 as XLA and our kernels compute it.

The machine. Numbers have p bits; u = 2^-p; t is the least normal number. One operation gives the exact result of its
operands, rounded to nearest, ties to even (write fl). An operand, or a result, that is subnormal may be 0 instead, the
latter before or after it is rounded. A product and the addition that follows it may be one operation (fused).

    Lemma 1 (operation).    The computed v is within u|v| of the exact one where |v| >= t, and within t elsewhere.
    Lemma 2 (sum).          n terms, of which P are rounded products and S others may be subnormal, summed in any
                            order: with g(k) = k u / (1 - k u), the result is within
                            g(n - 1 + [P > 0]) sum|T| + (1 + g(n - 1)) (P + S + n - 1) t  of the exact sum.
    Lemma 3 (two numbers).  The rounded sum of two numbers rises with the exact one, and is exact where subnormal.
    Lemma 4 (product).      By a power of two nothing is rounded; by one of at least 1 nothing becomes subnormal.
    Lemma 5 (mix).          k h + (1 - k) n with k >= 0, every operation rounded, is within g(2) k|h| +
                            g(3) |1 - k||n| + (1 + g(3)) (3 t + [2^-p < t] t |n|); it is h for k = 1, n for k = 0.
    Lemma 6 (cancellation). m + K - K in any order, 2|m| <= |K|, |K| >= t / u: within u (|K| + |m|) of m, subnormal only
                            where m is; and once more, in the same order, it gives the same number again.
    Lemma 7 (overflow).     No operation above overflows if the sum of the sizes of its terms, with the error, is at
                            most the largest number: every partial sum is at most that.
    Lemma 8 (weights).      A subnormal weight w of an operand s may act as 0, which changes a sum by |w s| at most.
    Lemma 9 (quotient).     a / b, |b| >= t, rounded once, or a times the rounded 1 / b: within g(2) |a/b| of it, and t
                            more where it may underflow; for |b| > 1 / t, where 1 / b may be 0, within |a/b| more. By
                            a power of two nothing is rounded; by one of at most 1 nothing becomes subnormal.
    Lemma 10 (root).        V >= c is computed within g(k) V + F. If e = g(k) + F / c < 1 and (1 - e) c >= t, then
                            a / sqrt(V) is within (1 + g(3)) / sqrt(1 - e) - 1 of it, relative to it, and further as
                            in Lemma 9.
    Lemma 11 (root of rest). sqrt((1 - a)(1 + a)), |a| <= 1, every operation rounded, is within g(4) of it, relative to
                            it, where 2^-p >= 2 t, and otherwise within sqrt(5 t (1 + g(3))) + t more.

Proofs. 1: the distance to the nearest number is at most u|v| for a normal result and half the least subnormal below t;
a flushed result differs by |v| < t. 2: Lemma 1 for every product and addition; what is lost at one operation passes
through at most n - 1 more (Higham 2002, sections 3.1 and 4.2), and a term or partial sum is flushed once. 3: rounding
is monotone, and two numbers have a common grid. 5: Lemma 1 four times. 6: K/2 <= |m + K| <= 2|K|, where subtracting K
is exact (Sterbenz); what comes out lies on the grid of m + K, on which m + K is then exact. 9: 1 / b is normal for
t <= |b| <= 1 / t; Lemma 1 twice. 10: the computed V is between (1 - e) V and (1 + e) V and is not flushed; its root is
normal and rounded once; Lemma 9; and 1 / sqrt(1 + e) is no further below 1 than 1 / sqrt(1 - e) is above. 11: |a| is 1
or at most 1 - 2^-p, so that all three numbers under the root are 0 or normal and have three roundings (Lemma 1), of
which the root halves what they change; else V moves by 5 t (1 + g(3)) at most, and its root by no more than the root of
that. 4, 7, 8: at once.

``tests/engine/test_rounding_rules.py`` holds every lemma on small formats: all operands, all orders, fused or not,
subnormal numbers kept and flushed, exact rationals as the oracle. The code below has the format as a parameter: what
is tested there is what runs for float32 and float64.

Measured, not proved: sigmoid, tanh, exp and softplus are off by at most so many u of their value, lie in [0, 1],
[-1, 1] and from 0 on, and are exact from certain arguments on (1, 0, and tanh z = z; exp 0 = 1). logsigmoid z is
computed as -softplus(-z). cos and sin lie in [-1, 1] and are off by at most so many u, absolutely, of every angle; cos
0 is 1 and sin 0 is 0. A square root is rounded once. Assumed: a sum is added in the same order at every step.

The operations are those that a step says. XLA's algebraic simplifier would replace quotients and products of exp by
others (e^a e^b by e^(a + b), a / (b / c) by a c / b, a / e^b by a e^-b, a / sqrt(b) by a rsqrt(b), and more); the
barriers in the ``numbers`` of ``exp`` and ``divide`` keep it from that, and ``tests/engine/test_rewriting.py`` looks at
what it compiles.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from flint import arb, ctx

from holdfast.alphabet.enclosures.forms import NOTHING, Form, Summands, Unbounded, made, widened, within
from holdfast.core.formats import FORMATS, Format

EXPONENTIAL = ("exp", "softplus", "logsigmoid", "elu_plus_one", "tempered_sigmoid", "bounded_decay", "limited_decay")
"""Words that are computed by an exponential or by softplus."""
HELD = ("held_real", "held_imaginary")
"""Words that are computed by an exponential, a cosine, a sine and a quotient."""


@dataclass(frozen=True)
class Accuracy:
    """Of one format: the errors of sigmoid, tanh, exp and softplus in units of u, the roundoff, relative to their
    value, and those of cos and sin (``circle_errors``), absolute; sigmoid is 1 from ``one``, and it, exp and softplus
    are 0 up to ``zero``; tanh is +-1 from ``saturated``."""

    format: Format
    sigmoid_errors: int
    tanh_errors: int
    exp_errors: int
    softplus_errors: int
    circle_errors: int
    one: float
    zero: float
    saturated: float

    @property
    def identity(self) -> float:
        """Up to here tanh z = z. Correct rounding gives z up to 1.44 times the format's power of two, XLA further; a
        little more than the power itself is needed by a range that ends there."""
        return self.format.identity * (1 + 2.0**-4)

    def words(self, used: Collection[str]) -> tuple[str, ...]:
        """The assumptions, a sentence each, for a step that uses the words of these names."""
        found = [self._always()]
        if {*EXPONENTIAL, *HELD} & set(used):
            found.append(
                f"{self.format.name}: exp within {self.exp_errors} u, softplus and logsigmoid within "
                f"{self.softplus_errors} u of their values; exp is 1 at 0; exp and softplus are 0 up to {self.zero:.5g}"
            )
        if {"rotate", "cos", "sin", *HELD} & set(used):
            found.append(
                f"{self.format.name}: cos and sin within {self.circle_errors} u, absolutely, of every angle; exact at 0"
            )
        if {"normalise", "rms_normalise", "sqrt_one_minus_square"} & set(used):
            found.append("square roots are rounded once")
        if {"divide", "normalise", "rms_normalise", *HELD} & set(used):
            found.append("a quotient is rounded once, or is the product by the rounded reciprocal of its divisor")
        return tuple(found)

    def _always(self) -> str:
        return (
            f"{self.format.name}: sigmoid within {self.sigmoid_errors} u and tanh within {self.tanh_errors} u of "
            f"their values (u = 2^-{self.format.bits}); sigmoid is 1 from {self.one:.4g}, 0 up to {self.zero:.5g}; "
            f"tanh is 1 from {self.saturated:g} and tanh z = z up to {self.identity:.3g}; results below "
            f"2^{self.format.least_normal} may become 0, as inputs, weights or results; dot products and what is "
            "added to them are summed in any order, the same at every step; nothing else is reassociated"
        )


def _accuracy(name: str, sigmoid: int, tanh: int, exp: int, softplus: int, circle: int, saturated: float) -> Accuracy:
    """The thresholds of sigmoid are one bit past those of the formula 1/(1 + e^-z) in correct rounding."""
    form = FORMATS[name]
    one, zero = (form.bits + 1) * math.log(2), (form.least_subnormal - 2) * math.log(2)
    return Accuracy(form, sigmoid, tanh, exp, softplus, circle, one, zero, saturated)


ACCURACIES = {
    "float32": _accuracy("float32", sigmoid=4, tanh=8, exp=8, softplus=8, circle=1, saturated=20.0),
    "float64": _accuracy("float64", sigmoid=6, tanh=12, exp=6, softplus=6, circle=1, saturated=20.0),
}
"""Measured with XLA of jaxlib 0.10 on x86-64, with its optimisations and without. Largest errors: float32, every 23rd
number of all, sigmoid 2.44 u and tanh 5.55 u; float64, two million numbers, 3.25 u and 6.99 u. sigmoid is 1 from 16.636
and 36.737, and 0 up to -87.34 and -708.4, where its value is subnormal; tanh is 1 from 20, where the library cuts it
off (in float32 from 8 on where it is optimised, not where it is not).

exp and softplus: float32, every number of size 2^-9 to 2^8, 5.52 u (at 88.72, just before it overflows) and 4.12 u, of
the kernels 1.43 u and 3.81 u; float64, 240,000 numbers, 2.11 u and 3.21 u. Both are 0 up to -87.34 and -708.5.

cos and sin: float32, every normal number, 0.55 u; float64, 200,000 numbers, 0.503 u. Square roots are
those of NumPy, which are rounded correctly."""


class Computed(NamedTuple):
    """What is known of a number V from ``least`` to ``most``: as it is computed it is within gamma(``roundings``) V +
    ``lost`` of it."""

    roundings: int
    lost: arb
    least: arb
    most: arb


@dataclass(frozen=True)
class Rounding:
    """Rounding errors, added to forms. Raises ``Unbounded`` where a number may be too large for the format."""

    accuracy: Accuracy

    @cached_property
    def roundoff(self) -> arb:
        """u."""
        return arb(self.accuracy.format.roundoff)

    @cached_property
    def tiny(self) -> arb:
        """t, the least normal number."""
        return arb(2.0**self.accuracy.format.least_normal)

    @cached_property
    def largest(self) -> float:
        """The largest finite number."""
        return self.accuracy.format.largest

    def gamma(self, roundings: int) -> arb:
        """g: the relative error of so many roundings in a row, n u / (1 - n u)."""
        return _gamma(self.accuracy.format.roundoff, roundings, ctx.prec)

    def underflows(self, a: Form) -> bool:
        """Whether a number of this set may be other than 0 and yet subnormal."""
        return not (a.is_number(0) or a.low >= self.tiny or a.high <= -self.tiny)

    def flushed(self, a: Form) -> Form:
        """``a`` where nothing is rounded but subnormal numbers may become 0: an input, a product by a power of two."""
        return self.checked(widened(a, self.tiny) if self.underflows(a) else a)

    def rounded(self, a: Form, roundings: int = 1) -> Form:
        """``a`` after so many roundings relative to it (Lemma 1), flushed where it may underflow."""
        flush = self.tiny * roundings * (1 + self.gamma(roundings)) if self.underflows(a) else NOTHING
        return self.checked(widened(a, self.gamma(roundings) * a.size + flush))

    def quotient(self, found: Form, a: Form, b: Form) -> Form:
        """``found``, which is a / b in real arithmetic, as it is computed (Lemma 9)."""
        if not (b.low >= self.tiny or b.high <= -self.tiny):
            raise Unbounded("a divisor may be subnormal, and is 0 then")
        if a.is_number(0):
            return found
        if is_power(b) and b.size <= 1:
            return self.checked(found)
        error = NOTHING if is_power(b) else self.gamma(2) * found.size
        if not b.size * self.tiny <= 1:
            error += found.size
        computed = widened(found, error)
        return self.checked(widened(computed, self.tiny) if self.underflows(computed) else computed)

    def over_root(self, found: Form, value: Computed) -> Form:
        """``found``, which is a / sqrt(V) in real arithmetic, as it is computed (Lemma 10)."""
        self.fits(value.most * (1 + self.gamma(value.roundings)) + value.lost)
        away = self.gamma(value.roundings) + value.lost / value.least
        if not (1 - away) * value.least >= self.tiny:
            raise Unbounded("what a root is taken of may be subnormal, and is 0 then")
        error = ((1 + self.gamma(3)) / (1 - away).sqrt() - 1) * found.size
        if not (value.most * (1 + away)).sqrt() * (1 + self.roundoff) * self.tiny <= 1:
            error += found.size
        computed = widened(found, error)
        return self.checked(widened(computed, self.tiny) if self.underflows(computed) else computed)

    def root_of_rest(self, found: Form) -> Form:
        """``found``, which is sqrt(1 - a^2) in real arithmetic, as it is computed (Lemma 11)."""
        error = self.gamma(4) * found.size
        if not self.roundoff >= 2 * self.tiny:  # in tiny formats only
            error += (5 * self.tiny * (1 + self.gamma(3))).sqrt() + self.tiny
        return within(widened(found, error), NOTHING, 1 + self.gamma(4))

    def squares(self, size: arb, number: int) -> Computed:
        """The sum of so many squares, at most ``size`` in real arithmetic, added in any order (Lemma 2)."""
        lost = (2 * number - 1) * (1 + self.gamma(number - 1)) * self.tiny
        return Computed(number, lost, NOTHING, size)

    def product(self, found: Form, a: Form, b: Form) -> Form:
        """``found``, which is a * b in real arithmetic, as it is computed (Lemmas 1 and 4)."""
        if a.is_number(0) or b.is_number(0):
            return found
        if any(is_power(f) and f.size >= 1 for f in (a, b)):
            return self.checked(found)
        return self.flushed(found) if is_power(a) or is_power(b) else self.rounded(found)

    def sum(self, terms: Summands) -> Form:
        """The sum of at least two terms in any order (Lemmas 2, 3 and 7)."""
        if terms.number == 2 and not terms.rounded and not terms.subnormal:
            return self._sum_of_two(terms.exact, terms.size)
        additions = terms.number - 1
        error = self.gamma(additions + (terms.rounded > 0)) * terms.size
        flushes = terms.rounded + terms.subnormal + additions
        error += flushes * (1 + self.gamma(additions)) * self.tiny
        self.fits(terms.size + error)
        return widened(terms.exact, error)

    def _sum_of_two(self, exact: Form, size: arb) -> Form:
        """Two numbers of the format (Lemma 3): the ends of the interval are the rounded ends.

        What only ever grows therefore stops where a step no longer changes it, as it does when it runs.
        """
        self.fits(size * (1 + self.roundoff))
        if self.underflows(exact):
            return self.rounded(exact)
        rounded = widened(exact, self.gamma(1) * exact.size)
        if not (exact.low.is_finite() and exact.high.is_finite()):
            return rounded
        bits = self.accuracy.format.bits
        low, high = nearest(exact.low.lower(), bits), nearest(exact.high.upper(), bits)
        return made(rounded.centre, rounded.terms, rounded.slack, low, high)

    def mixed(self, found: Form, keep: Form, kept: Form, new: Form) -> Form:
        """``found``, which is keep * kept + (1 - keep) * new in real arithmetic, as it is computed (Lemma 5)."""
        if keep.is_number(0) or keep.is_number(1) or (kept.is_number(0) and new.is_number(0)):
            return found
        first, second = keep.size * kept.size, abs(1 - keep.low).max(abs(1 - keep.high)) * new.size
        flushes = 3 * self.tiny
        if not self.roundoff >= self.tiny:  # in tiny formats only: 1 - keep may be subnormal
            flushes += self.tiny * new.size
        error = self.gamma(2) * first + self.gamma(3) * second + (1 + self.gamma(3)) * flushes
        self.fits(first + second + error)
        return widened(found, error)

    def cancelled(self, exact: Form, size: arb, moved: arb, again: bool) -> Form | None:
        """m + K - K (Lemma 6), ``exact`` the form of m, |K| = ``size``, |m| <= ``moved``; None where it does not apply.

        ``again``: the numbers of m are fixed points of this very sum, m and K in the same places of it.
        """
        if not (2 * moved <= size and size * self.roundoff >= self.tiny):
            return None
        self.fits((size + moved) * (1 + self.roundoff))
        return exact if again else widened(exact, self.roundoff * (size + moved))

    def checked(self, a: Form) -> Form:
        """``a``, if the format can hold it."""
        self.fits(a.size)
        return a

    def fits(self, size: arb) -> None:
        """Raises ``Unbounded`` where the format may not hold numbers of this size (Lemma 7)."""
        if not size <= self.largest:
            raise Unbounded(f"a number of up to {float(size):.3g} may be too large for {self.accuracy.format.name}")


@lru_cache(maxsize=256)
def _gamma(roundoff: float, roundings: int, precision_bits: int) -> arb:
    """n u / (1 - n u); ``precision_bits`` is that of the context, in which it is computed."""
    error = roundings * arb(roundoff)
    if not error < 1:
        raise Unbounded(f"nothing is known of a number after {roundings} roundings of 1 in {1 / roundoff:g}")
    return error / (1 - error)


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


def is_power(a: Form) -> bool:
    """Whether this set is one number, plus or minus a power of two."""
    return a.is_point and power_of_two(a.centre)
