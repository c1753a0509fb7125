"""An LSTM with weights of its own for every time step: what many believe an LSTM to be, and what it is not.

What it answers: what if every step had its own gates? The state t counts the steps, and chooses the weights. A network
for 10 steps holds ten times as many numbers as one LSTM, one for 1000 a thousand times; nothing that it learned at one
step helps at another; and it cannot read a step more than it has weights for, which it refuses.

Shapes: x [..., input]; h, c, t and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value
    c: Value
    t: Value


class Gates(NamedTuple):
    input: Value
    forget: Value
    candidate: Value
    output: Value


source = (
    "a control; the LSTM of Hochreiter & Schmidhuber 1997 and Gers, Schmidhuber & Cummins 2000, not sharing its weights"
)
letters = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", "input"
per_step = True
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c, ops.count(state.t)), Gates(i, f, g, o))
