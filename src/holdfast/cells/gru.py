"""Gated recurrent unit, reset after the product.

Two GRUs are in use: the reset gate before the recurrent product, or after it. This one resets after, as cuDNN,
PyTorch and Keras's default do; its candidate therefore has a recurrent bias of its own. The update gate z
*keeps*: h' = z*h + (1-z)*n, in this order of operations, which holds h bit for bit where z is exactly 1. PyTorch
computes n + z*(h-n), equal in exact arithmetic; the paper of 2014 calls 1-z what is called z here.

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
