"""RWKV-7: a generalised delta rule, with a decay and a removal rate for every component of the key.

S' = S (diag(w) - n (a n)^T) + v k^T and h = S' r. The removal key n is the key times a learned scale e, normalised to
length 1; what S returns under it is removed at the rates a in [0, 1]. The key k that is written is the key times 1 - m
+ m a, with a learned share m. The decay w is in [exp(-exp(-1/2)), 1] and rises with what is computed for it. The
scales e and m start at 1. No gate reads the state. Left out are the shift of tokens, the low rank of the gates'
matrices and the bonus for the current token; the norm and the gate of what is read are left to the block around the
cell.

Shapes: x [..., input]; S [..., head, value, key]; receptance, decay, rate and key [..., head, key]; value [..., head,
value]; removal and replacement [head, key]. Keys and values have units / heads components.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import CONSTANT, Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    S: Value


class Gates(NamedTuple):
    decay: Value
    rate: Value
    receptance: Value
    key: Value
    value: Value
    removal: Value
    replacement: Value


source = "Peng et al. 2025, arXiv:2503.14456"
letters = {
    "decay": "w",
    "rate": "a",
    "receptance": "r",
    "key": "k",
    "value": "v",
    "removal": "e",
    "replacement": "m",
}
axes = {
    "S": ("head", "value", "key"),
    "decay": ("head", "key"),
    "rate": ("head", "key"),
    "receptance": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
    "removal": ("head", "key"),
    "replacement": ("head", "key"),
}
keep, write = "decay", ""
maps = (
    Map(("decay", "rate", "receptance", "key", "value"), "x", bias=True),
    Map(("removal", "replacement"), CONSTANT, bias=True),
)


def initialise(layer, random):
    scales = layer[CONSTANT].put("removal", bias=1.0).put("replacement", bias=1.0)
    return {**layer, CONSTANT: scales}


def step(ops, weights, x, state):
    read, scales = ops.linear(weights["x"], x), ops.linear(weights[CONSTANT], x)
    e, m, key = scales["removal"], scales["replacement"], read["key"]
    w, a = ops.limited_decay(read["decay"]), ops.sigmoid(read["rate"])
    r, v = read["receptance"], read["value"]
    n = ops.normalise(ops.multiply(e, key))
    k = ops.add(key, ops.multiply(m, ops.subtract(ops.multiply(a, key), key)))
    removed = ops.outer(ops.contract(state.S, n), ops.multiply(a, n))
    memory = ops.add(ops.subtract(ops.scale_columns(state.S, w), removed), ops.outer(v, k))
    return Step(ops.contract(memory, r), State(memory), Gates(w, a, r, k, v, e, m))
