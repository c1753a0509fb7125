"""A real-gated linear recurrent unit: a gate r says how far each unit decays, and what is written keeps its size.

h' = a h + sqrt(1 - a^2) (i u), with a = b^(8 r) for a learned b between 0 and 1. With r shut, a is 1: the state is kept
and nothing is written. With r open, a is b^8. Gates and value read only the input, so a parallel scan can compute all
steps at once. (In the paper a linear map and a convolution stand before this layer, and its gates read what they give.)

Question: what do gates add to a linear recurrence if they do not read the state?

Shapes: x [..., input]; h and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    recurrence: Value
    input: Value
    value: Value
    decay: Value


source = "De et al. 2024, arXiv:2402.19427, equations 1 to 4"
letters = {"recurrence": "r", "input": "i", "value": "u", "decay": "a"}
keep, write = "", "input"
maps = (Map(("recurrence", "input", "value"), "x", bias=True), Map(("decay",), "constant", bias=True))
FIRST = (0.9, 0.999)
"""Between these b^8, the smallest a, is drawn at first."""


def initialise(layer, random):
    constants = layer["constant"]
    rate = -np.log(random.uniform(*FIRST, constants.width("decay"))) / 8
    return {**layer, "constant": constants.put("decay", bias=np.log(np.expm1(rate)))}


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    r, i, u = ops.sigmoid(w["recurrence"]), ops.sigmoid(w["input"]), w["value"]
    a = ops.bounded_decay(r, ops.linear(weights["constant"], x)["decay"])
    written = ops.multiply(ops.sqrt_one_minus_square(a), ops.multiply(i, u))
    h = ops.add(ops.multiply(a, state.h), written)
    return Step(h, State(h), Gates(r, i, u, a))
