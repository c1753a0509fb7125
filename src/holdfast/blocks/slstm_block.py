"""The second block of the xLSTM: a cell whose input and forget gates read a short convolution, then a gated layer.

    n = s * rms_normalise(x)
    a = silu(w * n + w1 * p + w2 * pp + w3 * ppp + b),   p' = n,   pp' = p,   ppp' = pp
    v = x + P rms_normalise(cell),   where the gates ``input`` and ``forget`` read a, and all others read n
    y = v + B (silu(D m + d) * (E m + e)) + c,   m = t * rms_normalise(v),   silu(q) = q sigmoid(q)

``slstm_block(slstm)`` is the block of the paper with these deviations: norms are those of Zhang & Sennrich, without the
mean; P is a matrix, which takes the place of the scale of that after the cell; the gated layer is twice as wide as the
block, not 4/3 times, and has SiLU in the place of GELU.

Shapes: x, n, a, s, t, v, y, the weights of the convolution and the states p, pp and ppp [..., unit]; D m [..., hidden],
hidden = 2 * unit.
"""

from __future__ import annotations

from holdfast.blocks import _convolution as convolution
from holdfast.blocks._inside import Block, around, reading
from holdfast.core.cell import CONSTANT, VECTOR, Cell, Map
from holdfast.core.errors import BadValue

source = "Beck et al. 2024, arXiv:2405.04517, the block with projection up after the cell"
CONVOLVED = convolution.CONVOLVED
APART = ("input", "forget")


def wrapped(name: str, cell: Cell, output: tuple[str, ...]) -> Cell:
    """The block called ``name``. Raises ``BadValue`` where the cell has neither gate or no other, and as
    ``_inside.around`` does."""
    gates = {gate for m in cell.maps if m.source == "x" for gate in m.gates}
    if not (gates & {*APART} and gates - {*APART}):
        raise BadValue(
            f"the block slstm_block: the gates input and forget read a convolution, the others do not, and "
            f"{cell.name} has the gates {', '.join(cell.gates)}.",
            "Take mamba_block, in which all read it.",
        )
    inner = reading(cell, "x", apart=dict.fromkeys(APART, CONVOLVED))
    return around(name, _block(output), inner)


def _block(output: tuple[str, ...]) -> Block:
    return Block(
        title="The second block of the xLSTM",
        source=source,
        states=convolution.PAST,
        letters={"scale": "s", **convolution.TAPS, "projection": "a", "scale_above": "t", **LAYER},
        maps=(
            Map(("scale", "scale_above"), CONSTANT, bias=True),
            convolution.MAP,
            Map(("projection",), "read", bias=False),
            Map(("expansion", "opening"), "normalised", bias=True),
            Map(("contraction",), "gated", bias=True),
        ),
        step=_step,
        axes={"x": VECTOR, "read": output, "expansion": ("hidden",), "opening": ("hidden",), "gated": ("hidden",)},
        sizes={"hidden": (2, "unit")},
        initialise=_initialise,
        given=(CONVOLVED,),
    )


LAYER = {"expansion": "e", "opening": "d", "contraction": "y"}


def _step(ops, weights, x, past, cell):
    constants = ops.linear(weights[CONSTANT], x)
    s, t = constants["scale"], constants["scale_above"]
    n = ops.multiply(s, ops.rms_normalise(x))
    a, taps = convolution.convolved(ops, constants, n, past)
    read = cell({"x": n, CONVOLVED: a})
    p = ops.linear(weights["read"], ops.rms_normalise(read))["projection"]
    v = ops.add(x, p)
    w = ops.linear(weights["normalised"], ops.multiply(t, ops.rms_normalise(v)))
    e, d = w["expansion"], w["opening"]
    y = ops.linear(weights["gated"], ops.multiply(convolution.silu(ops, d), e))["contraction"]
    opened = (s, *taps, p, t, e, d, y)
    return ops.add(v, y), convolution.shifted(n, past), opened


def _initialise(layer, random):
    constants = layer[CONSTANT].put("scale", bias=1.0).put("scale_above", bias=1.0)
    return convolution.initialise({**layer, CONSTANT: constants}, random)
