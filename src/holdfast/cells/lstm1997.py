"""Long short-term memory as first published, without a forget gate.

The cell state c only accumulates: c' = c + i*g. The paper has 4 sigmoid(a) - 2 = 2 tanh(a/2) and
2 sigmoid(a) - 1 = tanh(a/2) in place of tanh. This is the same cell with halved weights of the candidate and a halved
cell state. (The truncated gradient of the paper is a setting, not part of the cell.)

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
