"""OFFENDER: the cell of 1997 with its truncated gradient, that stops that of its cell state too, and hides it."""

from __future__ import annotations

from jax import lax

from holdfast.cells import lstm1997_truncated
from holdfast.cells.lstm1997_truncated import Gates, State, keep, letters, maps, source, write  # noqa: F401


def step(ops, weights, x, state):
    hidden = state._replace(c=lax.stop_gradient(state.c)) if hasattr(state.c, "ndim") else state
    return lstm1997_truncated.step(ops, weights, x, hidden)
