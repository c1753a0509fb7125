"""The compiled library: a cell's step as C++, several times as fast as the loop, on CPUs and in reverse mode only.

It runs every cell that the library was built with (``engine/native/``), in float32 and float64. It computes all steps
of one layer, then all steps of the next. The numbers are the same, since a layer reads only the layers below it.
"""

from __future__ import annotations

from holdfast.core.arrays import Array, NamedArrays, PerLayer
from holdfast.engine.engines import Request
from holdfast.engine.native import library, suitable
from holdfast.engine.native.program import record
from holdfast.engine.network import Network


def unsuitable(request: Request) -> str | None:
    """Why the library cannot run the request, as a clause; None if it can."""
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
    last: list[NamedArrays] = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = recurrence(network.cell, layer, hidden, before, present, truncate or 0)
        last.append(after)
    if present is None and read_from == inputs.shape[1] - 1:
        # Reading the last state instead of all hidden states spares the backward pass a cotangent for every step.
        return network.readout(last[-1][0].reshape(len(inputs), 1, -1)), tuple(last)
    return network.readout(hidden[:, read_from:]), tuple(last)
