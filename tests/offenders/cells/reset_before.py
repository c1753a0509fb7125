"""OFFENDER: a GRU that resets before the recurrent product, as the paper of 2014 and unlike PyTorch."""

from __future__ import annotations

from holdfast.cells.gru import Gates, State, keep, letters, maps, source, write  # noqa: F401
from holdfast.core.cell import Step


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    r = ops.sigmoid(ops.add(w["reset"], u["reset"]))
    z = ops.sigmoid(ops.add(w["update"], u["update"]))
    inner = ops.linear(weights["h"], ops.multiply(r, state.h))
    n = ops.tanh(ops.add(w["candidate"], inner["candidate"]))
    h = ops.mix(z, state.h, n)
    return Step(h, State(h), Gates(r, z, n))
