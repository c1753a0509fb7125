"""Real numbers as narrow intervals of multiprecision floats: every operation rounds outwards.

This is the arithmetic of the containment oracle. It shares nothing with the bounds under test: these are balls of
Arb, here the ends are numbers of mpmath's ``libmp``. Sums, products, quotients and roots of ``libmp`` are rounded
correctly in the direction asked for. Its exp, log, tanh, cos and sin are not proved to be, so their results are moved
outwards by ``SPARE`` bits more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from mpmath.libmp import (
    fone,
    from_float,
    fzero,
    mpf_abs,
    mpf_add,
    mpf_cos_sin,
    mpf_div,
    mpf_exp,
    mpf_log,
    mpf_lt,
    mpf_mul,
    mpf_neg,
    mpf_sign,
    mpf_sqrt,
    mpf_sub,
    mpf_tanh,
)

BITS = 320
"""The precision of both ends."""
SPARE = 40
"""So many of the last bits of exp, log and tanh are not relied on."""

End = Any
"""A number of libmp: (sign, mantissa, exponent, bits)."""
Real = tuple[End, End]
"""The least and the largest number that the true value may be."""

_AWAY = (0, (1 << (BITS - SPARE)) + 1, SPARE - BITS, BITS - SPARE + 1)
_NEAR = (0, (1 << (BITS - SPARE)) - 1, SPARE - BITS, BITS - SPARE)
"""1 + 2^-(BITS - SPARE) and 1 - 2^-(BITS - SPARE)."""

ZERO: Real = (fzero, fzero)
ONE: Real = (fone, fone)


def real(value: float) -> Real:
    """Exactly this floating-point number."""
    exact = from_float(float(value))
    return exact, exact


def add(a: Real, b: Real) -> Real:
    return mpf_add(a[0], b[0], BITS, "f"), mpf_add(a[1], b[1], BITS, "c")


def subtract(a: Real, b: Real) -> Real:
    return mpf_sub(a[0], b[1], BITS, "f"), mpf_sub(a[1], b[0], BITS, "c")


def multiply(a: Real, b: Real) -> Real:
    signs = mpf_sign(a[0]), mpf_sign(a[1]), mpf_sign(b[0]), mpf_sign(b[1])
    if signs[0] >= 0 and signs[2] >= 0:
        return mpf_mul(a[0], b[0], BITS, "f"), mpf_mul(a[1], b[1], BITS, "c")
    if signs[1] <= 0 and signs[3] <= 0:
        return mpf_mul(a[1], b[1], BITS, "f"), mpf_mul(a[0], b[0], BITS, "c")
    if signs[0] >= 0 and signs[3] <= 0:
        return mpf_mul(a[1], b[0], BITS, "f"), mpf_mul(a[0], b[1], BITS, "c")
    if signs[1] <= 0 and signs[2] >= 0:
        return mpf_mul(a[0], b[1], BITS, "f"), mpf_mul(a[1], b[0], BITS, "c")
    low = [mpf_mul(x, y, BITS, "f") for x in a for y in b]
    high = [mpf_mul(x, y, BITS, "c") for x in a for y in b]
    return _least(low), mpf_neg(_least(map(mpf_neg, high)))


def divide(a: Real, b: Real) -> Real:
    """a / b for b > 0."""
    assert mpf_sign(b[0]) > 0
    below, above = b[1] if mpf_sign(a[0]) >= 0 else b[0], b[0] if mpf_sign(a[1]) >= 0 else b[1]
    return mpf_div(a[0], below, BITS, "f"), mpf_div(a[1], above, BITS, "c")


def root(a: Real) -> Real:
    """The square root of a > 0."""
    assert mpf_sign(a[0]) > 0
    return mpf_sqrt(a[0], BITS, "f"), mpf_sqrt(a[1], BITS, "c")


def root_of_rest(a: Real) -> Real:
    """The square root of 1 - a^2 for |a| <= 1."""
    low, high = relu(multiply(subtract(ONE, a), add(ONE, a)))
    return mpf_sqrt(low, BITS, "f"), mpf_sqrt(high, BITS, "c")


def negative(a: Real) -> Real:
    return mpf_neg(a[1]), mpf_neg(a[0])


def absolute(a: Real) -> Real:
    return maximum(maximum(a, negative(a)), ZERO)


def maximum(a: Real, b: Real) -> Real:
    return tuple(y if mpf_lt(x, y) else x for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def exp(a: Real) -> Real:
    return _risen(mpf_exp, a)


def softplus(a: Real) -> Real:
    """log(1 + exp(a)), as max(a, 0) + log(1 + e), e = exp(-|a|), of both ends."""
    return _risen(_softplus, a)


def logsigmoid(a: Real) -> Real:
    return negative(softplus(negative(a)))


def tanh(a: Real) -> Real:
    return _risen(mpf_tanh, a)


def sigmoid(a: Real) -> Real:
    """1 / (1 + exp(-a))."""
    return divide(ONE, add(ONE, exp(negative(a))))


def cos(a: Real) -> Real:
    return _turned(0, a)


def sin(a: Real) -> Real:
    return _turned(1, a)


def _turned(place: int, a: Real) -> Real:
    """The cosine (0) or the sine (1), whose slope is at most 1: its value at one end, and the width on both sides."""
    value = mpf_cos_sin(a[0], BITS)[place]
    width = mpf_add(mpf_sub(a[1], a[0], BITS, "c"), (0, 1, SPARE - BITS, 1), BITS, "c")
    return mpf_sub(value, width, BITS, "f"), mpf_add(value, width, BITS, "c")


def relu(a: Real) -> Real:
    return tuple(fzero if mpf_sign(end) < 0 else end for end in a)  # type: ignore[return-value]


def _softplus(a: End, bits: int, direction: str) -> End:
    e = mpf_exp(mpf_neg(mpf_abs(a)), bits + 20)
    less = mpf_log(mpf_add(fone, e), bits + 20) if e[2] + e[3] > -bits else e  # where log(1 + e) is e within e^2
    return mpf_add(fzero if mpf_sign(a) < 0 else a, less, bits, direction)


def _risen(function: Callable[..., End], a: Real) -> Real:
    """A rising function, its values moved outwards."""
    low, high = function(a[0], BITS, "f"), function(a[1], BITS, "c")
    low = mpf_mul(low, _NEAR if mpf_sign(low) > 0 else _AWAY, BITS, "f")
    return low, mpf_mul(high, _AWAY if mpf_sign(high) > 0 else _NEAR, BITS, "c")


def _least(ends: Iterable[End]) -> End:
    found = None
    for end in ends:
        if found is None or mpf_lt(end, found):
            found = end
    return found
