"""The plain recurrent network with rectifiers: one layer of max(a, 0) that reads the input and its previous output.

The recurrent matrix U copies the state. It is initialised as the identity, U = 1 (``keras+identity``, the meaning of
``auto`` for this cell); the network then adds its inputs to its state as long as the sum is positive.

Shapes: x [..., input]; h [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    candidate: Value


source = "Le, Jaitly & Hinton 2015, arXiv:1504.00941"
letters = {"candidate": "n"}
keep, write = "", ""
identity = True
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    n = ops.relu(ops.add(w["candidate"], u["candidate"]))
    return Step(n, State(n), Gates(n))
