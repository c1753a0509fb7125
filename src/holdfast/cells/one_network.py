"""One network in place of the gates: c' is a learned function of x, h and c with one hidden layer.

Question: why not one network that maps (x, h, c) to the new c? It can represent whatever gates compute, but it does not
keep the state by default: it has to learn the identity for every value. The gradient passes through its layers at every
step, where it shrinks or grows by a factor. The output gate is the usual one.

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
