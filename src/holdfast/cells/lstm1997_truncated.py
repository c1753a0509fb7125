"""The LSTM of 1997 with the learning rule of 1997: only the cell state carries errors back in time.

It computes what ``lstm1997`` computes. What differs is the gradient: an error that reaches a gate or the candidate
changes the weights there and goes no further; it does not flow on, through the recurrent weights, into the step before.
In the cell state it flows back untouched, for ever: the constant error carousel. So what is called gradient here is by
intent not the derivative (of the output, by the state or the inputs, it has the part that passes through the carousel).

What it answers: how much of the learning needs errors that flow through the gates?

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


source = "Hochreiter & Schmidhuber 1997, Neural Computation 9(8), appendix A.1"
letters = {"input": "i", "candidate": "g", "output": "o"}
keep, write = "", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], ops.stop(state.h))
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(state.c, ops.multiply(i, g))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(i, g, o))
