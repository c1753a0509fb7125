"""``holdfast.import_model``: a network from a file of PyTorch, Keras or ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.errors import BadFile, BadValue
from holdfast.verbs._arguments import AUTO, PathLike

if TYPE_CHECKING:
    from holdfast.exchange import Conversion


def import_model(file: PathLike, *, format: str, out: PathLike | None = None, cell: str | None = None) -> Conversion:
    """The network in a file of another framework, in ``.network`` of the result.

    ``format`` is torch, keras or onnx. ``out`` is a file to write the network to ("auto": ``file`` with the ending
    .safetensors). ``cell`` names the cell if the file does not record it. The other framework runs the file on random
    sequences first, and its outputs have to agree.
    Raises ``BadFile`` where the file cannot be read or the outputs differ.
    """
    from holdfast.exchange import import_

    source = Path(file)
    return import_(source, format, None if out is None else _place(source, out), cell)


def _place(file: Path, out: PathLike) -> Path:
    """The path of the network. A file that is named is replaced, one at the automatic path is not."""
    if not file.name:
        raise BadFile(f"there is no file {file}.")
    place = file.with_suffix(".safetensors") if out == AUTO else Path(out)
    if place.resolve() == file.resolve():
        raise BadValue(
            f"the network would replace {file}, from which it is imported.", "Give another file: --out FILE."
        )
    if out == AUTO and place.exists():
        raise BadValue(f"the file {place} already exists.", "Give --out; an existing file is then replaced.")
    return place
