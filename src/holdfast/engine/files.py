"""A network as a safetensors file: tensors named by gate; cell, sizes and origin in the metadata.

Tensor names: ``layer0.forget.from_x`` [source, unit], ``layer0.forget.bias`` (of the map from x),
``layer0.candidate.bias_h`` (of the map from h, if the cell has one), ``readout.matrix``, ``readout.bias``. Each hidden
layer of a read-out has ``readout.hidden1.matrix`` [source, unit] and ``readout.hidden1.bias``. An embedding has
``embedding.matrix`` [input, unit] and ``embedding.bias``. A diagonal map, with one weight for every unit, is [1, unit];
a map per head is [source of one head, unit].
A network with separate weights for every step has a leading axis for the steps.

The same network gives the same bytes in every process. Names, shapes and number formats in the file's header are
compared with the metadata before arrays of these sizes are allocated.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from holdfast.cells._former import cell_of
from holdfast.core import origin as origins
from holdfast.core import tensors as storage
from holdfast.core import values
from holdfast.core.arrays import Leaf, as_array
from holdfast.core.cell import Cell, Map
from holdfast.core.documents import shown
from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.core.files import write_atomically
from holdfast.core.registered import definitions
from holdfast.core.tensors import FLOATS, Header, TensorHeader
from holdfast.core.text import argument
from holdfast.core.typed_jax import asarray
from holdfast.engine.network import EMBEDDED, OUTPUT_FUNCTIONS, Layer, Linear, Network, like, read_out
from holdfast.engine.resolve import resolve

FORMAT = "holdfast-network-1"
MOST = {"inputs": 10**6, "units": 10**6, "outputs": 10**6, "layers": 10**3, "steps": 10**7, "heads": 10**6}
"""The largest sizes that metadata may give. The sizes of the tensors are compared with the metadata afterwards."""


LINEAR = "linear"
"""The value of ``embedding`` in the metadata of a network with an embedding."""


class Sizes(NamedTuple):
    """The sizes in the metadata. ``steps`` is None if all steps share their weights."""

    cell: Cell
    inputs: int
    units: int
    outputs: int
    layers: int
    steps: int | None
    heads: int
    embedding: bool = False
    readout_hidden: tuple[int, ...] = ()
    output_function: str = ""

    @property
    def read(self) -> int:
        """The input size of the first layer."""
        return self.units if self.embedding else self.inputs


def tensors(network: Network) -> dict[str, np.ndarray]:
    """Every tensor of a network, by its name in the file."""
    found: dict[str, Leaf] = {}
    for (matrix, bias), linear in zip(_readout_names(len(network.readout_maps)), network.readout_maps, strict=True):
        found |= {matrix: linear.matrix, bias: linear.bias}
    if network.embedding is not None:
        found |= {"embedding.matrix": network.embedding.matrix, "embedding.bias": network.embedding.bias}
    for depth, layer in enumerate(network.layers):
        for source, linear in layer.items():
            plain = jax.tree.map(np.asarray, linear)  # slices of arrays of JAX are compiled
            for gate in plain.gates:
                matrix, bias = plain.of(gate)
                found[_matrix(depth, gate, source)] = matrix
                if bias is not None:
                    found[_bias(depth, gate, source)] = bias
    return {name: np.ascontiguousarray(value) for name, value in found.items()}


def _readout_names(count: int) -> list[tuple[str, str]]:
    """The names of the matrix and bias of each of the ``count`` maps of a read-out."""
    names = [*(f"readout.hidden{n}" for n in range(1, count)), "readout"]
    return [(f"{name}.matrix", f"{name}.bias") for name in names]


def _matrix(depth: int, gate: str, source: str) -> str:
    return f"layer{depth}.{gate}.from_{source}"


def _bias(depth: int, gate: str, source: str) -> str:
    return f"layer{depth}.{gate}.bias" + ("" if source == "x" else f"_{source}")


def save(network: Network, path: Path | str, origin: Mapping[str, object] | None = None) -> None:
    """Write a network atomically. ``origin`` is plain JSON: how the weights were made. Raises ``BadRun`` on a full
    disk."""
    write_atomically(Path(path), as_bytes(network, origin))


def as_bytes(network: Network, origin: Mapping[str, object] | None = None) -> bytes:
    """The bytes of the file that ``save`` writes. The origin is completed by the source text of everything that this
    process has registered and that it names: ``{"definitions": {"cells/leaky_unit": "class LeakyUnit: ..."}}``."""
    known: dict[str, Any] = dict(origin or {})
    settings: dict[str, Any] = known.get("settings") or {}
    named = {"task": origins.task_of(known), **settings, "cell": network.cell_name}
    if made_of := definitions(named):
        known["definitions"] = {**known.get("definitions", {}), **made_of}
    metadata = {
        "format": FORMAT,
        "cell": network.cell_name,
        "inputs": str(network.inputs),
        "units": str(network.units),
        "outputs": str(network.outputs),
        "layers": str(len(network.layers)),
        **({} if network.steps is None else {"steps": str(network.steps)}),
        **({} if network.heads == 1 else {"heads": str(network.heads)}),
        **({} if network.embedding is None else {"embedding": LINEAR}),
        **({"readout_hidden": ",".join(str(m.units) for m in hidden)} if (hidden := network.readout_maps[:-1]) else {}),
        **({"output_function": network.output_function} if network.output_function else {}),
        "origin": json.dumps(known),
    }
    return storage.as_bytes(tensors(network), metadata)


def load(path: Path | str) -> tuple[Network, dict[str, object]]:
    """The network in ``path`` and its origin. Raises ``BadFile`` if the file is not a network."""
    header = storage.read_header(path)
    if header.metadata.get("format") != FORMAT:
        raise BadFile(
            f"{path} is a safetensors file, but not a network of holdfast: its format is "
            f"'{header.metadata.get('format', 'not stated')}', expected '{FORMAT}'.",
        )
    sizes, origin = _sizes(header.metadata, path), origin_in(header, path)
    _check_formats(header, path)
    _check_shapes(header, sizes, path)
    return _network(sizes, storage.read_arrays(path)), origin


def from_arrays(
    cell: str, arrays: Mapping[str, Any], *, heads: int = 1, output_function: str = "", dtype: Any = None
) -> Network:
    """The network of ``cell`` with these weights, by the names that a file has; its sizes are those of the arrays.

    ``dtype`` is the number format that they are converted to; None: they have one already. Raises ``UnknownName`` for a
    cell that does not exist, ``BadValue`` with the first array that is missing, or has another shape or format.

    >>> layer = {f"layer0.candidate.{name}": np.ones(shape, "f") for name, shape in
    ...          {"from_x": (1, 2), "from_h": (2, 2), "bias": 2}.items()}
    >>> from_arrays("elman", {**layer, "readout.matrix": np.ones((2, 1), "f"), "readout.bias": np.zeros(1, "f")}).units
    2
    """
    kind = resolve(cell)
    held = {name: np.asarray(value, dtype) for name, value in arrays.items()}
    formats = {name: TensorHeader(storage.format_of(a.dtype), a.shape, (0, a.nbytes)) for name, a in held.items()}
    header = Header(formats, _described(kind, held) | {"heads": str(heads)})
    if output_function:
        header = replace(header, metadata={**header.metadata, "output_function": output_function})
    where = f"the arrays of a network of {cell}"
    try:
        sizes = _sizes(header.metadata, where)
        _check_formats(header, where)
        _check_shapes(header, sizes, where)
    except BadFile as error:
        raise BadValue(error.message, error.fix) from error
    return _network(sizes, held)


def _described(cell: Cell, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The metadata of a file with these arrays. Raises ``BadValue`` where those that tell the sizes are missing."""
    reads = _matrix(0, next(m for m in cell.maps if m.source == "x").gates[0], "x")
    if missing := [name for name in (reads, "readout.matrix") if name not in arrays or arrays[name].ndim < 2]:
        raise BadValue(
            f"there is no matrix '{missing[0]}' among the arrays of a network of {cell.name}; there are: "
            f"{', '.join(sorted(arrays)) or 'none'}.",
            "Names are those of a saved network: layer0.GATE.from_x, layer0.GATE.bias, readout.matrix, readout.bias.",
        )
    depth = [int(match[1]) for name in arrays if (match := re.match(r"layer([0-9]{1,4})\.", name))]
    hidden = [name for n in range(1, len(arrays)) if (name := f"readout.hidden{n}.matrix") in arrays]
    sizes = {
        "inputs": arrays["embedding.matrix" if "embedding.matrix" in arrays else reads].shape[-2],
        "units": arrays[(*hidden, "readout.matrix")[0]].shape[0],
        "outputs": arrays["readout.matrix"].shape[-1],
        "layers": 1 + max(depth),
        **({"steps": arrays[reads].shape[0]} if arrays[reads].ndim > 2 else {}),
    }
    return {
        "cell": cell.name,
        **{name: str(size) for name, size in sizes.items()},
        **({"embedding": LINEAR} if "embedding.matrix" in arrays else {}),
        **({"readout_hidden": ",".join(str(arrays[name].shape[-1]) for name in hidden)} if hidden else {}),
    }


def origin_in(header: Header, path: Path | str) -> dict[str, object]:
    """The origin in a network's header: how its weights were made. Raises ``BadFile`` if it is not a JSON object."""
    return origins.parse(header.metadata.get("origin", ""), f"{path}, origin")


def _sizes(metadata: Mapping[str, str], path: Path | str) -> Sizes:
    def size(name: str) -> int:
        text = metadata.get(name, "")
        if not re.fullmatch(r"[1-9][0-9]{0,8}", text) or int(text) > MOST[name]:
            raise _no_network(path, f"{name} is {shown(metadata.get(name))}, expected 1 ... {MOST[name]:,}")
        return int(text)

    try:
        cell = resolve(cell_of(metadata.get("cell", "")))
    except (UnknownName, BadValue) as error:
        problem = _no_network(path, str(error).removesuffix("."))
        if "definitions" in origins.parse(metadata.get("origin", ""), f"{path}, origin"):
            problem.fix = f"'holdfast show {argument(path)}' prints its definition, for holdfast.register."
        raise problem from error
    steps = size("steps") if "steps" in metadata else None
    heads = size("heads") if "heads" in metadata else 1
    if (kind := metadata.get("embedding", LINEAR)) != LINEAR:
        raise _no_network(path, f"embedding is {shown(kind)}, expected {LINEAR}")
    try:
        hidden = values.sizes(metadata.get("readout_hidden", values.NONE))
    except ValueError as error:
        raise _no_network(path, f"readout_hidden {error}") from error
    function = metadata.get("output_function", "")
    if function and function not in OUTPUT_FUNCTIONS:
        raise _no_network(path, f"output_function is {shown(function)}, expected {', '.join(OUTPUT_FUNCTIONS)}")
    sizes = Sizes(
        *(cell, size("inputs"), size("units"), size("outputs"), size("layers"), steps, heads),
        embedding="embedding" in metadata,
        readout_hidden=hidden,
        output_function=function,
    )
    if mistakes := cell.mistakes(sizes.units, heads) + cell.input_mistakes(sizes.read, sizes.units):
        raise _no_network(path, mistakes[0])
    return sizes


def _no_network(path: Path | str, why: str) -> BadFile:
    return BadFile(f"{path}: its metadata does not describe a network: {why}.")


def _shapes(sizes: Sizes) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names and shapes of a network's tensors, one by one, as in ``tensors``."""
    of_readout = list(itertools.pairwise((sizes.units, *sizes.readout_hidden, sizes.outputs)))
    for (matrix, bias), shape in zip(_readout_names(len(of_readout)), of_readout, strict=True):
        yield matrix, shape
        yield bias, shape[1:]
    if sizes.embedding:
        yield "embedding.matrix", (sizes.inputs, sizes.units)
        yield "embedding.bias", (sizes.units,)
    times = () if sizes.steps is None else (sizes.steps,)
    for depth in range(sizes.layers):
        for m in sizes.cell.maps:
            linear = _like(sizes, m, depth)
            for gate, width in zip(m.gates, map(linear.width, m.gates), strict=True):
                yield _matrix(depth, gate, m.source), (*times, linear.matrix.shape[-2], width)
                if m.bias:
                    yield _bias(depth, gate, m.source), (*times, width)


def _check_shapes(header: Header, sizes: Sizes, path: Path | str) -> None:
    """Compare names and shapes, and stop at the first difference: metadata may claim any number of tensors."""
    rest = {name: stored.shape for name, stored in header.tensors.items()}
    for name, wanted in _shapes(sizes):
        got = rest.pop(name, None)
        if got != wanted:
            raise BadFile(f"{path}: tensor '{name}' has shape {got}, expected {wanted}.")
    for name, got in sorted(rest.items()):
        raise BadFile(f"{path}: tensor '{name}' has shape {got}, expected None.")


def _check_formats(header: Header, path: Path | str) -> None:
    """Raise ``BadFile`` unless all weights have one number format and JAX is set to compute in it."""
    formats: dict[str, str] = {}
    for name, stored in header.tensors.items():
        if stored.dtype not in FLOATS:
            raise BadFile(f"{path}: tensor '{name}' holds {stored.dtype} numbers, expected floating point.")
        formats.setdefault(FLOATS[stored.dtype], name)
    if len(formats) > 1:
        (one, first), (other, second), *_ = formats.items()
        raise BadFile(
            f"{path}: tensor '{first}' holds {one} numbers and tensor '{second}' {other} numbers, expected one number "
            "format for all weights.",
            "Convert every tensor to the same format and save them again.",
        )
    for form in formats:
        if jax.dtypes.canonicalize_dtype(form) != form:
            raise BadFile(
                f"{path} holds {form} numbers, but JAX computes with fewer bits.",
                "Set the environment variable JAX_ENABLE_X64=1 and try again.",
            )


def _network(sizes: Sizes, read: Mapping[str, np.ndarray]) -> Network:
    def layer(depth: int) -> Layer:
        found: dict[str, Linear] = {}
        for m in sizes.cell.maps:
            matrix = [read[_matrix(depth, gate, m.source)] for gate in m.gates]
            bias = [read[_bias(depth, gate, m.source)] for gate in m.gates] if m.bias else None
            found[m.source] = replace(
                _like(sizes, m, depth),
                matrix=as_array(np.concatenate(matrix, -1)),
                bias=None if bias is None else as_array(np.concatenate(bias, -1)),
            )
        return found

    names = _readout_names(len(sizes.readout_hidden) + 1)
    maps = [(as_array(np.array(read[matrix])), as_array(np.array(read[bias]))) for matrix, bias in names]
    readout = read_out(maps, sizes.output_function)
    embedding = None
    if sizes.embedding:
        embedding = Linear(asarray(read["embedding.matrix"]), asarray(read["embedding.bias"]), (EMBEDDED,))
    layers = tuple(layer(depth) for depth in range(sizes.layers))
    return Network(layers, readout, sizes.cell.name, sizes.heads, embedding)


class _Shape(NamedTuple):
    """A placeholder for an array of which only the shape is known."""

    shape: tuple[int, ...]

    @classmethod
    def of(cls, *shape: int) -> _Shape:
        return cls(shape)


def _like(sizes: Sizes, m: Map, depth: int) -> Linear:
    """A map of this layer with shapes in place of arrays."""
    return like(sizes.cell, m, sizes.read if depth == 0 else sizes.units, sizes.units, sizes.heads, _Shape.of)
