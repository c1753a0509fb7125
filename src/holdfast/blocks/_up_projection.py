"""What the block of Mamba and that of an mLSTM share: the cell is twice as wide as the block, reads a short
convolution, and is multiplied by a gate; the input of the block is added to the result.

    u = E n,   z = G n,   n = s * rms_normalise(x)
    a = silu(convolution of u)
    r = the cell, which reads a
    y = x + P (r * silu(z))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.blocks import _convolution as convolution
from holdfast.blocks._inside import Axes, Block, around, reading, wide_axes
from holdfast.core.cell import CONSTANT, VECTOR, Cell, Map

TIMES = 2
"""How many times as wide as the block the cell is."""
CONVOLVED, EXPANDED, GATED = convolution.CONVOLVED, "expanded", "gated"


def up_projected(
    name: str, cell: Cell, output: Axes, *, title: str, source: str, apart: Mapping[str, str], normed: bool
) -> Cell:
    """The block called ``name`` around a cell whose ``output`` has these axes. The gates ``apart`` read u, all others
    a. With ``normed`` the cell's output is normalised, along its last axis, and the skip t * a is added to it."""
    wide = wide_axes(cell, output, TIMES)
    inner = reading(cell, CONVOLVED, TIMES, apart)
    skip = {"skip": "t"} if normed else {}
    letters = {"scale": "s", "expanded": "u", "opening": "z", **convolution.TAPS, **skip, "contraction": "y"}
    wide_gates = ("expanded", "opening", *convolution.TAPS, *skip)

    def step(ops: Any, weights: Any, x: Any, past: Any, run: Any) -> Any:
        constants = ops.linear(weights[CONSTANT], x)
        s = constants["scale"]
        w = ops.linear(weights["x"], ops.multiply(s, ops.rms_normalise(x)))
        u, z = w["expanded"], w["opening"]
        a, taps = convolution.convolved(ops, constants, u, past)
        r = run({source: {CONVOLVED: a, EXPANDED: u}[source] for source in sources})
        if normed:
            r = ops.add(ops.rms_normalise(r), ops.multiply(constants["skip"], a))
        y = ops.linear(weights[GATED], ops.multiply(r, convolution.silu(ops, z)))["contraction"]
        opened = (s, u, z, *taps, *(constants[t] for t in skip), y)
        return ops.add(x, y), convolution.shifted(u, past), opened

    sources = tuple(m.source for m in inner.maps if m.source in (CONVOLVED, EXPANDED))
    block = Block(
        title=title,
        source=source,
        states=convolution.PAST,
        letters=letters,
        maps=(
            Map(("expanded", "opening"), "x", bias=False),
            Map(("scale", *skip), CONSTANT, bias=True),
            convolution.MAP,
            Map(("contraction",), GATED, bias=False),
        ),
        step=step,
        axes={
            "x": VECTOR,
            **dict.fromkeys((*convolution.PAST, *wide_gates, CONVOLVED, GATED), wide),
        },
        initialise=_initialise(("scale", *skip)),
        given=(CONVOLVED, EXPANDED),
    )
    return around(name, block, inner)


def _initialise(ones: tuple[str, ...]) -> Any:
    def initialise(layer: Mapping[str, Any], random: Any) -> Mapping[str, Any]:
        constants = layer[CONSTANT]
        for gate in ones:
            constants = constants.put(gate, bias=1.0)
        return convolution.initialise({**layer, CONSTANT: constants}, random)

    return initialise
