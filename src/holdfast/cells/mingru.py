"""A minimal GRU: the gate and the candidate see the current input alone, never the state.

The state is a weighted mean of itself and the candidate, h' = z*h + (1-z)*n, and nothing else reads it: all steps can
be computed at once, by a scan. The update gate z *keeps*, as in ``gru``; the paper calls z what is 1-z here. The
candidate is not squashed.

What it answers: what can be remembered by gates that do not know what is held?

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
