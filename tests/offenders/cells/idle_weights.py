"""OFFENDER: an Elman network that never reads its recurrent weights."""

from __future__ import annotations

from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    n = ops.tanh(ops.add(ops.linear(weights["x"], x)["candidate"], state.h))
    return Step(n, State(n), Gates(n))
