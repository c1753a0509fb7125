"""The compiled library: a cell's step as C++, several times as fast as the loop, on CPUs and in reverse mode only.

It runs every cell that the library was built with (``engine/native/``), in float32 and float64: those whose step reads
the hidden state through one linear map, and those without a linear map from step to step. It computes all steps of one
layer, then all steps of the next. The numbers are the same, since a layer reads only the layers below it.
"""

from __future__ import annotations

from holdfast.core.arrays import Array, NamedArrays, PerLayer
from holdfast.core.cell import Cell
from holdfast.engine.engines import Request
from holdfast.engine.native import gated, library, scanned, suitable
from holdfast.engine.native.program import record
from holdfast.engine.network import Layer, Network


def unsuitable(request: Request) -> str | None:
    """Why the library cannot run the request, as a clause; None if it can."""
    if not request.shared_weights:
        return "it computes with one set of weights for all steps"
    if request.gradient != "full":
        return f"it computes the full gradient, and not {request.gradient}"
    if reason := suitable.no_library() or suitable.not_computed(request.arrays):
        return reason
    if _has_map_of_state(request.cell):
        return None
    if gated.unsuitable(request.cell, ()) and scanned.unsuitable(request.cell, ()):
        return suitable.not_built(request.cell, record, library.status().cells)
    if request.truncate is not None:
        return f"it cuts no gradient of {request.cell.name} between steps"
    return None


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
    hidden = inputs
    last: list[NamedArrays] = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = _layer(network.cell, layer, hidden, before, present, truncate)
        last.append(after)
    if present is None and read_from == inputs.shape[1] - 1 and _has_map_of_state(network.cell):
        # Reading the last state instead of all hidden states spares the backward pass a cotangent for every step.
        return network.readout(last[-1][0].reshape(len(inputs), 1, -1)), tuple(last)
    return network.readout(hidden[:, read_from:]), tuple(last)


def _has_map_of_state(cell: Cell) -> bool:
    """Whether the library has the cell as one with a linear map of its hidden state, which is its output."""
    return suitable.not_built(cell, record, library.status().cells) is None


def _layer(
    cell: Cell, layer: Layer, inputs: Array, before: NamedArrays, present: Array | None, truncate: int | None
) -> tuple[Array, NamedArrays]:
    """The outputs of one layer [batch, time, unit], and its last state."""
    from holdfast.engine.native.operation import recurrence

    if _has_map_of_state(cell):
        return recurrence(cell, layer, inputs, before, present, truncate or 0)
    if gated.unsuitable(cell, ()) is None:
        hidden, last = gated.layer(cell, layer["x"], inputs, before[0], present)
        return hidden, cell.state_type(last)
    return scanned.layer(cell, layer, inputs, before, present)
