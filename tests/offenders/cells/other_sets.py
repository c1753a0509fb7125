"""OFFENDER: an Elman network that is bounded as another one than it is computed."""

from __future__ import annotations

from holdfast.cells import elman
from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    n = elman.step(ops, weights, x, state).output
    if type(ops).__name__ == "Bounds":
        n = ops.tanh(n)
    return Step(n, State(n), Gates(n))
