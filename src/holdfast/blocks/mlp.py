"""A perceptron with one hidden layer on the output of a cell, at every step by itself and without a residual.

    y = B relu(D r + d) + b,   r = cell(x)

The hidden layer (m) is four times as wide as the block.

Shapes: x as the cell's input; r as its output; y [..., unit]; m [..., perceptron], perceptron = 4 * unit.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import Map
from holdfast.core.ops import Value


class Gates(NamedTuple):
    mlp_hidden: Value
    mlp_output: Value


source = "Pascanu et al. 2014, arXiv:1312.6026, section 3.3, a deep function from the hidden state to the output"
letters = {"mlp_hidden": "m", "mlp_output": "q"}
axes = {"mlp_hidden": ("perceptron",)}
sizes = {"perceptron": (4, "unit")}
reads = "cell_output"
maps = (
    Map(("mlp_hidden",), "cell_output", bias=True),
    Map(("mlp_output",), "mlp_hidden", bias=True),
)


def step(ops, weights, x, cell):
    m = ops.relu(ops.linear(weights["cell_output"], cell(x))["mlp_hidden"])
    q = ops.linear(weights["mlp_hidden"], m)["mlp_output"]
    return q, Gates(m, q)
