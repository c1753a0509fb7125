"""An LSTM with exponential gates, a normaliser, and heads within which units read each other.

The memory is c / n: the normaliser n sums what the gates let in, so that the output is a weighted mean of the
candidates times the output gate. The stabiliser m is subtracted from both exponents to prevent overflow; it cancels in
the quotient. The recurrent map has a matrix for every head: units read those of their own head only. (The paper starts
with m = i~ in the first step; here m is at least log f. Both give the same output, unless i~ - log f is below the least
exponent of the number format, where n is 0 and the output is not a number.)

Question: what does memory mixing add to exponential gates?

Shapes: x [..., input]; h, c, n, m and every gate [..., head, value]; a head has units / heads values.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    h: Value
    c: Value
    n: Value
    m: Value


class Gates(NamedTuple):
    input: Value
    forget: Value
    candidate: Value
    output: Value


source = "Beck et al. 2024, arXiv:2405.04517, equations 8 to 17"
letters = {"input": "i", "forget": "f", "candidate": "z", "output": "o"}
axes = dict.fromkeys((*State._fields, *Gates._fields), ("head", "value"))
keep, write, keeps = "forget", "input", "c"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False, per_head=True))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    raw = {gate: ops.add(w[gate], u[gate]) for gate in Gates._fields}
    kept = ops.add(ops.logsigmoid(raw["forget"]), state.m)
    m = ops.maximum(kept, raw["input"])
    f, i = ops.exp(ops.subtract(kept, m)), ops.exp(ops.subtract(raw["input"], m))
    z, o = ops.tanh(raw["candidate"]), ops.sigmoid(raw["output"])
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, z))
    n = ops.add(ops.multiply(f, state.n), i)
    h = ops.multiply(o, ops.divide(c, n))
    return Step(h, State(h, c, n, m), Gates(i, f, z, o))
