"""OFFENDER: an LSTM that computes rightly and calls its input gate the forget gate."""

from __future__ import annotations

from holdfast.cells import lstm
from holdfast.cells.lstm import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    output, after, gates = lstm.step(ops, weights, x, state)
    return Step(output, after, Gates(gates.forget, gates.input, gates.candidate, gates.output))
