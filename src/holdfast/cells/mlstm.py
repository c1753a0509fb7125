"""An LSTM with matrix memory: key-value pairs, with exponential gates.

Each head stores a value v under a key k by adding their outer product to C, and reads with a query q. The normaliser n
sums the keys, so that the result is a weighted mean of values. The stabiliser m is subtracted from both exponents to
prevent overflow of the exponential gates; it cancels in the quotient. The gates do not read the state.

Shapes: x [..., input]; C [..., head, value, key]; n, query and key [..., head, key]; m and the gates input and forget
[..., head]; value and output [..., head, value]. Keys and values have units / heads components.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    C: Value
    n: Value
    m: Value


class Gates(NamedTuple):
    input: Value
    forget: Value
    query: Value
    key: Value
    value: Value
    output: Value


source = "Beck et al. 2024, arXiv:2405.04517, equations 19 to 27"
letters = {"input": "i", "forget": "f", "query": "q", "key": "k", "value": "v", "output": "o"}
axes = {
    "C": ("head", "value", "key"),
    "n": ("head", "key"),
    "m": ("head",),
    "input": ("head",),
    "forget": ("head",),
    "query": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
    "output": ("head", "value"),
}
keep, write, keeps = "forget", "input", "C"
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = w["query"], ops.divide_by_root_size(w["key"]), w["value"]
    o = ops.sigmoid(w["output"])
    kept = ops.add(ops.logsigmoid(w["forget"]), state.m)
    m = ops.maximum(kept, w["input"])
    f, i = ops.exp(ops.subtract(kept, m)), ops.exp(ops.subtract(w["input"], m))
    memory = ops.add(ops.multiply(f, state.C), ops.multiply(i, ops.outer(v, k)))
    n = ops.add(ops.multiply(f, state.n), ops.multiply(i, k))
    size = ops.maximum(ops.absolute(ops.contract(n, q)), ops.exp(ops.negative(m)))
    read = ops.multiply(o, ops.divide(ops.contract(memory, q), size))
    return Step(read, State(memory, n, m), Gates(i, f, q, k, v, o))
