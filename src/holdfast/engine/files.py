"""A network in a file: safetensors, gates by name, with its cell, sizes and origin in the metadata.

Names of tensors: ``layer0.forget.from_x`` [source, unit], ``layer0.forget.bias`` (of the map from x),
``layer0.candidate.bias_h`` (of the map from h, where the cell has one), ``readout.matrix``, ``readout.bias``. A map
with one weight for every unit is [1, unit]; where every step has weights of its own, a first axis counts the steps.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.errors import BadFile, UnknownName
from holdfast.core.files import write_atomically
from holdfast.engine.network import READOUT, Linear, Network, create

FORMAT = "holdfast-network-1"


def tensors(network: Network) -> dict[str, np.ndarray]:
    """Every gate's weights by name."""
    found = {"readout.matrix": network.readout.matrix, "readout.bias": network.readout.bias}
    for depth, layer in enumerate(network.layers):
        for source, linear in layer.items():
            for gate in linear.gates:
                matrix, bias = linear.of(gate)
                found[_matrix(depth, gate, source)] = matrix
                if bias is not None:
                    found[_bias(depth, gate, source)] = bias
    return {name: np.ascontiguousarray(value) for name, value in found.items()}


def _matrix(depth: int, gate: str, source: str) -> str:
    return f"layer{depth}.{gate}.from_{source}"


def _bias(depth: int, gate: str, source: str) -> str:
    return f"layer{depth}.{gate}.bias" + ("" if source == "x" else f"_{source}")


def save(network: Network, path: Path | str, origin: dict | None = None) -> None:
    """Write atomically. ``origin`` says where the weights come from (plain JSON). Raises ``BadRun`` on a full disk."""
    write_atomically(Path(path), as_bytes(network, origin))


def as_bytes(network: Network, origin: dict | None = None) -> bytes:
    """What ``save`` writes."""
    from safetensors.numpy import save as to_bytes

    metadata = {
        "format": FORMAT,
        "cell": network.cell_name,
        "inputs": str(network.inputs),
        "units": str(network.units),
        "outputs": str(network.outputs),
        "layers": str(len(network.layers)),
        **({} if network.steps is None else {"steps": str(network.steps)}),
        "origin": json.dumps(origin or {}),
    }
    return to_bytes(tensors(network), metadata)


def load(path: Path | str) -> tuple[Network, dict]:
    """The network in ``path`` and its origin. Raises ``BadFile`` with what is wrong with it."""
    read, metadata = _open(Path(path))
    if metadata.get("format") != FORMAT:
        raise BadFile(
            f"{path} is a safetensors file, but no network of holdfast: its format is "
            f"'{metadata.get('format', 'not stated')}', expected '{FORMAT}'.",
        )
    try:
        sizes = {name: int(metadata[name]) for name in ("inputs", "units", "outputs", "layers")}
        sizes |= {"steps": int(metadata["steps"])} if "steps" in metadata else {}
        network = create(metadata["cell"], **sizes)
        origin = json.loads(metadata["origin"])
    except (KeyError, ValueError, UnknownName) as error:
        raise BadFile(f"{path}: its metadata does not describe a network: {error}.") from error
    return _fill(network, read, path), origin


def _open(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadFile(f"there is no file {path}.", "'holdfast list runs' shows where networks were saved.")
    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BadFile(f"{path} cannot be read as safetensors: {error}.", "It may be cut short or foreign.") from error


def _fill(network: Network, read: dict[str, np.ndarray], path: Path | str) -> Network:
    for name, value in read.items():
        if value.dtype.kind != "f":
            raise BadFile(f"{path}: tensor '{name}' holds {value.dtype} numbers, expected floating point.")
        if jax.dtypes.canonicalize_dtype(value.dtype) != value.dtype:
            raise BadFile(
                f"{path} holds {value.dtype} numbers, but JAX is set to compute with fewer bits.",
                "Set the environment variable JAX_ENABLE_X64=1 and try again.",
            )
    wanted = {name: value.shape for name, value in tensors(network).items()}
    got = {name: value.shape for name, value in read.items()}
    if wanted != got:
        odd = sorted(name for name in wanted.keys() | got.keys() if wanted.get(name) != got.get(name))
        raise BadFile(f"{path}: tensor '{odd[0]}' has shape {got.get(odd[0])}, expected {wanted.get(odd[0])}.")

    def fill(linear: Linear, depth: int, source: str) -> Linear:
        matrix = np.concatenate([read[_matrix(depth, gate, source)] for gate in linear.gates], -1)
        bias = None
        if linear.bias is not None:
            bias = jnp.asarray(np.concatenate([read[_bias(depth, gate, source)] for gate in linear.gates], -1))
        return replace(linear, matrix=jnp.asarray(matrix), bias=bias)

    layers = tuple(
        {source: fill(linear, depth, source) for source, linear in layer.items()}
        for depth, layer in enumerate(network.layers)
    )
    readout = Linear(jnp.asarray(read["readout.matrix"]), jnp.asarray(read["readout.bias"]), (READOUT,))
    return replace(network, layers=layers, readout=readout)
