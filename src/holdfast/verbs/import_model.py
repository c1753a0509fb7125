"""``holdfast.import_model``: a network from a file of PyTorch, Keras or ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadFile, BadValue, UnknownName
from holdfast.verbs._arguments import AUTO, PathLike

if TYPE_CHECKING:
    from holdfast.core.task import Task
    from holdfast.exchange import Conversion


def import_model(
    file: PathLike,
    *,
    format: str,
    out: PathLike | None = None,
    cell: str | None = None,
    task: Task | str | None = None,
    **axes: Any,
) -> Conversion:
    """The network in a file of another framework, in ``.network`` of the result.

    ``format`` is torch, keras or onnx. ``out`` is a file to write the network to ("auto": ``file`` with the ending
    .safetensors, or .imported.safetensors if it has that ending). ``cell`` names the cell if the file does not record
    it. ``task`` and its ``axes`` are recorded in the network that is written. The other framework runs the file on
    random sequences first, and its outputs have to agree.
    Raises ``BadFile`` where the file cannot be read or the outputs differ.
    """
    from holdfast.exchange import import_

    source = Path(file)
    recorded = _task(task, axes, source)
    return import_(source, format, None if out is None else _place(source, out), cell, recorded)


def _task(task: Task | str | None, axes: dict[str, Any], file: Path) -> dict[str, Any] | None:
    """The name and axes of the task as a network's file has them; None if it is not given."""
    if task is None:
        if axes:
            raise UnknownName("argument of holdfast.import_model", next(iter(axes)), ("format", "out", "cell", "task"))
        return None
    from holdfast.training.settings import task_as_json
    from holdfast.verbs._request import task_request

    return task_as_json(task_request("import_model", task, axes, {}, str(file)).task)


def _place(file: Path, out: PathLike) -> Path:
    """The path of the network. A file that is named is replaced, one at the automatic path is not."""
    if not file.name:
        raise BadFile(f"there is no file {file}.")
    ending = ".imported.safetensors" if file.suffix == ".safetensors" else ".safetensors"
    place = file.with_suffix(ending) if out == AUTO else Path(out)
    if place.resolve() == file.resolve():
        raise BadValue(
            f"the network would replace {file}, from which it is imported.", "Give another file: --out FILE."
        )
    if out == AUTO and place.exists():
        raise BadValue(f"the file {place} already exists.", "Give --out; an existing file is then replaced.")
    return place
