"""OFFENDER: weights of its own for every step, in a cell that does not count its steps."""

from __future__ import annotations

from holdfast.cells import per_step as honest
from holdfast.cells.per_step import Gates, State, keep, letters, maps, per_step, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    output, after, gates = honest.step(ops, weights, x, state)
    return Step(output, after._replace(t=state.t), gates)
