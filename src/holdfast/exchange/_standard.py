"""The layers that every framework has: LSTM, GRU and plain recurrent layers, with their gates fused in some order.

A format gives the order; the functions here fuse gates in this order and separate them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import cells
from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Linear, Network, create, read_out, refuse_separate_weights


class StandardLayer(NamedTuple):
    """A standard layer: ``name`` is lstm, gru or rnn; ``activation`` is tanh or relu for an rnn, otherwise ""."""

    name: str
    activation: str


STANDARD = {
    "lstm": StandardLayer("lstm", ""),
    "gru": StandardLayer("gru", ""),
    "elman": StandardLayer("rnn", "tanh"),
    "irnn": StandardLayer("rnn", "relu"),
    "feedforward": StandardLayer("rnn", "tanh"),
}
"""The cells that the frameworks support. A feedforward cell is an rnn with recurrent weights of exactly 0."""

WITHOUT_FORGET_GATE = (
    "the cell lstm1997 has no forget gate: it keeps its state whole, as a gate of exactly 1 would. The LSTM of "
    "{target} has a forget gate, and its sigmoid is below 1 but for rounding."
)


@dataclass(frozen=True)
class FusedLayer:
    """The fused weights of one layer.

    ``matrix_x`` is [source, gates * units], ``matrix_h`` [unit, gates * units]. ``bias_x`` and ``bias_h``
    [gates * units] are added to the product with the input and to the recurrent product.
    """

    matrix_x: np.ndarray
    matrix_h: np.ndarray
    bias_x: np.ndarray
    bias_h: np.ndarray


def kind_of(network: Network, target: str) -> StandardLayer:
    """The standard layer that computes this network's cell. Raises ``BadValue`` if the framework ``target`` has
    none."""
    refuse_separate_weights(network, f"{target} has no layer that does")
    if network.embedding is not None:
        raise BadValue(
            f"this network has an embedding below its first layer, which cannot be exported to {target}.",
            "Train a network without: --embedding none, and no block.",
        )
    if len(network.readout_maps) > 1:
        raise BadValue(
            f"the read-out of this network has hidden layers, which are not written for {target}.",
            "Train one without: --readout-hidden none.",
        )
    if network.output_function:
        raise BadValue(
            f"this network applies {network.output_function} to its outputs, which is not written for {target}.",
            "Export the network of its logits: network.before_output_function().",
        )
    cell = network.cell_name
    if cell == "lstm1997":
        raise BadValue(WITHOUT_FORGET_GATE.format(target=target), "Train an lstm instead.")
    if cell not in STANDARD:
        raise BadValue(f"{target} has no layer that computes the cell {cell}; it has {', '.join(STANDARD)}.")
    return STANDARD[cell]


def choose_cell(name: str, activation: str | None, wanted: str | None, hint: str = "") -> str:
    """The cell for a foreign layer: the one ``wanted`` by the user, else the file's own ``hint``, else the default.

    ``activation`` is None if the file does not state it. Raises ``UnknownName``, or ``BadValue`` if the cell ``wanted``
    is a different layer.

    >>> choose_cell("rnn", "relu", None), choose_cell("rnn", None, None)
    ('irnn', 'elman')
    """
    possible = [c for c, kind in STANDARD.items() if kind.name == name and activation in (None, kind.activation)]
    if not possible:
        raise BadFile(f"its layer is {name} with {activation}, which no cell of holdfast has.")
    if wanted is None:
        return hint if hint in possible else possible[0]
    cells.get(wanted)
    if wanted not in possible:
        layer = f"{name} with {activation}" if activation else name
        raise BadValue(f"--cell is {wanted}, but the file's layer is {layer}, expected {' or '.join(possible)}.")
    return wanted


def fuse(network: Network, order: Sequence[str]) -> list[FusedLayer]:
    """The weights of every layer, the lowest first, with the gates in ``order``. Weights that the cell lacks are 0."""
    zeros = np.zeros((network.units, len(order) * network.units), network.dtype)

    def gather(linear: Linear | None) -> tuple[np.ndarray, np.ndarray]:
        if linear is None:
            return zeros, zeros[0]
        columns = np.concatenate([np.r_[linear.columns(gate)] for gate in order])
        bias = zeros[0] if linear.bias is None else np.asarray(linear.bias)[columns]
        return np.asarray(linear.matrix)[:, columns], bias

    made = []
    for layer in network.layers:
        (matrix_x, bias_x), (matrix_h, bias_h) = gather(layer["x"]), gather(layer.get("h"))
        made.append(FusedLayer(matrix_x, matrix_h, bias_x, bias_h))
    return made


Affine = tuple[np.ndarray, np.ndarray]
"""A matrix [source, column] and a bias [column]."""


def separate(
    cell: str,
    layers: Sequence[FusedLayer],
    readout: Sequence[Affine],
    order: Sequence[str],
    embedding: Affine | None = None,
    function: str = "",
) -> Network:
    """The network of ``cell`` with these layers and the maps of the ``readout``, the one to the outputs last, relu
    between them and ``function`` after them.

    If the file has two biases for a gate and the cell has one, the bias is their sum, rounded once. Raises ``BadFile``
    if shapes or number formats do not match.
    """
    _check_shapes(layers, readout, len(order))
    arrays = [*(a for affine in (*readout, *([embedding] if embedding else [])) for a in affine)]
    check_precision(sorted({str(a.dtype) for a in (*arrays, *(a for f in layers for a in vars(f).values()))}))
    inputs, units = (layers[0].matrix_x if embedding is None else embedding[0]).shape[0], len(layers[0].matrix_h)
    made = create(cell, inputs, units, readout[-1][1].size, len(layers), readout[0][0].dtype, embedding=bool(embedding))
    columns = {gate: np.r_[k * made.units : (k + 1) * made.units] for k, gate in enumerate(order)}

    def fill(linear: Linear, matrix: np.ndarray, bias: np.ndarray) -> Linear:
        taken = np.concatenate([columns[gate] for gate in linear.gates])
        new = None if linear.bias is None else jnp.asarray(bias[taken])
        return replace(linear, matrix=jnp.asarray(matrix[:, taken]), bias=new)

    filled = []
    for own, foreign in zip(made.layers, layers, strict=True):
        recurrent = own.get("h")
        if recurrent is None and foreign.matrix_h.any():
            raise BadFile(f"the cell {cell} reads no state, but the file's recurrent weights are not zero.")
        sums = recurrent is None or recurrent.bias is None
        layer = {"x": fill(own["x"], foreign.matrix_x, _sum(foreign) if sums else foreign.bias_x)}
        if recurrent is not None:
            layer["h"] = fill(recurrent, foreign.matrix_h, foreign.bias_h)
        filled.append(layer)
    above = read_out([(jnp.asarray(matrix), jnp.asarray(bias)) for matrix, bias in readout], function)
    below = made.embedding
    if below is not None and embedding is not None:
        below = replace(below, matrix=jnp.asarray(embedding[0]), bias=jnp.asarray(embedding[1]))
    return replace(made, layers=tuple(filled), readout=above, embedding=below)


def check_precision(dtypes: Sequence[str]) -> None:
    """Raise ``BadFile`` unless there is one number format, float32 or float64, and JAX is set to compute in it."""
    if list(dtypes) not in (["float32"], ["float64"]):
        raise BadFile(f"its weights are {' and '.join(dtypes)} numbers, expected float32 or float64 throughout.")
    if str(jax.dtypes.canonicalize_dtype(dtypes[0])) != dtypes[0]:
        raise BadFile(
            f"it holds {dtypes[0]} numbers, but JAX computes with fewer bits.",
            "Set the environment variable JAX_ENABLE_X64=1 and try again.",
        )


def _sum(layer: FusedLayer) -> np.ndarray:
    """The sum of both biases. If the second is 0, this is exactly the first, including the sign of zeros."""
    total = layer.bias_x.astype(np.float64) + layer.bias_h.astype(np.float64)
    return np.where(layer.bias_h == 0, layer.bias_x, total.astype(layer.bias_x.dtype))


def _check_shapes(layers: Sequence[FusedLayer], readout: Sequence[Affine], gates: int) -> None:
    units = layers[0].matrix_h.shape[0]
    reasons: list[str] = []

    def expect(what: str, got: Any, expected: tuple[int, ...]) -> None:
        if got.shape != expected:
            reasons.append(f"{what} have shape {list(got.shape)}, expected {list(expected)}")

    for depth, layer in enumerate(layers):
        where, width = f"the {{}} of layer {depth}", gates * units
        source = (*layer.matrix_x.shape, 0)[0] if depth == 0 else units
        expect(where.format("input weights"), layer.matrix_x, (source, width))
        expect(where.format("recurrent weights"), layer.matrix_h, (units, width))
        expect(where.format("biases"), layer.bias_x, (width,))
        expect(where.format("recurrent biases"), layer.bias_h, (width,))
    below = units
    for matrix, bias in readout:
        expect("the read-out's weights", matrix, (below, matrix.shape[-1]))
        expect("the read-out's biases", bias, (matrix.shape[-1],))
        below = matrix.shape[-1]
    if not all((*layers[0].matrix_x.shape, *(size for matrix, _ in readout for size in matrix.shape))):
        reasons.append("a size is 0, expected at least 1 input, unit and output")
    if reasons:
        raise BadFile("; ".join(reasons) + ".", "Every layer needs the same number of units, and the read-out too.")
