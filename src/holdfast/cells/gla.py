"""Gated linear attention: a matrix memory whose columns decay separately, by gates that read the input.

S' = S diag(a) + v k^T and h = S' q, with keys divided by the root of their size. The decay a has one number for every
component of the key, sigmoid(z)^(1/16): the root keeps it near 1, so that time constants are 16 times those of a
sigmoid. The gates do not read the state. The low rank of the decay's matrix is left out, and the norm and the gate of
what is read are left to the block around the cell.

Shapes: x [..., input]; S [..., head, value, key]; decay, query and key [..., head, key]; value [..., head, value]. Keys
and values have units / heads components.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    S: Value


class Gates(NamedTuple):
    decay: Value
    query: Value
    key: Value
    value: Value


source = "Yang et al. 2023, arXiv:2312.06635"
letters = {"decay": "a", "query": "q", "key": "k", "value": "v"}
axes = {
    "S": ("head", "value", "key"),
    "decay": ("head", "key"),
    "query": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
}
keep, write = "decay", ""
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = w["query"], ops.divide_by_root_size(w["key"]), w["value"]
    a = ops.tempered_sigmoid(w["decay"])
    memory = ops.add(ops.scale_columns(state.S, a), ops.outer(v, k))
    return Step(ops.contract(memory, q), State(memory), Gates(a, q, k, v))
