"""How far gates are opened and closed, and how small values are stored: from the demand, never from a magic number.

Two designs. *Moderate*: each gate lacks a share of the tolerance, so open is log(8 V/e), keeping log(6 n V/e), and so
on: the horizon law, a gate must keep log(n/e) to hold n steps within e. *Exact*: gates are past the thresholds at
which the number format rounds them to exactly 0 and 1; nothing is let go, and nothing rounds while it is held. The
exact design is taken for ever, and where n steps of rounding would eat more than half of the tolerance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from holdfast.construction.budget import Demand, opening, power_of_two

ROUNDINGS_PER_STEP = 6
"""Units of roundoff per step while a value is held by a gate that is not exactly 1: the gate's own error (sigmoid
within four), its product, the sum."""
ROUNDINGS_PER_HOP = 32
"""Units of roundoff of a write and a read: four tanh and sigmoid, their products, and the read-out's sum."""

WRITE, READ, HOLD, LEAK = 1 / 8, 1 / 8, 1 / 6, 1 / 6
"""Shares of the tolerance; what is left goes to the curvature of tanh."""
CURVE = 1 - WRITE - READ - HOLD - LEAK


@dataclass(frozen=True)
class Gains:
    """Pre-activations of open, keeping and closed gates; ``scale`` w is what one unit of value is stored as."""

    open: float
    keep: float
    closed: float
    scale: float
    overwrites: bool
    exact: bool
    bit_exact: bool

    @property
    def lacks(self) -> float:
        """What an open gate lacks of 1."""
        return _closed(self.open)

    @property
    def lets_go(self) -> float:
        """What the gate that keeps lacks of 1."""
        return _closed(self.keep)

    @property
    def shut(self) -> float:
        """What the closed gate still lets in."""
        return _closed(self.closed)


def gated(demand: Demand, curves: int, overwrites: bool, per_step: int = ROUNDINGS_PER_STEP) -> Gains:
    """Gains for a gated cell; ``curves`` is how many tanh a value passes on its way in and out, ``per_step`` how many
    roundings a step costs that holds it."""
    v, hops, n, format = demand.size, max(demand.hops, 1), demand.steps, demand.format
    each = per_step * format.roundoff * v
    exact = n is None or n * each > demand.tolerance / 2
    rounding = 0.0 if exact else demand.hold(each) + hops * demand.writes * ROUNDINGS_PER_HOP * format.roundoff * v
    tolerance = max(demand.tolerance - rounding, demand.tolerance / 8)
    # Half of the third-order term is kept for V' being larger than V, and for what is neglected in the thirds.
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
    """The pre-activation for a share, at least wide enough that the gate is more open than shut."""
    return opening(min(missing, 0.1))


def _closed(z: float) -> float:
    return math.exp(-z) / (1 + math.exp(-z))
