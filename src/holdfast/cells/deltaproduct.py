"""DeltaNet that writes twice in each step: its matrix memory is multiplied by two Householder factors.

Each step writes a first and a second key-value pair by the delta rule, one after the other, with strengths b and c in
[0, 2]: S' = (S (I - b k k^T) + b v k^T) (I - c l l^T) + c u l^T, then h = S' q. A product of two reflections is a
rotation, which one factor cannot be. The paper has any number of factors; here it is two. What is left to the block is
as in ``deltanet``.

Question: which groups can be tracked with two reflections in a step?

Shapes: x [..., input]; S [..., head, value, key]; both strengths [..., head]; query and both keys [..., head, key];
both values [..., head, value].
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.cells._delta import written
from holdfast.cells.deltanet import State
from holdfast.core.cell import Map, Step
from holdfast.core.ops import Value


class Gates(NamedTuple):
    strength: Value
    key: Value
    value: Value
    second_strength: Value
    second_key: Value
    second_value: Value
    query: Value


source = "Siems et al. 2025, arXiv:2502.10297"
letters = {
    "strength": "b",
    "key": "k",
    "value": "v",
    "second_strength": "c",
    "second_key": "l",
    "second_value": "u",
    "query": "q",
}
axes = {
    "S": ("head", "value", "key"),
    "strength": ("head",),
    "key": ("head", "key"),
    "value": ("head", "value"),
    "second_strength": ("head",),
    "second_key": ("head", "key"),
    "second_value": ("head", "value"),
    "query": ("head", "key"),
}
keep, write = "", ""
maps = (Map(Gates._fields, "x", bias=True),)


def step(ops, weights, x, state):
    w = ops.linear(weights["x"], x)
    k, second_k, q = (ops.normalise(w[gate]) for gate in ("key", "second_key", "query"))
    b, c = ops.twice_sigmoid(w["strength"]), ops.twice_sigmoid(w["second_strength"])
    v, second_v = w["value"], w["second_value"]
    memory = written(ops, written(ops, state.S, k, v, b), second_k, second_v, c)
    return Step(ops.contract(memory, q), State(memory), Gates(b, k, v, c, second_k, second_v, q))
