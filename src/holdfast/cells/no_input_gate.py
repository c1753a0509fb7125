"""An LSTM without an input gate: the candidate is added to the state at every step.

Question: is a gate needed to protect the cell state from new inputs? Here the candidate itself must be 0 to leave the
state unchanged, and the weights have to achieve this for every later input.

Shapes: x [..., input]; h, c and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value
    c: Value


class Gates(NamedTuple):
    forget: Value
    candidate: Value
    output: Value


source = (
    "Greff et al. 2017, IEEE Transactions on Neural Networks and Learning Systems 28(10), arXiv:1503.04069: "
    "its variant NIG"
)
letters = {"forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", ""
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), g)
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(f, g, o))
