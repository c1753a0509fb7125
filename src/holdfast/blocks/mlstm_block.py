"""The first block of the xLSTM: a cell that is twice as wide, whose keys and queries read a short convolution.

    n = s * rms_normalise(x),   u = E n,   z = G n
    a = silu(w * u + w1 * p + w2 * pp + w3 * ppp + b),   p' = u,   pp' = p,   ppp' = pp
    r = rms_normalise(cell) + t * a,   where the gate ``value`` of the cell reads u, and all others read a
    y = x + P (r * silu(z)),   silu(v) = v sigmoid(v)

``mlstm_block(mlstm)`` is the block of the paper with these deviations: norms are those of Zhang & Sennrich, without the
mean; queries, keys and values have full matrices instead of one for each small block; the gates read a instead of
queries, keys and values; and the cell keeps its own output gate beside z. The norm of r is over the last axis of the
cell's output, the values of one head.

Shapes: x, s and y [..., unit]; the cell has 2 * unit units; u, z, a, t, r, the weights of the convolution and the
states p, pp and ppp have the axes of its output.
"""

from __future__ import annotations

from holdfast.blocks._up_projection import EXPANDED, up_projected
from holdfast.core.cell import Cell

source = "Beck et al. 2024, arXiv:2405.04517, the block with projection up before the cell"


def wrapped(name: str, cell: Cell, output: tuple[str, ...]) -> Cell:
    """The block called ``name``. Raises as ``_inside.around`` does."""
    told = {"title": "The first block of the xLSTM", "source": source}
    return up_projected(name, cell, output, **told, apart={"value": EXPANDED}, normed=True)
