"""Convert networks to and from other frameworks: one file for each format. ``get("onnx")`` is the format of
``onnx.py``.

A format writes a file, reads one, and runs one with the framework's own layers. Nothing is written before this run and
ours agree on the same random sequences (``_verify.py``). The order in which a framework fuses gates is defined only in
the format's own file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.core.errors import BadFile, BadValue, Problem
from holdfast.core.files import check_writable, refuse_absent, write_atomically
from holdfast.core.registry import Folder
from holdfast.core.requirements import require
from holdfast.core.results import Part, Text
from holdfast.core.text import escaped
from holdfast.engine.files import save
from holdfast.engine.network import Network
from holdfast.exchange._verify import Agreement, verify
from holdfast.report.result_base import ResultBase

FOLDER = Folder("format", "holdfast.exchange", Path(__file__).parent)
WORDS = ("ENDING", "NEEDS", "write", "read", "runner")
"""The names that the file of a format defines: the ending of its files, the packages it needs, and three functions.

``write(network, origin, file)``; ``read(file, cell)``, a network; ``runner(file, cell)``, a ``_verify.Runner``.
"""


@dataclass(frozen=True, repr=False)
class Conversion(ResultBase):
    """A verified conversion: the file that was written (None: none), the foreign format, what was converted, the
    agreement of both runs, and the network."""

    file: str | None
    format: str
    converted: str
    agreement: Agreement
    network: Network

    def as_json(self) -> dict[str, object]:
        return {
            "file": self.file,
            "format": self.format,
            "largest_difference": self.agreement.largest_difference,
            "sequences": self.agreement.sequences,
        }

    def parts(self) -> list[Part]:
        a = self.agreement
        written = f"Wrote {escaped(self.file)}: " if self.file else ""
        return [
            Text(
                f"{written}{self.converted}.\n"
                f"On {a.sequences} random sequences of up to {a.steps} steps, {a.by} and holdfast differ by at most "
                f"{a.largest_difference:.2g}. (Rounding may explain {a.tolerance:.2g} at the last step.)"
            )
        ]


def get(name: str) -> ModuleType:
    """The format of this name. Raises ``UnknownName``, or ``BadFile`` if the file of the format is incomplete."""
    module = FOLDER.load(name)
    missing = [word for word in WORDS if not hasattr(module, word)]
    if missing:
        raise BadFile(f"the format {module.__file__} lacks {', '.join(missing)}.", "See exchange/torch.py.")
    return module


def export(network: Network, path: Path, name: str, origin: dict | None = None) -> Conversion:
    """Write ``network`` to ``path`` in the format ``name``, after the framework's run of this file was verified.

    ``origin`` (plain JSON) is stored in the file if the format has a place for it. Raises ``UnknownName`` for a format
    that does not exist; ``BadValue`` if the format cannot express the cell, a package is missing or the path has
    another ending; ``BadFile`` if the outputs differ by more than rounding; ``BadRun`` if the file cannot be written.
    """
    kind = get(name)
    require(*kind.NEEDS, extra=name, what=f"exporting to {name}")
    if path.suffix != kind.ENDING:
        raise BadValue(f"the file to write is {path}, but files for {name} end with {kind.ENDING}.")
    check_writable(path)
    with _told(f"{path} was not written"), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"network{kind.ENDING}"
        kind.write(network, origin or {}, file)
        agreement = verify(network, kind.runner(file, network.cell_name))
        content = file.read_bytes()
    write_atomically(path, content)
    return Conversion(str(path), name, f"{_size(network)}, for {name}", agreement, network)


def import_(
    path: Path, name: str, out: Path | None, cell: str | None = None, task: Mapping[str, Any] | None = None
) -> Conversion:
    """Read the file ``path`` of the format ``name`` and save it as a network at ``out`` (None: not saved), after both
    runs were compared.

    ``cell`` names the cell if the file does not determine it; ``task``, with ``name`` and axes, is recorded. Raises the
    errors of ``export``, and ``BadFile`` if the file cannot be read or its model is not supported.
    """
    kind = get(name)
    require(*kind.NEEDS, extra=name, what=f"importing from {name}")
    refuse_absent(path)
    if out:
        check_writable(out)
    with _told(f"{path} cannot be imported"):
        network = kind.read(path, cell)
        agreement = verify(network, kind.runner(path, network.cell_name))
    if out:
        save(network, out, {"imported": {"from": name, "file": path.name, **({"task": dict(task)} if task else {})}})
    return Conversion(str(out) if out else None, name, f"{_size(network)}, from {path}", agreement, network)


@contextmanager
def _told(situation: str) -> Iterator[None]:
    """A context that adds the situation, such as the file and format, to errors raised inside."""
    try:
        yield
    except Problem as problem:
        problem.message = f"{situation}: {problem.message}"
        problem.args = (problem.message,)
        raise


def _size(network: Network) -> str:
    layers = "1 layer" if len(network.layers) == 1 else f"{len(network.layers)} layers"
    return f"{network.cell_name}, {layers} of {network.units} units"
