"""A tiny machine for floating point: every number of a small binary format, every operation exactly rounded.

All values are small dyadic numbers, on which float64 is exact: it stands for the rationals here. Operations take
arrays, so that all operands are run side by side. A machine keeps subnormal numbers or flushes them, as operands, as
results before they are rounded, or after.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from holdfast.alphabet.enclosures.rounding import Accuracy, Rounding
from holdfast.core.formats import Format


def tiny_format(exponent_bits: int, fraction_bits: int) -> Format:
    """IEEE 754's rules at this size: the exponents of the normal numbers lie around 0."""
    least = 2 - 2 ** (exponent_bits - 1)
    return Format(f"e{exponent_bits}f{fraction_bits}", fraction_bits + 1, least, least - fraction_bits)


def rounding(form: Format) -> Rounding:
    """The rules for this format; of functions only that cos and sin are within one roundoff."""
    return Rounding(Accuracy(form, 0, 0, 0, 0, 1, 0.0, 0.0, 0.0))


def numbers(form: Format) -> np.ndarray:
    """Every finite number, in rising order, one zero."""
    least = 2.0**form.least_normal
    fractions = np.arange(2 ** (form.bits - 1)) * 2.0**form.least_subnormal
    normal = [(least + fractions) * 2.0**k for k in range(2 - 2 * form.least_normal)]
    positive = np.concatenate([fractions[1:], *normal])
    return np.concatenate([-positive[::-1], [0.0], positive])


@dataclass(frozen=True)
class Machine:
    """One way to compute in a format."""

    form: Format
    flush_operands: bool
    flush_results: Literal["no", "before rounding", "after rounding"]

    def rounded(self, exact: np.ndarray) -> np.ndarray:
        """To the nearest number, ties to even; too large ones become infinite."""
        form, least = self.form, 2.0**self.form.least_normal
        exact = np.where(np.abs(exact) < least, 0.0, exact) if self.flush_results == "before rounding" else exact
        exponent = np.frexp(np.where(np.isfinite(exact), exact, 0.0))[1] - 1
        spacing = 2.0 ** np.maximum(exponent - form.bits + 1, form.least_subnormal)
        found = np.where(np.isfinite(exact), np.rint(exact / spacing) * spacing, exact)
        found = np.where(np.abs(found) < 2.0 ** (2 - form.least_normal), found, np.copysign(np.inf, found))
        return np.where(np.abs(found) < least, 0.0, found) if self.flush_results == "after rounding" else found

    def read(self, operand: np.ndarray) -> np.ndarray:
        return np.where(np.abs(operand) < 2.0**self.form.least_normal, 0.0, operand) if self.flush_operands else operand

    def add(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return self.rounded(self.read(a) + self.read(b))

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return self.rounded(self.read(a) * self.read(b))

    def divide(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Of numbers of so few bits the quotient of float64 lies on the same side of every tie as the exact one."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.rounded(self.read(a) / self.read(b))

    def maximum(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.maximum(self.read(a), self.read(b))

    def fused(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """a * b + c, rounded once."""
        with np.errstate(invalid="ignore"):
            return self.rounded(self.read(a) * self.read(b) + self.read(c))

    def sums(self, terms: Sequence[tuple[np.ndarray, ...]]) -> list[np.ndarray]:
        """All that can come out of a sum: every order, every product (a term of two) rounded first or fused."""
        if len(terms) == 1:
            (term,) = terms
            return [self.multiply(*term) if len(term) == 2 else term[0]]
        found = []
        for size in range(1, len(terms) // 2 + 1):
            for chosen in itertools.combinations(range(len(terms)), size):
                left, right = [terms[i] for i in chosen], [t for i, t in enumerate(terms) if i not in chosen]
                found += [self.add(a, b) for a in self.sums(left) for b in self.sums(right)]
                for one, others in ((left, right), (right, left)):
                    if len(one) == 1 and len(one[0]) == 2:
                        found += [self.fused(*one[0], b) for b in self.sums(others)]
        return found


def machines(form: Format) -> Iterator[Machine]:
    for operands, results in itertools.product((False, True), ("no", "before rounding", "after rounding")):
        yield Machine(form, operands, results)
