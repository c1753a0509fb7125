"""An LSTM whose cell state gates a new value instead of being the output: h' = n * sigmoid(c').

Question: what if the memory is the gate and the output is a new value? The value n depends on the current input and the
previous output only. The cell state passes it on or blocks it, so it can answer yes or no but cannot output the number
that it holds.

Shapes: x [..., input]; h, c and every gate [..., unit].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value
    c: Value


class Gates(NamedTuple):
    input: Value
    forget: Value
    candidate: Value
    hidden: Value


source = "a control: the output gate and what it gates exchanged in the LSTM of Hochreiter & Schmidhuber 1997"
letters = {"input": "i", "forget": "f", "candidate": "g", "hidden": "n"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    n = ops.tanh(ops.add(w["hidden"], u["hidden"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    h = ops.multiply(n, ops.sigmoid(c))
    return Step(h, State(h, c), Gates(i, f, g, n))
