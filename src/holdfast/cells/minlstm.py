"""A minimal LSTM whose gates and candidate read only the current input; forget and input gate sum to 1.

The forget and the input gate are divided by their sum, so that f + i = 1: h' = f*h + i*n. There is no cell state
besides h and no output gate. Nothing else reads the state, so a parallel scan can compute all steps at once. The
candidate has no activation function. (The paper names f and i before the division.)

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
