"""A file of ONNX, Keras or PyTorch as ``holdfast show`` describes it: the network that an import would make of it.

Where an import cannot open the file, the reason is given, and the level at which the verbs use the model all the same.
"""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from holdfast.core.errors import BadFile, BadValue
from holdfast.core.files import refuse_absent
from holdfast.core.results import Text
from holdfast.core.text import argument, escaped
from holdfast.studies.description import Description
from holdfast.studies.show_network import network

FORMATS = {".onnx": "onnx", ".keras": "keras", ".pt": "torch", ".pth": "torch"}
"""The format of a file by its ending."""


def foreign(path: Path) -> Description:
    """The model in ``path``, whose ending is one of ``FORMATS``. Raises ``BadFile`` where there is no such file, or
    where it holds no model, and ``BadValue`` where the package that reads it is not installed."""
    from holdfast.exchange import import_

    kind = FORMATS[path.suffix]
    refuse_absent(path)
    command = f"holdfast import {argument(path)} --from {kind}"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "network.safetensors"
        try:
            import_(path, kind, place)
        except BadFile as why:
            if kind != "onnx" and not zipfile.is_zipfile(path):  # damaged, or of another program
                raise
            return _not_opened(path, kind, why)
        return network(place, path, f"To make a network of it: {command}")


def _not_opened(path: Path, kind: str, why: BadFile) -> Description:
    level, inputs, outputs = _level(path) if kind == "onnx" else (None, None, None)
    use = {
        "onnx": f"test, refute and explain take the file at level '{level}': holdfast test {argument(path)} --task NAME"
        if level
        else "test, refute and explain may take the file at a lower level: holdfast test {argument(path)} --task NAME",
        "keras": "In Python, test, refute and explain take the model itself at the level that its layers allow: "
        f'holdfast.test(keras.saving.load_model("{path}"), TASK)',
        "torch": "The file has weights without the module. In Python, test, refute and explain take the module itself "
        "at the level that its parts allow: holdfast.test(module, TASK)",
    }[kind]
    reason = why.message.rstrip(".")
    sizes = f"inputs {inputs}, outputs {outputs}, level {level}\n" if level else ""
    document = {
        "file": str(path),
        "format": kind,
        "level": level,
        "inputs": inputs,
        "outputs": outputs,
        "why_not_opened": reason,
    }
    return Description(document, [Text(f"{sizes}{escaped(reason)}.\n{escaped(use)}", escaped(str(path)))])


def _level(path: Path) -> tuple[str | None, int | None, int | None]:
    """The level of the graph in ``path`` with its inputs and outputs; None where only a task tells how many it
    reads. Raises ``BadFile`` where no program runs it."""
    from holdfast.exchange.adapters import as_model
    from holdfast.exchange.adapters.onnx import inputs_of
    from holdfast.models.levels import level_of

    inputs = inputs_of(path)
    if inputs is None:
        return None, None, None
    try:
        model = as_model(path, inputs=inputs)
    except BadValue:
        return None, inputs, None
    return level_of(model), model.inputs, model.outputs
