"""Named arrays with metadata in one file, safetensors: the header is judged before a number is read.

The header is JSON and comes from a stranger: it is read as strictly as every document, and compared with the size of
the file, so that whoever expects certain shapes can refuse others before anything of their size is allocated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from holdfast.core.documents import MOST_BYTES, convert, parse_json, shown
from holdfast.core.errors import BadFile
from holdfast.core.files import refuse_absent, write_atomically

if TYPE_CHECKING:
    import numpy as np

PREFIX_BYTES = 8
"""The file begins with the length of its header, in so many bytes."""

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
        "I64": 64, "U64": 64, "F64": 64}  # fmt: skip
"""Number formats that can be read, and the bits of a number."""

FLOATS = {"F16": "float16", "F32": "float32", "F64": "float64"}
"""Those of weights."""


def format_of(dtype: np.dtype) -> str:
    """How a file calls NumPy's number format.

    >>> import numpy
    >>> format_of(numpy.dtype("float32")), format_of(numpy.dtype("bool"))
    ('F32', 'BOOL')
    """
    return "BOOL" if dtype.kind == "b" else f"{dtype.kind.upper()}{8 * dtype.itemsize}"


Size = Annotated[int, msgspec.Meta(ge=0, le=2**48)]


class TensorHeader(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the header says of one tensor. ``data_offsets``: where it begins and ends behind the header, in bytes."""

    dtype: str
    shape: Annotated[tuple[Size, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[Size, Size]


@dataclass(frozen=True)
class Header:
    """Tensors by name, and the metadata: texts by name."""

    tensors: Mapping[str, TensorHeader]
    metadata: Mapping[str, str]


def read_header(path: Path | str) -> Header:
    """The header of the safetensors file at ``path``. Raises ``BadFile`` where there is none that fits the file."""
    path = Path(path)
    refuse_absent(path, "'holdfast list runs' shows where networks were saved.")
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(PREFIX_BYTES), "little")
            if not 2 <= length <= min(size - PREFIX_BYTES, MOST_BYTES):
                raise _unreadable(path, f"its first {PREFIX_BYTES} bytes are no length of a header")
            text = file.read(length)
    except OSError as error:
        raise _unreadable(path, str(error.strerror or error)) from error
    try:
        document = convert(parse_json(text, str(path)), dict[str, Any], str(path))
        metadata = convert(document.pop("__metadata__", {}), dict[str, str], f"{path}, metadata")
        tensors = _stored(document, path)
    except BadFile as error:
        raise _unreadable(path, error.message.removesuffix(".")) from error
    _check_layout(path, tensors, size - PREFIX_BYTES - length)
    return Header(tensors, metadata)


def _stored(document: dict[str, Any], path: Path) -> dict[str, TensorHeader]:
    try:
        return msgspec.convert(document, dict[str, TensorHeader], strict=True)  # thousands at once
    except msgspec.ValidationError:
        return {
            name: convert(stored, TensorHeader, f"{path}, tensor {shown(name)}") for name, stored in document.items()
        }


def read_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """All tensors of a file whose header was judged before. Raises ``BadFile`` where it cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        opened: Any = safe_open(path, framework="numpy")
        with opened as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, KeyError) as error:
        raise _unreadable(path, str(error)) from error


def as_bytes(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """The file's content: the same arrays and metadata give the same bytes, in every process.

    The library writes metadata in the order of a hash map, another one in every process; here they are sorted.
    """
    import numpy as np
    from safetensors.numpy import save

    plain = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    end = PREFIX_BYTES + int.from_bytes(plain[:PREFIX_BYTES], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(plain[PREFIX_BYTES:end])}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % PREFIX_BYTES)  # numbers begin at a multiple of eight
    return len(text).to_bytes(PREFIX_BYTES, "little") + text + plain[end:]


def save(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str], path: Path | str) -> None:
    """Write atomically. Raises ``BadRun`` on a full disk."""
    write_atomically(Path(path), as_bytes(arrays, metadata))


def _check_layout(path: Path, tensors: Mapping[str, TensorHeader], size: int) -> None:
    """Whether tensors lie one behind the other and fill the file, each as long as its shape says."""
    end = 0
    for name, stored in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        if stored.dtype not in BITS:
            raise _unreadable(path, f"tensor {name!r} holds {stored.dtype[:20]!r}, expected one of {', '.join(BITS)}")
        begin, wanted = stored.data_offsets[0], math.prod(stored.shape) * BITS[stored.dtype] // 8
        if begin != end or stored.data_offsets[1] - begin != wanted:
            raise _unreadable(
                path,
                f"tensor {name!r} of shape {list(stored.shape)} lies at {list(stored.data_offsets)}, expected "
                f"{[end, end + wanted]}",
            )
        end += wanted
    if end != size:
        raise _unreadable(path, f"its tensors have {end:,} bytes and {size:,} follow its header")


def _unreadable(path: Path | str, why: str) -> BadFile:
    return BadFile(f"{path} cannot be read as safetensors: {why}.", "The file may be truncated or of another format.")
