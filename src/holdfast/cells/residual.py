"""A residual update in place of the gates: c' = c + NN(x, h, c), with one hidden layer.

Question: is the sum all that ``one_network`` lacks? Here the state is kept by default, and the gradient has a path
through time without weights. But later inputs must be answered with a change of exactly 0, and old values remain unless
the network subtracts them.

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


source = "He et al. 2016, arXiv:1512.03385, along time instead of depth, in the place of the gates of the LSTM"
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
    c = ops.add(state.c, g)
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(k, g, o))
