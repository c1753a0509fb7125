"""A selective state-space model: how fast each state decays, what is written and what is read depend on the input.

Every unit has a vector of states h. A step of length d = softplus(.) multiplies h by exp(d A), between 0 and 1, with a
constant A = -exp(.), and adds d u B: the unit's value u, along the direction B that all units share. The output is the
product of h with the direction C, plus D u. (The authors compute d by a matrix of low rank, and u by a convolution and
SiLU, which belong to the block around this cell; their maps of B, C and u have no bias.)

Question: what do decay and writing that depend on the input add to a linear recurrence?

Shapes: x [..., input]; h and decay [..., unit, state]; step, value and skip [..., unit]; input and output [..., state].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    step: Value
    input: Value
    output: Value
    value: Value
    decay: Value
    skip: Value


source = "Gu & Dao 2023, arXiv:2312.00752, algorithm 2"
letters = {"step": "d", "input": "B", "output": "C", "value": "u", "decay": "A", "skip": "D"}
axes = {"h": ("unit", "state"), "decay": ("unit", "state"), "input": ("state",), "output": ("state",)}
sizes = {"state": 16}
keep, write = "", ""
maps = (Map(("step", "input", "output", "value"), "x", bias=True), Map(("decay", "skip"), "constant", bias=True))
STEPS = (0.001, 0.1)
"""The least and the largest first step."""


def initialise(layer, random):
    x, constants = layer["x"], layer["constant"]
    units, states = constants.shape("decay")
    steps = np.exp(random.uniform(*np.log(STEPS), units))
    constants = constants.put("decay", bias=np.tile(np.log(np.arange(1, states + 1)), units))
    return {
        **layer,
        "x": x.put("step", bias=steps + np.log(-np.expm1(-steps))),
        "constant": constants.put("skip", bias=np.ones(units)),
    }


def step(ops, weights, x, state):
    return stepped(ops, weights, x, state, ops.exp)


def stepped(ops, weights, x, state, factor):
    """One step, in which ``factor`` of d A multiplies h."""
    w, c = ops.linear(weights["x"], x), ops.linear(weights["constant"], x)
    d, u = ops.softplus(w["step"]), w["value"]
    decay = ops.negative(ops.exp(c["decay"]))
    kept = factor(ops.multiply(d, decay))
    h = ops.add(ops.multiply(kept, state.h), ops.outer(ops.multiply(d, u), w["input"]))
    y = ops.add(ops.contract(h, w["output"]), ops.multiply(c["skip"], u))
    return Step(y, State(h), Gates(d, w["input"], w["output"], u, decay, c["skip"]))
