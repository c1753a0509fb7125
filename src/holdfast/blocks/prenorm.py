"""A pre-norm residual block: the cell, then a feed-forward layer, each after a norm and with a residual connection.

    y = x + A r,   r = cell(s * rms_normalise(x))
    z = y + B relu(D (t * rms_normalise(y)) + d) + b

s and t are learned scales, initialised as 1. The hidden layer ("expansion") is four times as wide as the block. The
norms precede the two parts, so that x reaches z through sums alone in any number of layers.

Shapes: x, y, z, s and t [..., unit]; r as the cell's output; the expansion [..., hidden], hidden = 4 * unit.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.core.cell import CONSTANT, Map
from holdfast.core.ops import Value


class Gates(NamedTuple):
    scale: Value
    projection: Value
    scale_above: Value
    expansion: Value
    contraction: Value


source = (
    "Xiong et al. 2020, arXiv:2002.04745, figure 1(b), with the norm of Zhang & Sennrich 2019, arXiv:1910.07467, and a "
    "recurrent cell in the place of attention"
)
letters = {"scale": "s", "projection": "a", "scale_above": "t", "expansion": "e", "contraction": "p"}
axes = {"x": ("unit",), "expansion": ("hidden",)}
sizes = {"hidden": (4, "unit")}
maps = (
    Map(("scale", "scale_above"), CONSTANT, bias=True),
    Map(("projection",), "read", bias=False),
    Map(("expansion",), "normalised", bias=True),
    Map(("contraction",), "expansion", bias=True),
)


def initialise(layer, random):
    scales = layer[CONSTANT]
    for gate in ("scale", "scale_above"):
        scales = scales.put(gate, bias=1.0)
    return {**layer, CONSTANT: scales}


def step(ops, weights, x, cell):
    scales = ops.linear(weights[CONSTANT], x)
    s, t = scales["scale"], scales["scale_above"]
    read = cell(ops.multiply(s, ops.rms_normalise(x)))
    a = ops.linear(weights["read"], read)["projection"]
    y = ops.add(x, a)
    e = ops.relu(ops.linear(weights["normalised"], ops.multiply(t, ops.rms_normalise(y)))["expansion"])
    p = ops.linear(weights["expansion"], e)["contraction"]
    return ops.add(y, p), Gates(s, a, t, e, p)
