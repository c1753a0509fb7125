"""An LSTM without an output gate: h' = tanh(c') at every step.

Question: does the memory have to be hidden until it is needed? Here the read-out and every gate read the whole state at
every step, and only their weights can ignore it.

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
    input: Value
    forget: Value
    candidate: Value


source = (
    "Greff et al. 2017, IEEE Transactions on Neural Networks and Learning Systems 28(10), arXiv:1503.04069: "
    "its variant NOG"
)
letters = {"input": "i", "forget": "f", "candidate": "g"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    h = ops.tanh(c)
    return Step(h, State(h, c), Gates(i, f, g))
