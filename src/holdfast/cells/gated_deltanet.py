"""DeltaNet with a forget gate: the matrix memory decays before the delta rule writes to it.

S' = a S (I - b k k^T) + b v k^T with a decay a and a writing strength b in [0, 1] for each head; h = S' q. The decay
empties a head at once, the delta rule replaces the value under one key. The decay is a sigmoid, which is the paper's
exp(-A softplus(z)) for A = 1. Keys and queries have length 1; what is left to the block is as in ``deltanet``.

Shapes: x [..., input]; S [..., head, value, key]; decay and strength [..., head]; query and key [..., head, key]; value
[..., head, value].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.cells import deltanet
from holdfast.cells._delta import written
from holdfast.cells.deltanet import State
from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class Gates(NamedTuple):
    decay: Value
    strength: Value
    query: Value
    key: Value
    value: Value


source = "Yang, Kautz & Hatamizadeh 2024, arXiv:2412.06464"
letters = {"decay": "a", **deltanet.letters}
axes = {"decay": ("head",), **deltanet.axes}
keep, write = "decay", "strength"
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    q, k, v = ops.normalise(w["query"]), ops.normalise(w["key"]), w["value"]
    a, b = ops.sigmoid(w["decay"]), ops.sigmoid(w["strength"])
    memory = written(ops, ops.multiply(a, state.S), k, v, b)
    return Step(ops.contract(memory, q), State(memory), Gates(a, b, q, k, v))
