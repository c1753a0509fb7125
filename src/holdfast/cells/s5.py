"""A diagonal state-space model: complex states that decay and turn at constant rates, each with a time step of its own.

The rate of a state re + i im is e + i w with e = -exp(.) below 0. Over a step of d = exp(.) units of time, in which the
input is held (zero-order hold), the state is multiplied by exp(d (e + i w)), and the input by (exp(d (e + i w)) - 1) /
(e + i w). The output is the real part of a linear map of the state, plus a linear map of the input. The first rates are
the eigenvalues of the normal part of the HiPPO-LegS matrix. (The authors learn e itself, their maps of the input have
no bias, and their map from the input to the output is diagonal.)

Shapes: x [..., input]; re, im and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    re: Value
    im: Value


class Gates(NamedTuple):
    real: Value
    imaginary: Value
    decay: Value
    frequency: Value
    step: Value
    output: Value


source = "Smith, Warrington & Linderman 2023, arXiv:2208.04933"
letters = {"real": "u", "imaginary": "v", "decay": "e", "frequency": "w", "step": "d", "output": "y"}
keep, write, keeps = "", "", "re"
maps = (
    Map(("real", "imaginary", "output"), "x", bias=True),
    Map(("decay", "frequency", "step"), "constant", bias=True),
    Map(("output",), "re", bias=False),
    Map(("output",), "im", bias=False),
)
STEPS = (0.001, 0.1)
"""The least and the largest first time step."""


def initialise(layer, random):
    constants = layer["constant"]
    width = constants.width("decay")
    steps = random.uniform(*np.log(STEPS), width)
    first = {"decay": np.full(width, np.log(0.5)), "frequency": frequencies(width), "step": steps}
    for gate, bias in first.items():
        constants = constants.put(gate, bias=bias)
    return {**layer, "constant": constants}


def frequencies(units: int) -> np.ndarray:
    """The w > 0 of the eigenvalues -1/2 + i w of the normal part of the HiPPO-LegS matrix of twice as many states."""
    n = np.arange(2 * units)
    root = np.sqrt(2 * n + 1)
    skew = np.tril(np.outer(root, root), -1) / 2
    return np.linalg.eigvalsh(1j * (skew - skew.T))[units:]


def step(ops, weights, x, state):
    w, c = ops.linear(weights["x"], x), ops.linear(weights["constant"], x)
    e, f, d = ops.negative(ops.exp(c["decay"])), c["frequency"], ops.exp(c["step"])
    rate, turn = ops.multiply(d, e), ops.multiply(d, f)
    r = ops.exp(rate)
    a, b = ops.multiply(r, ops.cos(turn)), ops.multiply(r, ops.sin(turn))
    p, q = ops.multiply(d, ops.held_real(rate, turn)), ops.multiply(d, ops.held_imaginary(rate, turn))
    u, v = w["real"], w["imaginary"]
    kept = ops.subtract(ops.multiply(a, state.re), ops.multiply(b, state.im))
    re = ops.add(kept, ops.subtract(ops.multiply(p, u), ops.multiply(q, v)))
    im = ops.add(ops.multiply(b, state.re), ops.multiply(a, state.im), ops.multiply(q, u), ops.multiply(p, v))
    y = ops.add(w["output"], ops.linear(weights["re"], re)["output"], ops.linear(weights["im"], im)["output"])
    return Step(y, State(re, im), Gates(u, v, e, f, d, y))
