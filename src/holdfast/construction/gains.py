"""The pre-activations of open and closed gates, and the scale of stored values, derived from the demand.

There are two designs. *Moderate*: the deviation of each gate from 0 or 1 is a fraction of the tolerance. The
pre-activation is log(8 V/e) for an open gate, log(6 n V/e) for one that keeps, and so on: to hold a value for n steps
within e, the pre-activation grows as log(n/e). *Exact*: the pre-activations exceed the thresholds at which the number
format rounds gates to exactly 0 and 1; then nothing is lost and nothing is rounded while a value is held. The exact
design is used for unlimited length, and if n steps of rounding would use more than half of the tolerance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from holdfast.construction.budget import Demand, opening, power_of_two

ROUNDINGS_PER_STEP = 6
"""Units of roundoff per step while a value is held by a gate that is not exactly 1: the error of the gate (up to four
for sigmoid), its product, and the sum."""
ROUNDINGS_PER_HOP = 32
"""Units of roundoff for a write and a read: four evaluations of tanh and sigmoid, their products, and the sum of the
read-out."""

WRITE, READ, HOLD, LEAK = 1 / 8, 1 / 8, 1 / 6, 1 / 6
"""Fractions of the tolerance; the rest is for the curvature of tanh."""
CURVE = 1 - WRITE - READ - HOLD - LEAK


@dataclass(frozen=True)
class Gains:
    """The pre-activations of gates that are open, keep and are closed. ``scale`` is w: a value v is stored as w v."""

    open: float
    keep: float
    closed: float
    scale: float
    overwrites: bool
    exact: bool
    bit_exact: bool

    @property
    def lacks(self) -> float:
        """1 minus the value of an open gate."""
        return _closed(self.open)

    @property
    def lets_go(self) -> float:
        """1 minus the value of the gate that keeps."""
        return _closed(self.keep)

    @property
    def shut(self) -> float:
        """The value of a closed gate."""
        return _closed(self.closed)


def gated(demand: Demand, curves: int, overwrites: bool, per_step: int = ROUNDINGS_PER_STEP) -> Gains:
    """The gains for a gated cell. ``curves`` is the number of tanh that a value passes through when written and read;
    ``per_step`` is the number of roundings in each step that holds it."""
    v, hops, n, format = demand.size, max(demand.hops, 1), demand.steps, demand.format
    each = per_step * format.roundoff * v
    exact = n is None or n * each > demand.tolerance / 2
    rounding = 0.0 if exact else demand.hold(each) + hops * demand.writes * ROUNDINGS_PER_HOP * format.roundoff * v
    tolerance = max(demand.tolerance - rounding, demand.tolerance / 8)
    # Half of the third-order term is reserved for V' > V and for neglected higher orders.
    curve = CURVE * tolerance * 3 / (hops * curves * v**3)
    scale = power_of_two(min(math.sqrt(curve) * 0.98, 0.25 / v))
    if n is None:
        scale = min(scale, power_of_two(format.identity / v))
    bit_exact = exact and scale * v <= format.identity and demand.writes == 1
    if exact:
        far = format.closed
        return Gains(far, far, far, scale, overwrites, exact, bit_exact)
    assert n is not None
    lacking = WRITE * tolerance / (hops * v * (2 if overwrites else 1))
    going = HOLD * tolerance / (max(n - 1, 1) * v)
    return Gains(_gain(lacking), _gain(going), _gain(going), scale, overwrites, exact, bit_exact)


def _gain(missing: float) -> float:
    """The pre-activation of a gate with this deviation from 1, positive so that the gate is more open than closed."""
    return opening(min(missing, 0.1))


def _closed(z: float) -> float:
    return math.exp(-z) / (1 + math.exp(-z))
