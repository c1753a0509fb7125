"""An ONNX file as data: its tensors inside the file or beside it, every size known before anything is allocated.

Weights may lie in other files, as exporters write them for large models: in the model's own folder and nowhere else,
read here and not by the library, since offset, length and path come from a stranger. Nodes beside the path from input
to output are run by the runtime, which would make arrays of any size for them: how large they can get is bounded here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from holdfast.core.documents import read_bytes, shown
from holdfast.core.errors import BadFile

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

MOST_BYTES = 2**29
"""Of the file, and of what lies beside it."""
MOST_NODES = 100_000
MOST_NUMBERS = 10**8
"""In arrays that the runtime makes beside the path: an initial state has a few thousand, its bound has more."""
RANK = 8
LONGEST = 32
"""No run for verification reads more steps, or more sequences at once."""


def load(file: Path) -> ModelProto:
    """The model, its tensors in it. Raises ``BadFile`` where it is none, or reaches outside its folder."""
    import onnx
    from google.protobuf.message import DecodeError, EncodeError

    content = read_bytes(file, "an ONNX model", MOST_BYTES)
    try:
        model = onnx.load_model_from_string(content)
        if model.functions:
            raise BadFile("it defines operators of its own, expected only those of ONNX.")
        if len(model.graph.node) > MOST_NODES:
            raise BadFile(f"it has {len(model.graph.node):,} nodes, expected at most {MOST_NODES:,}.")
        _bring_in(model.graph, file.parent)
        onnx.checker.check_model(model)
    except (DecodeError, EncodeError, onnx.checker.ValidationError, ValueError) as error:
        raise BadFile(f"it is not an ONNX model: {str(error).strip().partition(chr(10))[0]}") from error
    return model


def array(tensor: TensorProto) -> np.ndarray:
    """A tensor's numbers. Raises ``BadFile`` where it has others than its shape and number format say."""
    from onnx import helper, numpy_helper

    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        if dtype.kind not in "fiub" or any(size < 0 for size in tensor.dims) or len(tensor.dims) > RANK:
            raise ValueError(f"shape {list(tensor.dims)} of {dtype}")
        size = math.prod(tensor.dims)
        if tensor.HasField("raw_data") and len(tensor.raw_data) != size * dtype.itemsize:
            raise ValueError(f"{len(tensor.raw_data)} bytes for shape {list(tensor.dims)} of {dtype}")
        if size > MOST_BYTES:
            raise ValueError(f"shape {list(tensor.dims)}")
        return numpy_helper.to_array(tensor)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadFile(f"its tensor {shown(tensor.name)} cannot be read: {error}.") from error


def check_sizes(nodes: list[NodeProto], constants: Mapping[str, np.ndarray], inputs: int) -> None:
    """Raise ``BadFile`` where arrays beside the path may have more than ``MOST_NUMBERS``; the model reads ``inputs``.

    For every name three bounds, in the graph's order: how many numbers it has, and, where it says the shape of another
    array, their product and the largest of them.
    """
    longest = float(max(LONGEST, inputs))
    known = {name: (float(value.size), *_sizes(value)) for name, value in constants.items()}
    made = 0.0
    for node in nodes:
        unknown = (longest**2 * RANK, math.inf, math.inf)
        count, product, largest = known.get(node.input[0], unknown)
        rest = [known.get(name, unknown) for name in node.input[1:]]
        if node.op_type == "Shape":
            largest = longest if node.input[0] not in known else count
            count, product = RANK, largest**3
        elif node.op_type == "Gather" and rest:
            count, product = count * rest[0][0], largest ** min(rest[0][0], RANK)
        elif node.op_type == "Concat":
            count += sum(c for c, _, _ in rest)
            product, largest = math.prod([product, *(p for _, p, _ in rest)]), max([largest, *(m for _, _, m in rest)])
        elif node.op_type == "ConstantOfShape":
            count, product, largest = product, math.inf, math.inf
        elif node.op_type == "Expand" and rest:
            count, product, largest = count * rest[0][1], math.inf, math.inf
        made += count
        if made > MOST_NUMBERS:
            raise BadFile(f"its {node.op_type} may make an array of more than {MOST_NUMBERS:,} numbers.")
        known |= dict.fromkeys(node.output, (count, product, largest))


def _sizes(value: np.ndarray) -> tuple[float, float]:
    """Product and largest of numbers that say a shape; each counts as 1 at least."""
    if value.dtype.kind not in "iu" or value.size > RANK:
        return math.inf, math.inf
    each = [max(1.0, abs(float(v))) for v in value.ravel()]
    return math.prod(each), max(each, default=1.0)


def _bring_in(graph: Any, folder: Path) -> None:
    """Every tensor that lies in another file, read into the model."""
    from onnx import TensorProto

    tensors = [*graph.initializer, *(a.t for node in graph.node for a in node.attribute if a.HasField("t"))]
    for tensor in tensors:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            tensor.raw_data = _beside(tensor, folder)
            del tensor.external_data[:]
            tensor.data_location = TensorProto.DEFAULT


def _beside(tensor: Any, folder: Path) -> bytes:
    words = {entry.key: entry.value for entry in tensor.external_data}
    name, where = words.get("location", ""), f"its tensor {shown(tensor.name)} lies in {shown(words.get('location'))}"
    if not name or name != Path(name).name or "\\" in name or name in (".", "..") or (folder / name).is_symlink():
        raise BadFile(f"{where}, expected a file in the model's own folder.")
    try:
        size = (folder / name).stat().st_size
    except (OSError, ValueError) as error:
        raise BadFile(f"{where}, and there is no such file.") from error
    numbers = [words.get("offset", "0"), words.get("length", str(size))]
    if not all(n.isascii() and n.isdigit() and len(n) < 16 for n in numbers):
        raise BadFile(f"{where} at offset {shown(numbers[0])}, length {shown(numbers[1])}, expected whole numbers.")
    offset, length = map(int, numbers)
    if "length" not in words:
        length = size - offset
    if not 0 <= length <= min(size - offset, MOST_BYTES):
        raise BadFile(f"{where}, bytes {offset} to {offset + length}, and that has {size} bytes.")
    with (folder / name).open("rb") as opened:
        opened.seek(offset)
        return opened.read(length)
