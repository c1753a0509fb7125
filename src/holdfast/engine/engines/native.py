"""Our own kernels: a cell's step as C++, several times as fast as the loop, on a processor and in reverse mode only.

For every cell that the library was built with (``engine/native/``), in float32 and float64. All steps of one layer are
computed, then all of the next: the same numbers, since nothing passes downwards.
"""

from __future__ import annotations

from holdfast.core.arrays import Array, PerLayer
from holdfast.engine.engines import Request
from holdfast.engine.native import library, suitable
from holdfast.engine.native.program import record
from holdfast.engine.network import Network


def unsuitable(request: Request) -> str | None:
    """Why the library cannot do what is asked, as a clause; None where it can."""
    if not request.shared_weights:
        return "it computes with one set of weights for all steps"
    if request.gradient != "full":
        return f"it computes the full gradient, and not {request.gradient}"
    return (
        suitable.no_library()
        or suitable.not_built(request.cell, record, library.status().cells)
        or suitable.not_computed(request.arrays)
    )


def run(
    network: Network,
    inputs: Array,
    state: PerLayer,
    *,
    present: Array | None,
    truncate: int | None,
    read_from: int,
    gradient: str,
) -> tuple[Array, PerLayer]:
    """As ``Engine.run``. Raises ``BadValue`` for more memory than this machine has."""
    from holdfast.engine.native.operation import recurrence

    hidden = inputs
    last: list[tuple[Array, ...]] = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = recurrence(network.cell, layer, hidden, before, present, truncate or 0)
        last.append(after)
    if present is None and read_from == inputs.shape[1] - 1:
        # The last state has it too, and then no gradient comes to any step but through that.
        return network.readout(last[-1][0][:, None]), tuple(last)
    return network.readout(hidden[:, read_from:]), tuple(last)
