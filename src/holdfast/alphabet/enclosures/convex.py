"""exp, softplus, elu(z) + 1, 1/z and 1/sqrt(z) of forms: a straight line below a convex curve, and how far that rises
above it.

On [l, u] a convex f lies on or below its secant. With any slope s, f(z) - s z is largest at an end and least where
f' = s, if that is inside. Three quarters of the secant's slope and a quarter of that in the middle is tried beside the
secant's own, as for curves that turn (``curves.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from holdfast.alphabet.enclosures.forms import ONE, Form, interval, made, number


@dataclass(frozen=True)
class Convex:
    """A convex function: ``value``, its ``slope`` f' at z, and ``at``, the z at which f' is a slope that f' has between
    two points; ``rises`` is whether it rises (else it falls)."""

    value: Callable[[arb], arb]
    slope: Callable[[arb], arb]
    at: Callable[[arb], arb]
    rises: bool

    def __call__(self, a: Form) -> Form:
        """f(a), never wider than from one end's value to the other's."""
        if a.is_point:
            return number(self.value(a.centre))
        ends = self.value(a.low), self.value(a.high)
        low, high = ends if self.rises else (ends[1], ends[0])
        if not a.terms:
            return interval(low, high)
        secant = (ends[1] - ends[0]) / (a.high - a.low)
        middle = self.slope((a.low + a.high) / 2)
        lines = [self._line(a, ends, slope) for slope in (secant, 0.75 * secant + 0.25 * middle)]
        slope, centre, radius = lines[0] if lines[0][2] < lines[1][2] else lines[1]
        if not radius.is_finite():
            return interval(low, high)
        terms = {symbol: slope * part for symbol, part in a.terms.items()} if not slope.is_zero() else {}
        return made(slope * a.centre + centre, terms, abs(slope) * a.slack + radius, low, high)

    def _line(self, a: Form, ends: tuple[arb, arb], wanted: arb) -> tuple[arb, arb, arb]:
        """A slope near the wanted one, exact, and the middle and radius of f(z) - slope z over a's interval."""
        slope = wanted.mid()
        strays = [ends[0] - slope * a.low, ends[1] - slope * a.high]
        turn = self.at(slope)
        if not (turn < a.low or turn > a.high):
            strays.append(self.value(turn) - slope * turn)
        least, most = strays[0], strays[0]
        for stray in strays[1:]:
            least, most = least.min(stray), most.max(stray)
        return slope, (least + most) / 2, (most - least) / 2


EXP = Convex(value=lambda z: z.exp(), slope=lambda z: z.exp(), at=lambda slope: slope.log(), rises=True)
SOFTPLUS = Convex(
    value=lambda z: z.exp().log1p() if z < 0 else z + (-z).exp().log1p(),
    slope=lambda z: 1 / (1 + (-z).exp()),
    at=lambda slope: (slope / (1 - slope)).log(),
    rises=True,
)
ELU_PLUS_ONE = Convex(
    value=lambda z: z + 1 if z >= 0 else z.exp() if z <= 0 else z.min(arb(0)).exp() + z.max(arb(0)),
    slope=lambda z: z.min(arb(0)).exp(),
    at=lambda slope: slope.log(),
    rises=True,
)
RECIPROCAL = Convex(
    value=lambda z: ONE / z, slope=lambda z: -1 / (z * z), at=lambda slope: (-1 / slope).sqrt(), rises=False
)
"""Of numbers above 0."""
RECIPROCAL_ROOT = Convex(
    value=lambda z: 1 / z.sqrt(),
    slope=lambda z: -1 / (2 * z * z.sqrt()),
    at=lambda slope: (-2 * slope) ** (arb(-2) / 3),
    rises=False,
)
"""Of numbers above 0."""
