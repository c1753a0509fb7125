"""A ``.keras`` file as data: a zip archive with a description and HDF5 weights, checked before Keras opens it.

Keras builds the model in the description and reads the declared weights. A malicious file could request any amount of
memory, name functions to call, or refer to other files. ``read`` accepts only descriptions of layers whose weights are
in the file.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

from holdfast.core.documents import convert, parse_json, read_bytes, shown
from holdfast.core.errors import BadFile

MOST_BYTES = 2**29
"""The largest size of the file, and of its unpacked contents."""
MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
MOST_OBJECTS = 10_000
"""The largest number of groups and datasets in the weights."""
MODULES = {"keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
           "keras.activations", "keras.dtype_policies", "keras.src.models.sequential", "keras.src.models.functional",
           "builtins"}  # fmt: skip
"""The modules from which the classes of a description may come. Others, such as keras.utils, have functions with side
effects."""

Words = dict[str, Any]


class _Layer(msgspec.Struct):
    class_name: str
    config: Words
    build_config: Words | None = None


class _Model(msgspec.Struct):
    name: str
    layers: Annotated[list[_Layer], msgspec.Meta(max_length=1000)]


class _Document(msgspec.Struct):
    class_name: str
    config: _Model


class _Named(msgspec.Struct):
    """The fields of a layer's configuration that are used here."""

    name: str
    units: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None
    input_dim: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None
    output_dim: Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None = None


Shape = list[Annotated[int, msgspec.Meta(ge=1, le=10**6)] | None]


def read(file: Path) -> dict[str, Any]:
    """The description of the model in ``file``, as plain data. The model is not built. Raises ``BadFile``."""
    fix = "Load an older model with Keras 3 and save it under a .keras name."
    try:
        members = _members(read_bytes(file, "a .keras file", MOST_BYTES))
        missing = sorted({"config.json", "model.weights.h5"} - members.keys())
        if missing:
            raise BadFile(f"it lacks {missing[0]}.")
        document = parse_json(members["config.json"], "config.json")
        described = convert(document, _Document, "config.json")
        _check_classes(document["config"])
        _check_sizes(described.config, document["config"], _numbers(members["model.weights.h5"]))
    except BadFile as error:
        raise BadFile(f"it is not a .keras file: {error.message}", error.fix or fix) from error
    return document


def _members(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if odd := sorted(set(names) - MEMBERS) or sorted(name for name in names if names.count(name) > 1):
                raise BadFile(f"it holds {shown(odd[0])}, expected {', '.join(sorted(MEMBERS))}, each once.")
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise BadFile(f"its contents have more than {MOST_BYTES:,} bytes.")
            if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
                raise BadFile("it is compressed by another method than deflate.")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise BadFile(f"its zip archive cannot be read ({error}).") from error


def _numbers(weights: bytes) -> int:
    """The number of weights, all of which are stored in this file."""
    import h5py

    def walk(group: Any, depth: int) -> Iterator[Any]:
        for name in group:
            if depth > 16 or not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise BadFile(f"its weights contain the external link {shown(name)}.")
            yield group[name]
            if isinstance(group[name], h5py.Group):
                yield from walk(group[name], depth + 1)

    try:
        with h5py.File(io.BytesIO(weights), "r") as file:
            found = []
            for part in walk(file, 0):
                found.append(0)
                if len(found) > MOST_OBJECTS:
                    raise BadFile(f"its weights have more than {MOST_OBJECTS:,} parts.")
                if isinstance(part, h5py.Dataset):
                    found[-1] = math.prod(part.shape or (0,))
                    if part.dtype.kind not in "fiu" or part.is_virtual or part.external or sum(found) > MOST_BYTES // 8:
                        raise BadFile(f"its weights {shown(part.name)} are not plain numbers, or too many.")
            return sum(found)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, UnicodeError) as error:
        raise BadFile(f"its weights cannot be read as HDF5 ({error}).") from error


def _check_classes(config: Any) -> None:
    """Raise ``BadFile`` if the description names functions, or classes from modules other than ``MODULES``."""
    parts = [config]
    for part in parts:
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        if isinstance(part, dict) and "class_name" in part:
            module, name = part.get("module", "keras"), part["class_name"]
            if part.get("registered_name") or str(module).split(".")[0] not in ("keras", "builtins"):
                continue  # reported together with the layer's other errors
            if module not in (None, *MODULES) or name == "function" or part.get("module") == "builtins":
                raise BadFile(f"it names {shown(module)} {shown(name)}, which is not a known layer.")


def _check_sizes(model: _Model, plain: Words, numbers: int) -> None:
    """Raise ``BadFile`` if a layer would have more weights than the file has numbers."""
    shape = plain.get("build_input_shape")
    sources = [1 if shape is None else convert(shape, Shape, "config.json, build_input_shape")[-1] or 1]
    for place, layer in enumerate(model.layers):
        where = f"config.json, config.layers[{place}]"
        named = convert(_innermost(layer.config), _Named, f"{where}.config")
        if (named.input_dim or 1) * (named.output_dim or 1) > numbers:
            raise BadFile(
                f"{where}: {named.input_dim:,} symbols as {named.output_dim:,} values need more weights than the "
                f"{numbers:,} in the file."
            )
        shapes = {"batch_shape": layer.config.get("batch_shape")} | (layer.build_config or {})
        if odd := sorted(shapes.keys() - {"batch_shape", "input_shape"}):
            raise BadFile(f"{where}: build_config has {shown(odd[0])}, expected input_shape.")
        for name, sizes in shapes.items():
            if sizes is not None:
                sources.append([*convert(sizes, Shape, f"{where}, {name}"), None][-2:][0] or 1)
        if named.units is not None:
            if named.units * max(sources) > numbers:
                raise BadFile(
                    f"{where}: {named.units:,} units that read {max(sources):,} numbers need more weights than the "
                    f"{numbers:,} in the file."
                )
            sources = [named.units]
        elif named.output_dim is not None:
            sources = [named.output_dim]


def _innermost(config: Words) -> Words:
    """The words of the layer that a wrapper such as TimeDistributed has inside."""
    inner = config.get("layer")
    if not isinstance(inner, dict):
        return config
    words = inner.get("config")
    if not isinstance(words, dict) or "layer" in words:
        raise BadFile("a wrapper in config.json has no plain layer inside.")
    return words
