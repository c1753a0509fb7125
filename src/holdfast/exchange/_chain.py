"""A foreign model as a chain of standard parts, and the highest model that follows from them.

Linear maps (an embedding) below recurrent layers, and a read-out above: that is a network, level *opened*. A chain that
is no network has a step in JAX, level *steps*: layers of several kinds or sizes, a projection, a mask, other activation
functions. A framework's own file says which parts its layers are; nothing here knows a framework.

Linear maps in a row are one. An embedding as wide as the first layer stays an embedding; any other becomes part of the
input weights. Products are computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from holdfast.core.errors import BadFile
from holdfast.engine.network import OUTPUT_FUNCTIONS, Network
from holdfast.exchange._standard import Affine, FusedLayer, check_precision, choose_cell, separate


@dataclass(frozen=True)
class RecurrentPart:
    """A layer: ``kind`` lstm, gru or rnn, the ``order`` of its gates in ``weights``, its functions by name.

    ``projection`` [unit, projected] maps the hidden state after each step; the GRU's reset gate acts after the
    recurrent product where ``reset_after``.
    """

    kind: str
    order: tuple[str, ...]
    weights: FusedLayer
    activation: str = "tanh"
    gate: str = "sigmoid"
    projection: np.ndarray | None = None
    reset_after: bool = True

    @property
    def units(self) -> int:
        return self.weights.matrix_h.shape[1] // len(self.order)

    @property
    def outputs(self) -> int:
        return self.units if self.projection is None else self.projection.shape[1]


@dataclass(frozen=True)
class DensePart:
    """A linear map: ``matrix`` [source, column], ``bias`` [column]."""

    matrix: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class FunctionPart:
    """A function of every number, or of all numbers of a step, by its name."""

    name: str


@dataclass(frozen=True)
class MaskPart:
    """Every layer above skips the steps at which each input is ``value``: states and outputs stay as they were."""

    value: float


ChainPart = RecurrentPart | DensePart | FunctionPart | MaskPart


def opened(parts: Sequence[ChainPart], cell: str | None = None, hint: str = "") -> Network:
    """The network that a chain is; ``cell`` as the user says, ``hint`` as the file does.

    Raises ``BadFile`` where it is none, or shapes or number formats do not fit together, and ``BadValue`` where
    ``cell`` is another or JAX computes with fewer bits.
    """
    below, layers, above = divided(parts)
    check_precision(sorted({str(array.dtype) for part in parts for array in _arrays(part)}))
    kinds = {(layer.kind, layer.activation if layer.kind == "rnn" else "") for layer in layers}
    if len(kinds) > 1:
        raise BadFile(f"its layers are of several kinds: {', '.join(layer.kind for layer in layers)}.")
    if reasons := [reason for layer in layers for reason in _variants(layer)]:
        raise BadFile("; ".join(dict.fromkeys(reasons)) + ".")
    if len(sizes := {layer.units for layer in layers}) > 1:
        raise BadFile(f"its layers have different sizes: {', '.join(map(str, sorted(sizes)))} units.")
    ((kind, activation),) = kinds
    fused, embedding = [layer.weights for layer in layers], _folded(below)
    if embedding is not None and embedding[0].shape[1] != layers[0].units:
        fused[0], embedding = _below(fused[0], embedding), None
    readout, function = read_out_of(above, layers[-1].units, fused[0].matrix_h.dtype)
    chosen = choose_cell(kind, activation, cell, hint)
    return separate(chosen, fused, readout, layers[0].order, embedding, function)


def divided(
    parts: Sequence[ChainPart],
) -> tuple[Sequence[DensePart], Sequence[RecurrentPart], Sequence[DensePart | FunctionPart]]:
    """What is below the recurrent layers, the layers, and what is above. Raises ``BadFile``."""
    places = [place for place, part in enumerate(parts) if isinstance(part, RecurrentPart)]
    if not places:
        raise BadFile("it has no recurrent layer that is known here.")
    first, last = places[0], places[-1] + 1
    below = [part for part in parts[:first] if isinstance(part, DensePart)]
    layers = [part for part in parts[first:last] if isinstance(part, RecurrentPart)]
    above = [part for part in parts[last:] if isinstance(part, DensePart | FunctionPart)]
    if any(isinstance(part, MaskPart) for part in parts):
        raise BadFile("it skips the steps that its mask leaves out.")
    if len(below) < first:
        named = ", ".join(part.name for part in parts[:first] if isinstance(part, FunctionPart))
        raise BadFile(f"it applies {named} below its first recurrent layer, where networks here have linear maps only.")
    if len(layers) < last - first:
        raise BadFile("other parts stand between its recurrent layers.")
    return below, layers, above


def read_out_of(above: Sequence[DensePart | FunctionPart], units: int, dtype: np.dtype) -> tuple[list[Affine], str]:
    """The maps of a read-out, relu between them, and the name of the output function. Where nothing is, or a relu is
    the first or the last, a map that is the identity stands. Raises ``BadFile`` for other functions."""
    identity = DensePart(np.eye(units, dtype=dtype), np.zeros(units, dtype))
    maps: list[Affine] = []
    held, function = list[DensePart](), ""
    for place, part in enumerate(above):
        if isinstance(part, DensePart):
            held.append(part)
        elif part.name == "relu":
            maps.append(_folded(held) or (identity.matrix, identity.bias))
            width, held = maps[-1][1].size, []
            identity = DensePart(np.eye(width, dtype=dtype), np.zeros(width, dtype))
        elif part.name in OUTPUT_FUNCTIONS and place == len(above) - 1:
            function = part.name
        else:
            raise BadFile(f"its read-out applies {part.name}, expected relu between linear maps.")
    return [*maps, _folded(held) or (identity.matrix, identity.bias)], function


def _variants(layer: RecurrentPart) -> list[str]:
    reasons = []
    if layer.projection is not None:
        reasons.append("its hidden state is projected (proj_size), which no cell of holdfast does")
    if layer.gate != "sigmoid":
        reasons.append(f"its gates are {layer.gate}, expected sigmoid")
    if layer.kind != "rnn" and layer.activation != "tanh":
        reasons.append(f"its {layer.kind} has {layer.activation}, expected tanh")
    if layer.kind == "rnn" and layer.activation not in ("tanh", "relu"):
        reasons.append(f"its rnn has {layer.activation}, expected tanh (elman) or relu (irnn)")
    if not layer.reset_after:
        reasons.append("its reset gate acts before the recurrent product, another cell than gru")
    return reasons


def _arrays(part: ChainPart) -> list[np.ndarray]:
    if isinstance(part, RecurrentPart):
        return [*vars(part.weights).values()]
    return [part.matrix, part.bias] if isinstance(part, DensePart) else []


def _folded(parts: Sequence[DensePart]) -> Affine | None:
    """Linear maps in a row as one; None where there is none."""
    if not parts:
        return None
    matrix, bias = parts[0].matrix, parts[0].bias
    for part in parts[1:]:
        matrix, bias = _product(matrix, part.matrix), _product(bias, part.matrix) + part.bias
    return matrix, bias


def _below(layer: FusedLayer, embedding: Affine) -> FusedLayer:
    """The layer that reads the inputs of the embedding."""
    matrix, bias = embedding
    if matrix.shape[1] != layer.matrix_x.shape[0]:
        raise BadFile(f"its embedding gives {matrix.shape[1]} values, and its layer reads {layer.matrix_x.shape[0]}.")
    return replace(
        layer,
        matrix_x=_product(matrix, layer.matrix_x),
        bias_x=(_product(bias, layer.matrix_x) + layer.bias_x).astype(layer.bias_x.dtype),
    )


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(b.dtype)
