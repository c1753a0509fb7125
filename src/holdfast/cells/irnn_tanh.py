"""The plain tanh network that starts by copying itself: its recurrent matrix U is the identity at first.

What it answers: is identity recurrence enough, without gates? The step is that of ``elman``; what differs is where
training starts (``keras+identity``, which ``auto`` stands for here). tanh pulls what it copies towards 0 at every step,
about h**3/3 of it, so that even with U = 1 a memory fades like 1/sqrt(t); the rectifier of ``irnn`` does not, but
nothing in it ever stops what piles up.

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


source = "Le, Jaitly & Hinton 2015, arXiv:1504.00941, with the tanh of Elman 1990, Cognitive Science 14(2)"
letters = {"candidate": "n"}
keep, write = "", ""
identity = True
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    n = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    return Step(n, State(n), Gates(n))
