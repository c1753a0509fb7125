"""Linear attention: a matrix memory to which every key-value pair is added, read as a weighted mean of the values.

Queries q and keys k are made positive by elu(a) + 1. Each head adds S' = S + v k^T and the sum of keys z' = z + k, and
reads h = S' q / (z' q): a mean of all values so far, each weighted by the product of its key and the query. Nothing is
forgotten, and no gate reads the state.

Shapes: x [..., input]; S [..., head, value, key]; z, query and key [..., head, key]; value [..., head, value]. Keys and
values have units / heads components.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    S: Value
    z: Value


class Gates(NamedTuple):
    query: Value
    key: Value
    value: Value


source = "Katharopoulos et al. 2020, arXiv:2006.16236"
letters = {"query": "q", "key": "k", "value": "v"}
axes = {
    "S": ("head", "value", "key"),
    "z": ("head", "key"),
    "query": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
}
keep, write, keeps = "", "", "S"
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = ops.elu_plus_one(w["query"]), ops.elu_plus_one(w["key"]), w["value"]
    memory, total = ops.add(state.S, ops.outer(v, k)), ops.add(state.z, k)
    read = ops.divide(ops.contract(memory, q), ops.contract(total, q))
    return Step(read, State(memory, total), Gates(q, k, v))
