"""One network for the cell state: c' is a learned function of x, h and c, with a hidden layer, and nothing is gated.

What it answers: why not one network that maps (x, h, c) to the new c? It could compute whatever gates compute, but to
keep is no longer what happens by itself: it must be learned, for every value. And the gradient goes through its layers
at every step, where it shrinks or grows by a factor each time. Only what is seen of the state is gated, as usual.

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
    hidden: Value
    candidate: Value
    output: Value


source = "a control; Rumelhart, Hinton & Williams 1986, Nature 323, in the place of the gates of the LSTM"
letters = {"hidden": "k", "candidate": "g", "output": "o"}
keep, write = "", ""
maps = (
    Map(("hidden", "output"), "x", bias=True),
    Map(("hidden", "output"), "h", bias=False),
    Map(("hidden",), "c", bias=False),
    Map(("candidate",), "k", bias=True),
)


def step(ops, weights, x, state):
    w, u, p = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h), ops.linear(weights["c"], state.c)
    k = ops.tanh(ops.add(w["hidden"], u["hidden"], p["hidden"]))
    g = ops.linear(weights["k"], k)["candidate"]
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = g
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(k, g, o))
