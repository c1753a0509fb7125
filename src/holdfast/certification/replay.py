"""Run a refuting sequence again in real arithmetic, to find whether it refutes there as in floating point."""

from __future__ import annotations

from flint import arb, ctx

from holdfast.alphabet.enclosures.forms import Unbounded
from holdfast.certification.propagate import advance, start
from holdfast.certification.refute import Refutation
from holdfast.certification.weights import weights_of
from holdfast.engine.network import Network
from holdfast.engine.readings.bounds import Bounds

PRECISION_BITS = 512
"""Enough precision for sequences of thousands of steps, each of which loses some bits."""
ANSWERS = 2.0**-48
"""The relative error of an answer that was computed in double precision."""


def errs_exactly(network: Network, witness: Refutation, tolerance: float) -> bool:
    """Whether the error on the sequence certainly exceeds the tolerance, or the right symbol is certainly not the
    largest."""
    before, ctx.prec = ctx.prec, PRECISION_BITS
    try:
        weights, ops = weights_of(network, every_unit=False), Bounds()
        state, outputs = start(weights), ()
        for x in witness.inputs:
            state, outputs = advance(weights, ops, state, tuple(ops.between(arb(v), arb(v)) for v in x))
    except Unbounded:
        return False
    finally:
        ctx.prec = before
    if witness.symbol is not None:
        right = outputs[witness.symbol]
        return any(right.high < y.low for o, y in enumerate(outputs) if o != witness.symbol)
    asked = [(y, arb(e, abs(e) * ANSWERS)) for y, e in zip(outputs, witness.expected, strict=True) if e is not None]
    return any(y.low - expected > tolerance or expected - y.high > tolerance for y, expected in asked)
