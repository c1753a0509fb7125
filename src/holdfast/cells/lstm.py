"""Long short-term memory with a forget gate.

The forget gate keeps the cell state c, the input gate writes it, and the output gate determines which part of it is
visible as the hidden state h. One bias per gate (PyTorch has two, of which only the sum matters).

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
    output: Value


source = (
    "Hochreiter & Schmidhuber 1997, Neural Computation 9(8); forget gate: Gers, Schmidhuber & Cummins 2000, "
    "Neural Computation 12(10)"
)
letters = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    i = ops.sigmoid(ops.add(w["input"], u["input"]))
    f = ops.sigmoid(ops.add(w["forget"], u["forget"]))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    h = ops.multiply(o, ops.tanh(c))
    return Step(h, State(h, c), Gates(i, f, g, o))
