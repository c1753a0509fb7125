"""The block of Mamba: a cell that is twice as wide, on a short convolution, with a gate beside it and a residual.

    n = s * rms_normalise(x),   u = E n,   z = G n
    a = silu(w * u + w1 * p + w2 * pp + w3 * ppp + b),   p' = u,   pp' = p,   ppp' = pp
    y = x + P (cell(a) * silu(z)),   silu(v) = v sigmoid(v)

``mamba_block(mamba)`` is the block of the paper, but for the step length d of the cell, whose map has full rank here,
and the biases of its maps. Any other cell can stand in the place of the selective state-space model.

Shapes: x, s and y [..., unit]; the cell has 2 * unit units; u, z, a, the weights of the convolution and the states p,
pp and ppp have the axes of its output.
"""

from __future__ import annotations

from holdfast.blocks._up_projection import up_projected
from holdfast.core.cell import Cell

source = "Gu & Dao 2023, arXiv:2312.00752, section 3.4 and figure 3"


def wrapped(name: str, cell: Cell, output: tuple[str, ...]) -> Cell:
    """The block called ``name``. Raises as ``_inside.around`` does."""
    return up_projected(name, cell, output, title="The block of Mamba", source=source, apart={}, normed=False)
