"""A linear recurrent unit: every unit has a complex state that is turned and shrunk by a constant in every step.

The state re + i im is multiplied by the eigenvalue r exp(i t), with the radius r = exp(-exp(.)) below 1 and the angle
t = exp(.), and the input is added times a learned scale g, at first sqrt(1 - r^2), which keeps the size of the state.
The output is the real part of a linear map of the state, plus a linear map of the input. No gate reads the state or
the input, so a parallel scan can compute all steps at once. (The paper's maps of the input have no bias, and its map
from the input to the output is diagonal.)

Question: what can a network remember whose recurrence is linear and the same at every step?

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
    radius: Value
    angle: Value
    scale: Value
    output: Value


source = "Orvieto et al. 2023, arXiv:2303.06349"
letters = {"real": "u", "imaginary": "v", "radius": "r", "angle": "t", "scale": "g", "output": "y"}
keep, write, keeps = "", "", "re"
maps = (
    Map(("real", "imaginary", "output"), "x", bias=True),
    Map(("radius", "angle", "scale"), "constant", bias=True),
    Map(("output",), "re", bias=False),
    Map(("output",), "im", bias=False),
)
RADII, LARGEST_ANGLE = (0.9, 0.999), np.pi / 10
"""Of the first eigenvalues, uniform on this part of a ring. The paper chooses both by the task."""


def initialise(layer, random):
    width = layer["constant"].width("radius")
    radius = np.sqrt(random.uniform(RADII[0] ** 2, RADII[1] ** 2, width))
    angle = LARGEST_ANGLE * (1 - random.uniform(0, 1, width))
    first = {"radius": np.log(-np.log(radius)), "angle": np.log(angle), "scale": np.log(1 - radius**2) / 2}
    constants = layer["constant"]
    for gate, bias in first.items():
        constants = constants.put(gate, bias=bias)
    return {**layer, "constant": constants}


def step(ops, weights, x, state):
    w, c = ops.linear(weights["x"], x), ops.linear(weights["constant"], x)
    r, t, g = ops.exp(ops.negative(ops.exp(c["radius"]))), ops.exp(c["angle"]), ops.exp(c["scale"])
    a, b = ops.multiply(r, ops.cos(t)), ops.multiply(r, ops.sin(t))
    u, v = ops.multiply(g, w["real"]), ops.multiply(g, w["imaginary"])
    re = ops.add(ops.subtract(ops.multiply(a, state.re), ops.multiply(b, state.im)), u)
    im = ops.add(ops.multiply(b, state.re), ops.multiply(a, state.im), v)
    y = ops.add(w["output"], ops.linear(weights["re"], re)["output"], ops.linear(weights["im"], im)["output"])
    return Step(y, State(re, im), Gates(u, v, r, t, g, y))
