"""OFFENDER: an LSTM whose forget gate lets no gradient through."""

from __future__ import annotations

from jax import lax

from holdfast.cells.lstm import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = lax.stop_gradient(ops.sigmoid(ops.add(w["forget"], u["forget"])))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(i, f, g, o))
