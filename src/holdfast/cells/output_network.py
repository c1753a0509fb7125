"""An LSTM with a network in place of the output gate: h' is a learned function of x, h and c'.

Question: why not one network (here with one hidden layer) that maps (x, h, c') to the new h? The state is kept as in
the LSTM, so the gradient still passes through time. The output can be any function of the state, at the cost of more
weights.

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
    hidden: Value
    reading: Value


source = "a control; Rumelhart, Hinton & Williams 1986, Nature 323, in the place of the output gate of the LSTM"
letters = {"input": "i", "forget": "f", "candidate": "g", "hidden": "k", "reading": "n"}
keep, write = "forget", "input"
GATED = ("input", "forget", "candidate", "hidden")
maps = (
    Map(GATED, "x", bias=True),
    Map(GATED, "h", bias=False),
    Map(("hidden",), "c", bias=False),
    Map(("reading",), "k", bias=True),
)


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    k = ops.tanh(ops.add(w["hidden"], u["hidden"], ops.linear(weights["c"], c)["hidden"]))
    n = ops.linear(weights["k"], k)["reading"]
    return Step(n, State(n, c), Gates(i, f, g, k, n))
