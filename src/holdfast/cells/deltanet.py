"""Linear attention with the delta rule: a matrix memory that replaces the value under a key.

Each head corrects what its matrix S returns under the key k towards the value v: S' = S (I - b k k^T) + b v k^T, with
a writing strength b in [0, 1], and reads with a query q: h = S' q. Keys and queries have length 1. The gates do not
read the state. Left to the block around the cell: the SiLU and the short convolution before keys, queries and values,
and the norm of what is read.

Question: what does a memory gain that removes an old value before it writes a new one?

Shapes: x [..., input]; S [..., head, value, key]; query and key [..., head, key]; strength [..., head]; value [...,
head, value]. Keys and values have units / heads components.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.cells._delta import written
from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    S: Value


class Gates(NamedTuple):
    strength: Value
    query: Value
    key: Value
    value: Value


source = (
    "Schlag, Irie & Schmidhuber 2021, arXiv:2102.11174; keys and queries of length 1: Yang et al. 2024, "
    "arXiv:2406.06484"
)
letters = {"strength": "b", "query": "q", "key": "k", "value": "v"}
axes = {
    "S": ("head", "value", "key"),
    "strength": ("head",),
    "query": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
}
keep, write = "", "strength"
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = ops.normalise(w["query"]), ops.normalise(w["key"]), w["value"]
    b = ops.sigmoid(w["strength"])
    memory = written(ops, state.S, k, v, b)
    return Step(ops.contract(memory, q), State(memory), Gates(b, q, k, v))
