"""Long short-term memory as first published, without a forget gate.

What is written into the cell state c stays there, and only adds up: c' = c + i*g. The paper squashes with
4 sigmoid(a) - 2 = 2 tanh(a/2) and 2 sigmoid(a) - 1 = tanh(a/2) where tanh stands here: the same cell, with its
candidate's weights halved and its cell state counted in halves. (The paper's truncated gradient is no part of it.)

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
    candidate: Value
    output: Value


source = "Hochreiter & Schmidhuber 1997, Neural Computation 9(8)"
letters = {"input": "i", "candidate": "g", "output": "o"}
keep, write = "", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(state.c, ops.multiply(i, g))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(i, g, o))
