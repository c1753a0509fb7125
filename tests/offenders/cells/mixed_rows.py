"""OFFENDER: an Elman network that centres its units over the batch, so that rows see each other."""

from __future__ import annotations

from holdfast.cells import elman
from holdfast.cells.elman import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    n = elman.step(ops, weights, x, state).output
    n = n - n.mean(0)
    return Step(n, State(n), Gates(n))
