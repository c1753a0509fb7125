"""A minimal LSTM: gates and candidate see the current input alone, and the gates share one opening.

The openings of a forget and an input gate are divided by their sum, so that f + i = 1: h' = f*h + i*n. There is no cell
state beside h and no output gate; nothing but this sum reads the state, and all steps can be computed at once, by a
scan. The candidate is not squashed. (The paper gives f and i their names before the division.)

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
    input: Value
    forget: Value
    candidate: Value


source = "Feng et al. 2024, arXiv:2410.01201"
letters = {"input": "i", "forget": "f", "candidate": "n"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    i, f = ops.share(w["input"], w["forget"]), ops.share(w["forget"], w["input"])
    n = w["candidate"]
    h = ops.mix(f, state.h, n)
    return Step(h, State(h), Gates(i, f, n))
