"""Quotients of quotients, of softplus and of exp: what XLA would rewrite, were it not kept from it.

r = softplus(..), s = exp(tanh(..)), h' = max((h / (1/2 + r)) / s, tanh(..) / (s / (r + s))) - r / s, 1/2 = sigmoid(0).
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    rate: Value
    scale: Value
    candidate: Value


source = "none: it is for tests"
letters = {"rate": "r", "scale": "s", "candidate": "n"}
keep, write = "rate", "scale"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    r = ops.softplus(ops.add(w["rate"], u["rate"]))
    s = ops.exp(ops.tanh(ops.add(w["scale"], u["scale"])))
    n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    half = ops.sigmoid(ops.subtract(r, r))
    kept = ops.divide(ops.divide(state.h, ops.add(half, r)), s)
    new = ops.divide(n, ops.divide(s, ops.add(r, s)))
    h = ops.subtract(ops.maximum(kept, new), ops.divide(r, s))
    return Step(h, State(h), Gates(r, s, n))
