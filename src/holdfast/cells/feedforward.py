"""A control without memory: one tanh layer that reads only the current input.

It has no state, so it solves exactly those parts of a task that need no memory.

Shapes: x [..., input]; h [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    pass


class Gates(NamedTuple):
    candidate: Value


source = "a control; Rumelhart, Hinton & Williams 1986, Nature 323"
letters = {"candidate": "n"}
keep, write = "", ""
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    n = ops.tanh(w["candidate"])
    return Step(n, state, Gates(n))
