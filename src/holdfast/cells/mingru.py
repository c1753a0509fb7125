"""A minimal GRU whose gate and candidate read only the current input, not the state.

The state is a weighted mean of the old state and the candidate, h' = z*h + (1-z)*n, and nothing else reads it, so a
parallel scan can compute all steps at once. The update gate z *keeps*, as in ``gru``; the paper writes 1-z for this z.
The candidate has no activation function.

Question: what can a network remember if its gates do not read the state?

Shapes: x [..., input]; h and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value


class Gates(NamedTuple):
    update: Value
    candidate: Value


source = "Feng et al. 2024, arXiv:2410.01201"
letters = {"update": "z", "candidate": "n"}
keep, write = "update", ""
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    z, n = ops.sigmoid(w["update"]), w["candidate"]
    h = ops.mix(z, state.h, n)
    return Step(h, State(h), Gates(z, n))
