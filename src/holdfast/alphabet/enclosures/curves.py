"""tanh, sigmoid and relu of forms: a straight line along the curve, and how far the curve strays from it.

Any slope a gives a valid line; the deviation f(z) - a z over [l, u] lies between its values at l, at u and at the
points inside where f' = a. Slopes between the secant's and that in the middle are tried, in floating point where the
range is wide enough for it; the line itself is then bounded rigorously. Three quarters of the secant and a quarter of
the middle is Chebyshev's best line for a cubic, and halves the deviation of a narrow range.

The bound on [-r, r] for tanh: |tanh z - a z| <= r**3/12 with a = 1 - r**2/4, to leading order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from holdfast.alphabet.enclosures.forms import NOTHING, ONE, ZERO, Form, interval, made, number

SHARES = (0.0, 0.25)
"""Parts of the slope in the middle, the rest being the secant's, that are tried in floating point."""
WIDE = 1e-3
"""A range of this width, relative to its larger end, is wide: its secant has enough digits in floating point."""


@dataclass(frozen=True)
class Curve:
    """A rising S-shaped function, odd about its value at 0. ``slope`` is f' from the value of f, at most ``steepest``;
    ``turn`` is the z > 0 at which f' is the given slope between 0 and ``steepest``. ``near_value``, ``near_slope`` and
    ``near_turn`` are the same in floating point."""

    value: Callable[[arb], arb]
    slope: Callable[[arb], arb]
    steepest: arb
    turn: Callable[[arb], arb]
    near_value: Callable[[float], float]
    near_slope: Callable[[float], float]
    near_turn: Callable[[float], float]

    def __call__(self, a: Form) -> Form:
        """f(a), never wider than f(low) to f(high)."""
        if a.is_point:
            return number(self.value(a.centre))
        low, high = self.value(a.low), self.value(a.high)
        if not a.terms:
            return interval(low, high)
        wanted = self._near_best(float(a.low.mid()), float(a.high.mid()))
        if wanted is not None:
            slope, centre, radius = self._line(a, low, high, arb(wanted))
        else:
            secant = (high - low) / (a.high - a.low)
            middle = self.slope(self.value((a.low + a.high) / 2))
            lines = [self._line(a, low, high, slope) for slope in (secant, 0.75 * secant + 0.25 * middle)]
            slope, centre, radius = lines[0] if lines[0][2] < lines[1][2] else lines[1]
        if not radius.is_finite():  # so flat that where it turns is past all numbers
            return interval(low, high)
        terms = {symbol: slope * part for symbol, part in a.terms.items()} if not slope.is_zero() else {}
        return made(slope * a.centre + centre, terms, slope * a.slack + radius, low, high)

    def _near_best(self, low: float, high: float) -> float | None:
        """A slope whose line strays little, in floating point; None where that has too few digits."""
        if not WIDE * max(abs(low), abs(high)) < high - low < math.inf:
            return None
        ends = self.near_value(low), self.near_value(high)
        secant, middle = (ends[1] - ends[0]) / (high - low), self.near_slope((low + high) / 2)
        slopes = [(1 - share) * secant + share * middle for share in SHARES]
        return min(slopes, key=lambda slope: self._near_radius(low, high, ends, slope))

    def _near_radius(self, low: float, high: float, ends: tuple[float, float], slope: float) -> float:
        strays = [ends[0] - slope * low, ends[1] - slope * high]
        if 0 < slope < float(self.steepest):
            turn = self.near_turn(slope)
            strays += [self.near_value(z) - slope * z for z in (turn, -turn) if low < z < high]
        return max(strays) - min(strays)

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


def _near_sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


TANH = Curve(
    value=lambda z: z.tanh(),
    slope=lambda t: 1 - t * t,
    steepest=ONE,
    turn=lambda slope: (1 - slope).sqrt().atanh(),
    near_value=math.tanh,
    near_slope=lambda z: 1 - math.tanh(z) ** 2,
    near_turn=lambda slope: math.atanh(math.sqrt(1 - slope)) if slope > 1e-12 else math.inf,
)
SIGMOID = Curve(
    value=lambda z: 1 / (1 + (-z).exp()),
    slope=lambda s: s * (1 - s),
    steepest=ONE / 4,
    turn=lambda slope: 2 * (1 - 4 * slope).sqrt().atanh(),
    near_value=_near_sigmoid,
    near_slope=lambda z: _near_sigmoid(z) * (1 - _near_sigmoid(z)),
    near_turn=lambda slope: 2 * math.atanh(math.sqrt(1 - 4 * slope)) if slope > 1e-12 else math.inf,
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
