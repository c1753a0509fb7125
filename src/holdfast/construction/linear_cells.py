"""Cells whose state is a linear function of the state before it, and what theorems need to know of each.

In all of them h' = A(x) h + b(x): neither the matrix A nor b reads the state.
"""

from __future__ import annotations

import math

from holdfast import cells

DECAYS: dict[str, tuple[str, ...]] = {
    "mamba": ("unit", "state"),
    "rglru": ("unit",),
    "mingru": ("unit",),
    "minlstm": ("unit",),
    "gla": ("head", "key"),
    "retnet": ("head",),
}
"""Cells that multiply every number of the state by a factor between 0 and 1, and whose output is linear in the state;
with the axes of the different factors."""
NORMALISED = ("linear_attention", "mlstm")
"""Cells that multiply every number of the state by such a factor, and divide by a part of it to read."""
ERASING: dict[str, tuple[str, ...]] = {"deltanet": ("head",), "gated_deltanet": ("head",)}
"""Cells whose matrix A has eigenvalues between 0 and 1 and is not diagonal; with the axes of the different factors of a
memory that is empty at first and reads one symbol again and again."""
SIGNED = ("mamba_negative",)
"""Cells that multiply every number of the state by a factor between -1 and 1."""
TURNING = ("lru", "s5")
"""Cells that multiply complex numbers by constants of absolute value below 1."""
READS_BY_INPUT = ("mamba", "gla", "retnet")
"""Cells in ``DECAYS`` whose output multiplies the state by a vector that the input chooses."""
QUERIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("gla", "retnet", "linear_attention", "deltanet", "deltanet_negative", "gated_deltanet"), ("head", "key")
    ),
    **dict.fromkeys(("deltaproduct", "rwkv7"), ("head", "key")),
    **dict.fromkeys(("mingru", "minlstm", "rglru"), ("unit",)),
    **dict.fromkeys(("mamba", "mamba_negative"), ("unit", "state")),
}
"""Cells in which a query of one symbol reads, of each row of the state, one fixed linear combination; with the axes of
its coefficients. (``mlstm`` has an output gate, whose products with the query have more coefficients.)"""


def size(cell: str, axes: tuple[str, ...], units: int | None, heads: int) -> int | None:
    """The product of the sizes of these axes; None if it depends on a number of ``units`` that is not stated."""
    if units is None:
        return heads if axes == ("head",) else None
    return math.prod(cells.get(cell).sizes_of(axes, units, heads))
