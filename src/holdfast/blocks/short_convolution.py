"""A short convolution over the input, after which a cell reads it: four steps, every channel by itself, then SiLU.

    v = w * x + w1 * p + w2 * pp + w3 * ppp + b,   p' = x,   pp' = p,   ppp' = pp
    y = cell(v sigmoid(v))

The states p, pp and ppp are the last three inputs. With it a gate can depend on what stands side by side, as a key and
its value do.

The block reads x by unit. Above a layer whose output has heads, units are its values head by head: their order is part
of the weights of both, so that heads of one layer cannot be permuted alone.

Shapes: x, its weights w and the states [..., unit]; y as the cell's output.
"""

from __future__ import annotations

from holdfast.blocks import _convolution as convolution
from holdfast.blocks._inside import Block, around, reading
from holdfast.core.cell import VECTOR, Cell

source = "Gu & Dao 2023, arXiv:2312.00752, section 3.4; of what a delta rule reads: Yang et al. 2024, arXiv:2406.06484"


def wrapped(name: str, cell: Cell, output: tuple[str, ...]) -> Cell:
    """The cell called ``name``. Raises as ``around`` does."""
    return around(name, BLOCK, reading(cell, "x"))


def _step(ops, weights, x, past, cell):
    a, taps = convolution.convolved(ops, ops.linear(weights["constant"], x), x, past)
    return cell({"x": a}), convolution.shifted(x, past), taps


BLOCK = Block(
    title="A short convolution over the input",
    source=source,
    states=convolution.PAST,
    letters=convolution.TAPS,
    maps=(convolution.MAP,),
    step=_step,
    axes={"x": VECTOR},
    initialise=convolution.initialise,
)
