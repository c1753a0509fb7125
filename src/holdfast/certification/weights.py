"""A network's weights as exact reals, without the units that do not affect the output."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from holdfast import alphabet
from holdfast.core.cell import CONSTANT, Cell
from holdfast.core.errors import BadValue
from holdfast.engine.files import tensors
from holdfast.engine.network import Linear, Network, refuse_separate_weights
from holdfast.engine.readings.bounds import Exact, exact
from holdfast.engine.readings.record import Unsupported, record


@dataclass(frozen=True)
class Weights:
    """The exact weights: ``layers[d]`` by source (x, h, ...), ``units[d]`` the number of kept units of that layer, the
    maps of the read-out, with relu between them, the embedding below the first layer, if there is one, and whether a
    sigmoid is applied to the outputs."""

    cell: Cell
    layers: tuple[Mapping[str, Exact], ...]
    units: tuple[int, ...]
    readout: tuple[Exact, ...]
    heads: int = 1
    embedding: Exact | None = None
    sigmoid: bool = False


def weights_of(network: Network, every_unit: bool) -> Weights:
    """The weights for a proof. Units without a path of nonzero weights to the read-out are left out.

    With ``every_unit`` they are kept, because in IEEE arithmetic such a unit might overflow, and 0 * inf is NaN. Of the
    units without nonzero weights, in or out, and without bias, only one is kept, which stands for all of them. Raises
    ``BadValue`` for a network with separate weights for every step.
    """
    refuse_separate_weights(network, "bounds here are those of one set of weights for all steps")
    if network.output_function not in ("", "sigmoid"):
        raise BadValue(
            f"this network applies {network.output_function} to its outputs, of which there are no bounds.",
            "Ask about its logits: network.before_output_function().",
        )
    sigmoid = network.output_function == "sigmoid"
    network = replace(
        network, layers=tuple({source: linear.dense() for source, linear in layer.items()} for layer in network.layers)
    )
    embedding = None if network.embedding is None else exact(network.embedding)
    if mixes_units(network.cell):  # all are kept
        layers = tuple({s: exact(linear) for s, linear in layer.items()} for layer in network.layers)
        units, readout = (network.units,) * len(layers), tuple(map(exact, network.readout_maps))
        return Weights(network.cell, layers, units, readout, network.heads, embedding, sigmoid)
    live = _live(network) if not every_unit else [_different(network, depth) for depth in range(len(network.layers))]

    layers, below = [], np.arange(network.above_embedding().inputs)
    for layer, units in zip(network.layers, live, strict=True):
        sources = {"x": below, CONSTANT: np.arange(0)}
        layers.append({s: exact(_part(linear, sources.get(s, units), units)) for s, linear in layer.items()})
        below = units
    first, *others = network.readout_maps
    readout = tuple(map(exact, (_part(first, below, np.arange(first.units)), *others)))
    return Weights(network.cell, tuple(layers), tuple(len(units) for units in live), readout, 1, embedding, sigmoid)


def mixes_units(cell: Cell) -> bool:
    """Whether units affect each other without a linear map, within heads or through a word such as a norm, or read
    those of the layer below one by one."""
    if not cell.is_vector or cell.reads_units:
        return True
    try:
        words = {node.word for node in record(cell).nodes if node.operands}
    except Unsupported:
        return True
    return any(alphabet.get(word).axes is not None for word in words)


def fingerprint(network: Network) -> str:
    """SHA-256 over the cell's name, that of the output function where there is one, and every tensor's name, number
    format, shape and bytes, in alphabetical order.

    It does not cover the bytes of the file, so that metadata, such as the origin of the weights, do not affect it.
    """
    digest = hashlib.sha256(f"{network.cell_name}\n".encode())
    if network.output_function:
        digest.update(f"output function {network.output_function}\n".encode())
    for name, value in sorted(tensors(network).items()):
        digest.update(f"{name} {value.dtype} {value.shape}\n".encode())
        digest.update(value.astype(value.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def finite(network: Network) -> bool:
    """Whether every weight is finite."""
    return all(np.isfinite(value).all() for value in tensors(network).values())


def _part(linear: Linear, sources: np.ndarray, units: np.ndarray) -> Linear:
    columns = np.concatenate([np.arange(linear.units)[units] + k * linear.units for k in range(len(linear.gates))])
    matrix = np.asarray(linear.matrix)[sources][:, columns]
    return Linear(matrix, None if linear.bias is None else np.asarray(linear.bias)[columns], linear.gates)


def _live(network: Network) -> list[np.ndarray]:
    """For every layer, the units that affect the read-out. Words act elementwise, so only linear maps connect units."""
    found = []
    wanted = np.asarray(network.readout_maps[0].matrix).any(1)
    for layer in reversed(network.layers):
        inner = sum(
            (_reads(linear) for s, linear in layer.items() if s not in ("x", CONSTANT)),
            np.zeros((network.units,) * 2, bool),
        )
        while (grown := wanted | inner[:, wanted].any(1)).sum() > wanted.sum():
            wanted = grown
        found.append(np.flatnonzero(wanted))
        wanted = _reads(layer["x"])[:, wanted].any(1)
    return found[::-1]


def _different(network: Network, depth: int) -> np.ndarray:
    """The units of a layer, with only one of those that have no nonzero weight, in or out, and no bias."""
    layer, above = network.layers[depth], [layer["x"] for layer in network.layers[depth + 1 : depth + 2]]
    read = np.asarray(network.readout_maps[0].matrix).any(1) if not above else _reads(above[0]).any(1)
    busy = read.copy()
    for source, linear in layer.items():
        busy |= _reads(linear).any(0) | (_reads(linear).any(1) if source not in ("x", CONSTANT) else False)
        if linear.bias is not None:
            busy |= np.asarray(linear.bias).reshape(len(linear.gates), linear.units).any(0)
    idle = np.flatnonzero(~busy)
    return np.sort(np.concatenate([np.flatnonzero(busy), idle[:1]]))


def _reads(linear: Linear) -> np.ndarray:
    """[source, unit]: whether any gate of the unit has a nonzero weight for the source."""
    return np.any(np.asarray(linear.matrix).reshape(-1, len(linear.gates), linear.units), axis=1)
