"""Gated recurrent unit, reset after the product.

Two GRUs are in use: one applies the reset gate before the recurrent product, the other after it. This one resets after
it, as cuDNN, PyTorch and the default of Keras do, so its candidate has a recurrent bias. The update gate z *keeps* the
state: h' = z*h + (1-z)*n. In this order of operations h is held bit for bit if z is exactly 1. PyTorch computes
n + z*(h-n), which is equal in exact arithmetic only. The paper of 2014 writes 1-z for this z.

Shapes: x [..., input]; h and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    reset: Value
    update: Value
    candidate: Value


source = "Cho et al. 2014, arXiv:1406.1078; reset after the product: Appleyard et al. 2016, arXiv:1604.01946"
letters = {"reset": "r", "update": "z", "candidate": "n"}
keep, write = "update", ""
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=True))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    r = ops.sigmoid(ops.add(w["reset"], u["reset"]))
    z = ops.sigmoid(ops.add(w["update"], u["update"]))
    n = ops.tanh(ops.add(w["candidate"], ops.multiply(r, u["candidate"])))
    h = ops.mix(z, state.h, n)
    return Step(h, State(h), Gates(r, z, n))
