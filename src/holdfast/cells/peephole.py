"""An LSTM with peephole connections: each unit's gates also read its own cell state, with one weight each.

Question: what do gates gain from reading the state, even while the output gate is closed? The input and forget gates
read the state before the step, the output gate the state after it. Timing and counting tasks use this.

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
    output: Value


source = "Gers & Schmidhuber 2000, IJCNN; Gers, Schraudolph & Schmidhuber 2002, JMLR 3"
letters = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", "input"
maps = (
    Map(Gates._fields, "x", bias=True),
    Map(Gates._fields, "h", bias=False),
    Map(("input", "forget", "output"), "c", bias=False, diagonal=True),
)


def step(ops, weights, x, state):
    w, u, p = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h), ops.linear(weights["c"], state.c)
    i = ops.sigmoid(ops.add(w["input"], u["input"], p["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"], p["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    o = ops.sigmoid(ops.add(w["output"], u["output"], ops.linear(weights["c"], c)["output"]))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(i, f, g, o))
