"""An ONNX file as data, with tensors inside the file or beside it. Sizes are checked before anything is allocated.

Exporters write the weights of large models to other files. These must be in the model's own folder, and are read here
and not by the library, because offset, length and path come from an untrusted file. The runtime also runs nodes that
are not on the path from input to output, and would allocate arrays of any size for them; their sizes are bounded here.
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
"""The largest size of the file, and of the files beside it."""
MOST_NODES = 100_000
MOST_NUMBERS = 10**8
"""The largest size of an array that is not on the path from input to output. An initial state has a few thousand
numbers; its bound may be larger."""
RANK = 8
LONGEST = 32
"""The largest number of steps, and of sequences at once, in a run for verification."""


def load(file: Path) -> ModelProto:
    """The model with all its tensors. Raises ``BadFile`` if the file is not a model, or refers to files outside its
    folder."""
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
    """The array of a tensor. Raises ``BadFile`` if its data do not match its shape and number format."""
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
    """Raise ``BadFile`` if arrays that are not on the path may have more than ``MOST_NUMBERS`` numbers. ``inputs`` is
    the input size of the model.

    Three bounds are computed for every name, in the graph's order: the number of its elements and, for an array that is
    a shape of another array, the product of its elements and the largest of them.
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
            table = constants.get(node.input[0])
            taken = table.shape[1] if table is not None and table.ndim == 2 else count  # rows of an embedding
            count, product = taken * rest[0][0], largest ** min(rest[0][0], RANK)
        elif node.op_type == "Mul" and rest:
            count, product, largest = count * rest[0][0], product * rest[0][1], largest * rest[0][2]
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
    """The product and the largest of the numbers in a shape; each counts as at least 1."""
    if value.dtype.kind not in "iu" or value.size > RANK:
        return math.inf, math.inf
    each = [max(1.0, abs(float(v))) for v in value.ravel()]
    return math.prod(each), max(each, default=1.0)


def _bring_in(graph: Any, folder: Path) -> None:
    """Read every tensor that is stored in another file into the model."""
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
