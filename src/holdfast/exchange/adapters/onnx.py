"""ONNX: an ``onnx.ModelProto`` or the path of a ``.onnx`` file, opened where its graph is a chain of standard parts,
else at a lower level.

The graph has one input, [batch, time, input] or, with time first, [time, batch, input], or symbols of these first two
axes; constants are initialisers. Its first output is used, at every step or at the last. The output of a recurrent node
itself, with its axis of directions, counts as well. onnxruntime runs the graph if it is installed and can; otherwise
the reference evaluator of onnx does.

A graph that fixes the batch is called in groups of this size. One that fixes the length is a model of this length.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.exchange._chain import opened
from holdfast.exchange._highest import highest
from holdfast.exchange._onnx_file import load
from holdfast.exchange._onnx_graph import find
from holdfast.exchange._onnx_plain import freed, plain, sizes_of
from holdfast.exchange._onnx_run import GraphProgram, program_of
from holdfast.exchange._verify import verify
from holdfast.exchange.adapters._sequences import STEPS, probe, refuse_side_effects, whole_sequences
from holdfast.exchange.onnx import runner_of
from holdfast.models.answers import from_function
from holdfast.models.levels import Model

if TYPE_CHECKING:
    import onnx

TYPES = {1: "float32", 11: "float64", 6: "int32", 7: "int64"}
"""The element types of inputs, by their numbers in ONNX; whole numbers are symbols."""


def accepts(thing: object) -> bool:
    """Whether the object is a ``ModelProto``, by the name of its class, or the path of a ``.onnx`` file."""
    if isinstance(thing, str | Path):
        return str(thing).endswith(".onnx")
    return type(thing).__name__ == "ModelProto" and type(thing).__module__.startswith("onnx")


def model(thing: onnx.ModelProto | str | Path, *, inputs: int, name: str = "") -> Model:
    """The graph as a model of the highest level that its nodes allow.

    Raises ``BadFile`` for a file that is no ONNX model or that no program can run, and ``BadValue`` for a graph with
    several inputs or another input size, in half precision, with random outputs or outputs of another shape, or with
    rows of a batch that affect each other.
    """
    proto = load(Path(thing)) if isinstance(thing, str | Path) else thing
    name = name or (f"the graph of {thing}" if isinstance(thing, str | Path) else f"the ONNX graph {proto.graph.name}")
    symbols, dtype = _input(name, proto, inputs)
    simple = plain(proto)
    free = _program(freed(simple))
    given = probe(inputs, dtype, symbols)
    if any(_runs(free, arranged, symbols) for arranged in (given, given.swapaxes(0, 1))):
        program, batch, steps = free, None, None
    else:
        program, (batch, steps) = _program(simple), sizes_of(simple)
        given = probe(inputs, dtype, symbols, (2 if steps != 2 else 3, steps or STEPS))

    def run(x: np.ndarray) -> np.ndarray:
        rows = x.argmax(-1) if symbols else x
        return _in_groups(program, rows, batch)

    refuse_side_effects(name, run, given)
    if steps is not None and _runs(program, given[:batch], symbols) and run(given).ndim == 2:
        return _opened_at_one_length(name, simple, steps)
    whole = whole_sequences(run, given)
    answers = from_function(whole, inputs=inputs, dtype=dtype, name=name, has_gradients=False, steps=given.shape[1])
    return highest(answers, lambda: find(simple).parts, program.by, symbols=symbols, batch=batch, steps=steps)


def inputs_of(path: Path) -> int | None:
    """How many inputs the graph in ``path`` reads at a step; None where it reads symbols, or does not say. Raises
    ``BadFile``."""
    proto = load(path)
    held = {tensor.name for tensor in proto.graph.initializer}
    shapes = [i.type.tensor_type.shape.dim for i in proto.graph.input if i.name not in held]
    return int(shapes[0][2].dim_value) or None if len(shapes) == 1 and len(shapes[0]) == 3 else None


def _input(name: str, proto: Any, inputs: int) -> tuple[bool, np.dtype]:
    """Whether the graph reads symbols, and its number format. Raises ``BadValue``."""
    held = {tensor.name for tensor in proto.graph.initializer}
    given = [i for i in proto.graph.input if i.name not in held]
    if len(given) != 1:
        raise BadValue(
            f"{name} takes {', '.join(i.name for i in given) or 'nothing'}, expected one input.",
            "Export it with its weights as initialisers, and with an initial state that it makes itself.",
        )
    kind = TYPES.get(given[0].type.tensor_type.elem_type, "another type")
    dims = [d.dim_value for d in given[0].type.tensor_type.shape.dim]
    symbols = kind.startswith("int")
    if kind not in TYPES.values() or len(dims) != (2 if symbols else 3):
        raise BadValue(
            f"{name} reads {kind} numbers of the shape {dims}, expected float32 or float64 of [batch, time, input], or "
            "symbols of [batch, time]."
        )
    if not symbols and dims[2] not in (0, inputs):
        raise BadValue(f"{name} reads {dims[2]} inputs, expected {inputs}.")
    floats = {tensor.data_type for tensor in proto.graph.initializer}
    return symbols, np.dtype("float64" if 11 in floats or kind == "float64" else "float32")


def _program(proto: Any) -> GraphProgram:
    try:
        return program_of(proto)
    except BadFile:  # onnxruntime lacks some operators, such as recurrent ones with the batch first
        return program_of(proto, by_reference=True)


def _runs(program: GraphProgram, x: np.ndarray, symbols: bool) -> bool:
    try:
        program.run(x.argmax(-1) if symbols else x)
    except BadFile:
        return False
    return True


def _in_groups(program: GraphProgram, rows: np.ndarray, batch: int | None) -> np.ndarray:
    """The outputs for ``rows`` from calls with ``batch`` rows each; the last call is filled up."""
    if batch is None:
        return program.run(rows)
    made = []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        filled = np.concatenate([some, np.repeat(some[-1:], batch - len(some), 0)])
        made.append(program.run(filled)[: len(some)])
    return np.concatenate(made)


def _opened_at_one_length(name: str, proto: Any, steps: int) -> Model:
    """The network of a graph with outputs at the last of exactly ``steps`` steps, whose earlier outputs are unknown."""
    try:
        network = opened(find(proto).parts)
        verify(network, runner_of(proto))
    except BadFile as why:
        raise BadValue(
            f"{name} gives outputs at the last of exactly {steps} steps only, and cannot be opened: {why.message}",
            "Export it with a free time axis.",
        ) from why
    return network
