"""Our own kernels: a cell's step as C++, several times as fast as the loop, on a processor and in reverse mode only.

For every cell that the library was built with (``engine/native/``), in float32 and float64. All steps of one layer are
computed, then all of the next: the same numbers, since nothing passes downwards.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.cell import Cell
from holdfast.engine.engines import Request
from holdfast.engine.native import library
from holdfast.engine.native.generate import digest
from holdfast.engine.native.program import Unsupported
from holdfast.engine.network import Network

FORMATS = (jnp.float32, jnp.float64)


def unsuitable(request: Request) -> str | None:
    """Why the library cannot do what is asked, as a clause; None where it can."""
    if not request.shared_weights:
        return "it computes with one set of weights for all steps"
    if request.gradient != "full":
        return f"it computes the full gradient, and not {request.gradient}"
    if jax.default_backend() != "cpu":
        return f"it runs on processors, and arrays here are on the {jax.default_backend()}"
    found, cell = library.ready(), request.cell
    if not found.available:
        return found.reason
    now, unsupported = digest_of(cell)
    if unsupported:
        return f"it cannot run {cell.name}: {unsupported}"
    if found.cells.get(cell.name) != now:
        return f"it was built before {cell.name} was written as it is now (in a checkout: make native)"
    formats = {leaf.dtype for leaf in jax.tree.leaves(request.arrays)}
    if len(formats) > 1:
        return f"it computes in one number format, and there are {' and '.join(sorted(map(str, formats)))}"
    if formats - {jnp.dtype(f) for f in FORMATS}:
        return f"it computes in float32 and float64, not in {formats.pop()}"
    if any(0 in leaf.shape for leaf in jax.tree.leaves(request.arrays)):
        return "there is an axis of length 0"
    return None


def run(
    network: Network,
    inputs: Array,
    state: Any,
    *,
    present: Array | None,
    truncate: int | None,
    read_from: int,
    gradient: str,
) -> tuple[Array, Any]:
    """As ``Engine.run``. Raises ``BadValue`` for more memory than this machine has."""
    from holdfast.engine.native.operation import recurrence

    hidden, last = inputs, []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = recurrence(network.cell, layer, hidden, before, present, truncate or 0)
        last.append(after)
    if present is None and read_from == inputs.shape[1] - 1:
        # The last state has it too, and then no gradient comes to any step but through that.
        return network.readout(last[-1][0][:, None]), tuple(last)
    return network.readout(hidden[:, read_from:]), tuple(last)


def digest_of(cell: Cell) -> tuple[str, str]:
    """The digest of a cell's step, or nothing and why its step cannot be written as C++."""
    key = (cell.name, cell.step)
    if key not in _digests:
        try:
            _digests[key] = digest(cell), ""
        except Unsupported as why:
            _digests[key] = "", str(why)
    return _digests[key]


_digests: dict[Any, tuple[str, str]] = {}
