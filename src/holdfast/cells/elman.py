"""The plain recurrent network: one tanh layer that reads the input and its previous output.

It has no gates: every step rewrites the whole state through the same weights.

Shapes: x [..., input]; h [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    candidate: Value


source = "Elman 1990, Cognitive Science 14(2)"
letters = {"candidate": "n"}
keep, write = "", ""
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    return Step(n, State(n), Gates(n))
