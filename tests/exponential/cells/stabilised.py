"""The sLSTM with its stabiliser m, the logarithm of the largest gate so far: every exp is then of a number up to 0.

m' = max(log f + m, log i), i = exp(log i - m'), f = exp(log f + m - m'), log f = logsigmoid(..); c' = f c + i g,
n' = f n + i, h' = o c' / n'.
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


source = "Beck et al. 2024, arXiv:2405.04517, section 2.2"
letters = {"input": "i", "forget": "f", "candidate": "g", "output": "o"}
keep, write = "forget", "input"
maps = (Map(Gates._fields, "x", bias=True), Map(Gates._fields, "h", bias=False))


def step(ops, weights, x, state):
    w, u = ops.linear(weights["x"], x), ops.linear(weights["h"], state.h)
    log_i = ops.add(w["input"], u["input"])
    log_f = ops.add(ops.logsigmoid(ops.add(w["forget"], u["forget"])), state.m)
    m = ops.maximum(log_f, log_i)
    i, f = ops.exp(ops.subtract(log_i, m)), ops.exp(ops.subtract(log_f, m))
    g = ops.tanh(ops.add(w["candidate"], u["candidate"]))
    o = ops.sigmoid(ops.add(w["output"], u["output"]))
    c = ops.add(ops.multiply(f, state.c), ops.multiply(i, g))
    n = ops.add(ops.multiply(f, state.n), i)
    h = ops.multiply(o, ops.divide(c, n))
    return Step(h, State(h, c, n, m), Gates(i, f, g, o))
