"""Retention: linear attention whose matrix memory decays by a constant factor in each head.

S' = a S + v k^T and h = S' q, with keys divided by the root of their size. The decay a is a sigmoid of one learned
number for each head; without another initialisation the heads start with the constants of the paper, 1 - 2^-5, 1 -
2^-6, and so on. The rotation of queries and keys by their position is left out, and the norm and the gate of what is
read are left to the block around the cell.

Question: what can a decay hold that does not depend on the input?

Shapes: x [..., input]; S [..., head, value, key]; decay [head]; query and key [..., head, key]; value [..., head,
value]. Keys and values have units / heads components.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from holdfast.core.cell import CONSTANT, Map, Step
from holdfast.core.ops import Value


class State(NamedTuple):
    S: Value


class Gates(NamedTuple):
    decay: Value
    query: Value
    key: Value
    value: Value


source = "Sun et al. 2023, arXiv:2307.08621"
letters = {"decay": "a", "query": "q", "key": "k", "value": "v"}
axes = {
    "S": ("head", "value", "key"),
    "decay": ("head",),
    "query": ("head", "key"),
    "key": ("head", "key"),
    "value": ("head", "value"),
}
keep, write = "decay", ""
maps = (Map(("query", "key", "value"), "x", bias=True), Map(("decay",), CONSTANT, bias=True))


def initialise(layer, random):
    """sigmoid(log(2^n - 1)) = 1 - 2^-n, n = 5 for the first head."""
    import numpy as np

    constants = layer[CONSTANT]
    heads = constants.width("decay")
    logits = np.array([math.log(2.0**n - 1) for n in range(5, 5 + heads)])
    return {**layer, CONSTANT: constants.put("decay", bias=logits)}


def step(ops, weights, x, state):
    w, a = ops.linear(weights["x"], x), ops.sigmoid(ops.linear(weights[CONSTANT], x)["decay"])
    q, k, v = w["query"], ops.divide_by_root_size(w["key"]), w["value"]
    memory = ops.add(ops.multiply(a, state.S), ops.outer(v, k))
    return Step(ops.contract(memory, q), State(memory), Gates(a, q, k, v))
