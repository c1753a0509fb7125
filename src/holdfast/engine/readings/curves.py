"""tanh, sigmoid and relu of forms: a straight line along the curve, and how far the curve strays from it.

Any slope a gives a valid line; the deviation f(z) - a z over [l, u] lies between its values at l, at u and at the
points inside where f' = a. Two slopes are tried: the secant, and three quarters of it with a quarter of the slope in
the middle, which is Chebyshev's best line for a cubic and halves the deviation of a narrow range.

The bound on [-r, r] for tanh: |tanh z - a z| <= r**3/12 with a = 1 - r**2/4, to leading order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from holdfast.engine.readings.forms import NOTHING, ONE, ZERO, Form, interval, made, number


@dataclass(frozen=True)
class Curve:
    """A rising S-shaped function, odd about its value at 0. ``slope`` is f' from the value of f, at most ``steepest``;
    ``turn`` is the z > 0 at which f' is the given slope between 0 and ``steepest``."""

    value: Callable[[arb], arb]
    slope: Callable[[arb], arb]
    steepest: arb
    turn: Callable[[arb], arb]

    def __call__(self, a: Form) -> Form:
        """f(a), never wider than f(low) to f(high)."""
        if a.is_point:
            return number(self.value(a.centre))
        low, high = self.value(a.low), self.value(a.high)
        if not a.terms:
            return interval(low, high)
        secant = (high - low) / (a.high - a.low)
        middle = self.slope(self.value((a.low + a.high) / 2))
        lines = [self._line(a, low, high, slope) for slope in (secant, 0.75 * secant + 0.25 * middle)]
        (slope, centre, radius) = lines[0] if lines[0][2] < lines[1][2] else lines[1]
        if not radius.is_finite():  # so flat that where it turns is past all numbers
            return interval(low, high)
        terms = {symbol: slope * part for symbol, part in a.terms.items()} if not slope.is_zero() else {}
        return made(slope * a.centre + centre, terms, slope * a.slack + radius, low, high)

    def _line(self, a: Form, low: arb, high: arb, wanted: arb) -> tuple[arb, arb, arb]:
        """A slope near the wanted one, exact, and the middle and radius of f(z) - slope z over a's interval."""
        slope = wanted.mid() if wanted.is_finite() else NOTHING
        slope = slope.max(NOTHING).min(self.steepest)
        strays = [low - slope * a.low, high - slope * a.high]
        if slope > 0 and slope < self.steepest:
            turn = self.turn(slope)
            for z in (turn, -turn):
                if not (z < a.low or z > a.high):
                    strays.append(self.value(z) - slope * z)
        least, most = strays[0], strays[0]
        for stray in strays[1:]:
            least, most = least.min(stray), most.max(stray)
        return slope, (least + most) / 2, (most - least) / 2


TANH = Curve(lambda z: z.tanh(), lambda t: 1 - t * t, ONE, lambda slope: (1 - slope).sqrt().atanh())
SIGMOID = Curve(
    lambda z: 1 / (1 + (-z).exp()), lambda s: s * (1 - s), ONE / 4, lambda slope: 2 * (1 - 4 * slope).sqrt().atanh()
)


def relu(a: Form) -> Form:
    """max(a, 0): exact where the sign is known; else the secant, from which it strays between 0 and slope * -low."""
    if a.low >= 0:
        return a
    if a.high <= 0:
        return ZERO
    if not a.terms:
        return interval(NOTHING, a.high)
    slope = (a.high / (a.high - a.low)).mid().max(NOTHING).min(ONE)
    strays = (-slope * a.low).max((1 - slope) * a.high)
    terms = {symbol: slope * part for symbol, part in a.terms.items()}
    return made(slope * a.centre + strays / 2, terms, slope * a.slack + strays / 2, NOTHING, a.high)
