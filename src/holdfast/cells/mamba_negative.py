"""The state-space model of mamba with eigenvalues between -1 and 1: a step can change the sign of a state.

Every unit has a vector of states h, which a step multiplies by 2 exp(d A) - 1 in place of exp(d A). With eigenvalues
between 0 and 1, no number of layers in finite precision can tell the parity of a sequence of any length; with the sign
one layer can.

Question: what do negative eigenvalues add to ``mamba``?

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


source = "Grazzi et al. 2024, arXiv:2411.12537"
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
    w, c = ops.linear(weights["x"], x), ops.linear(weights["constant"], x)
    d, u = ops.softplus(w["step"]), w["value"]
    decay = ops.negative(ops.exp(c["decay"]))
    kept = ops.signed(ops.exp(ops.multiply(d, decay)))
    h = ops.add(ops.multiply(kept, state.h), ops.outer(ops.multiply(d, u), w["input"]))
    y = ops.add(ops.contract(h, w["output"]), ops.multiply(c["skip"], u))
    return Step(y, State(h), Gates(d, w["input"], w["output"], u, decay, c["skip"]))
