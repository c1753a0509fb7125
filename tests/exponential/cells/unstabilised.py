"""The sLSTM without its stabiliser: input gate exp, forget gate sigmoid, and a normaliser n that the cell is divided
by.

i = exp(..), f = sigmoid(..), g = tanh(..), o = sigmoid(..); c' = f c + i g, n' = f n + i, h' = o c' / n'.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value
    c: Value
    n: Value


class Gates(NamedTuple):
    input: Value
    forget: Value
    candidate: Value
    output: Value


source = "Beck et al. 2024, arXiv:2405.04517, section 2.2"
letters = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.exp(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    n = ops.add(ops.multiply(f, state.n), i)
    h = ops.multiply(o, ops.divide(c, n))
    return Step(h, State(h, c, n), Gates(i, f, g, o))
