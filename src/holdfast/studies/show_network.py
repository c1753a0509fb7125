"""A network file as ``holdfast show`` describes it: task, sizes, origin, and the weights of each gate.

Where few weights are not zero, as in a constructed network, what each gate reads is written as a formula; otherwise a
map shows how large the weights are. The file is read without JAX, also where the cell is a plug-in that is not here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core import origin as origins
from holdfast.core.errors import BadFile
from holdfast.core.results import Heatmap, Part, Table, Text
from holdfast.core.tensors import read_arrays, read_header
from holdfast.core.text import argument, escaped
from holdfast.core.values import text
from holdfast.studies.description import Description

if TYPE_CHECKING:
    import numpy as np

NETWORK = "holdfast-network-"
"""How the format of a network's file begins."""
LAYER = re.compile(r"layer(\d{1,4})\.(\w+)\.(?:from_(\w+)|(bias)(?:_(\w+))?)")
"""The names of tensors, ``engine/files.py``: a matrix of a gate and a source, or a bias."""
OTHER = re.compile(r"(readout(?:\.hidden\d+)?|embedding)\.(matrix|bias)")
FIRST = "x"
"""The letter of what the first layer reads, whose bias is that of the gate."""
MOST_TERMS, MOST_FORMULAS = 16, 60
"""Formulas are written where none has more terms, there are no more of them, and most weights are zero."""
SIZES = ("cell", "inputs", "units", "outputs", "layers", "heads", "steps", "embedding", "readout_hidden",
         "output_function")  # fmt: skip


@dataclass(frozen=True)
class GateWeights:
    """What one gate of one part of the network reads: matrices [source, unit] and biases [unit] by the letter of the
    source that they stand with. With weights for each step a first axis counts the steps."""

    part: str
    gate: str
    matrices: Mapping[str, np.ndarray]
    biases: Mapping[str, np.ndarray]

    @property
    def arrays(self) -> list[np.ndarray]:
        return [*self.matrices.values(), *self.biases.values()]


def network(path: Path, made_from: Path | None = None, further: str = "") -> Description:
    """The network in ``path``. Raises ``BadFile`` where it is none. ``made_from``: the file of another format that it
    was made from, which is named instead, with what to do next in ``further``."""
    header = read_header(path)
    if not header.metadata.get("format", "").startswith(NETWORK):
        raise BadFile(
            f"{path} is a safetensors file, but not a network of holdfast.", "'holdfast import' reads others."
        )
    origin = origins.parse(header.metadata.get("origin", "{}"), f"{path}, origin")
    named = escaped(str(made_from or path))
    gates = gate_weights(read_arrays(path), path)
    sizes = {name: header.metadata[name] for name in SIZES if name in header.metadata}
    formats = sorted({tensor.dtype for tensor in header.tensors.values()})
    weights = sum(array.size for gate in gates for array in gate.arrays)
    nonzero = sum(int((array != 0).sum()) for gate in gates for array in gate.arrays)
    task = origins.task_of(origin)
    formulas = written(gates) if 2 * nonzero <= weights else None
    document = {
        "file": str(made_from or path),
        **{name: int(value) if value.isdecimal() else value for name, value in sizes.items()},
        "dtype": ", ".join(formats),
        "weights": weights,
        "nonzero_weights": nonzero,
        "task": task or None,
        "origin": origin,
        "formulas": None if formulas is None else [{"part": p, "reads": name, "formula": f} for p, name, f in formulas],
    }
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in sizes.items())
    parts: list[Part] = [
        Text(
            f"{said}; {weights:,} weights in {', '.join(formats)}, {nonzero:,} of them not zero\n"
            f"task: {_task(task)}\norigin: {_origin(origin)}",
            named,
        ),
        *(_maps(gates) if formulas is None else [_table(formulas)]),
        *(_definition(name, source) for name, source in origin.get("definitions", {}).items()),
        Text(further or f"To look further: holdfast test {argument(path)}, holdfast explain {argument(path)}"),
    ]
    return Description(document, parts)


def gate_weights(arrays: Mapping[str, np.ndarray], path: Path | str) -> list[GateWeights]:
    """The weights of every gate, layer by layer, then of the other parts. Raises ``BadFile`` for an unknown name."""
    matrices: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    biases: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        if match := LAYER.fullmatch(name):
            key = (f"layer {int(match[1]) + 1}", match[2])
            source, is_bias = match[3] or match[5] or FIRST, match[4] is not None
        elif match := OTHER.fullmatch(name):
            key, source, is_bias = (match[1], "output"), FIRST if match[1] == "embedding" else "h", match[2] == "bias"
        else:
            raise BadFile(f"{path} has a tensor '{name}', which no network has.")
        matrices.setdefault(key, {})
        (biases if is_bias else matrices).setdefault(key, {})[source] = array
    return [GateWeights(*key, own, biases.get(key, {})) for key, own in sorted(matrices.items())]


def written(gates: list[GateWeights]) -> list[tuple[str, str, str]] | None:
    """The part, the unit with its gate, and its formula, for all that is not zero; None where formulas are too long or
    too many."""
    found: list[tuple[str, str, str]] = []
    for gate in gates:
        if any(array.ndim > 2 for array in gate.arrays) or any(bias.ndim > 1 for bias in gate.biases.values()):
            return None
        units = max((array.shape[-1] for array in gate.arrays), default=0)
        for unit in range(units):
            terms = _terms(gate, unit)
            if len(terms) > MOST_TERMS:
                return None
            if terms:
                found.append((gate.part, f"{gate.gate} {unit + 1}", _sum(terms)))
        if len(found) > MOST_FORMULAS:
            return None
    return found


def _terms(gate: GateWeights, unit: int) -> list[tuple[float, str]]:
    terms: list[tuple[float, str]] = []
    for source, biases in sorted(gate.biases.items(), reverse=True):
        if bias := float(biases[unit]):
            terms.append((bias, "" if source == FIRST or len(gate.biases) == 1 else f"(bias with {source})"))
    for source, matrix in sorted(gate.matrices.items(), reverse=True):
        diagonal = matrix.shape[0] == 1 < matrix.shape[1] and source != FIRST and gate.part.startswith("layer")
        for row in range(matrix.shape[0]):
            if weight := float(matrix[row, unit]):
                terms.append((weight, f"{source}{(unit if diagonal else row) + 1}"))
    return terms


def _sum(terms: list[tuple[float, str]]) -> str:
    """-1.5 + 2·x1 − h3"""
    said = ""
    for weight, name in terms:
        size = f"{abs(weight):.4g}"
        joined = f"{size} {name}" if name.startswith("(") else name if size == "1" else f"{size}·{name}"
        term = joined if name else size
        said += (f" {'−' if weight < 0 else '+'} " if said else "−" if weight < 0 else "") + term
    return said


def _table(formulas: list[tuple[str, str, str]]) -> Table:
    title = "Weights that are not zero: the sum that each gate applies its activation to"
    return Table(("part", "gate and unit", "sum"), tuple(formulas), title)


def _maps(gates: list[GateWeights]) -> list[Part]:
    """A map for each part: the root mean square of what every unit reads from each source."""
    maps: list[Part] = []
    for part in dict.fromkeys(gate.part for gate in gates):
        rows: dict[str, list[float]] = {}
        for gate in (gate for gate in gates if gate.part == part):
            for source, matrix in gate.matrices.items():
                rows[f"{gate.gate} from {source}"] = _magnitudes(matrix)
            for source, bias in gate.biases.items():
                rows[f"{gate.gate} bias" + ("" if len(gate.biases) == 1 else f" {source}")] = _magnitudes(bias)
        width = max(map(len, rows.values()))
        values = tuple((*row, *[None] * (width - len(row))) for row in rows.values())
        units = tuple(map(str, range(1, width + 1)))
        title = f"{part}: size of the weights (root mean square over what is read)"
        maps.append(Heatmap(values, tuple(rows), units, "gate and source", "unit", "weight", title))
    return maps


def _definition(name: str, source: str) -> Text:
    """The text of a cell or task that was registered where the network was made."""
    lines = [escaped(line) for line in source.splitlines()]
    return Text("\n".join(lines) or "(Python did not know its text.)", f"Definition of {escaped(name)}")


def _magnitudes(matrix: np.ndarray) -> list[float]:
    import numpy as np

    axes = tuple(range(matrix.ndim - 1))
    return [float(value) for value in np.sqrt((matrix.astype(np.float64) ** 2).mean(axes))]


def _task(task: Mapping[str, Any]) -> str:
    axes = ", ".join(f"{name} {_value(value)}" for name, value in task.items() if name != "name" and value is not None)
    return f"{task['name']} ({axes})" if axes else str(task.get("name", "not recorded"))


def _value(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, list) for one in value):
        return " ".join(",".join(map(str, one)) for one in value)
    return text(tuple(value) if isinstance(value, list) else value)


def _origin(origin: Mapping[str, Any]) -> str:
    if settings := origin.get("settings"):
        names = ("optimiser", "learning_rate", "update", "initialisation", "budget", "seed")
        said = ", ".join(f"{name.replace('_', ' ')} {settings[name]}" for name in names if name in settings)
        return f"trained by '{origin.get('made_by', 'train')}', network {origin.get('network', 0)}: {said}"
    if made := origin.get("constructed"):
        claim = made.get("claim", {})
        error = (
            f"error at most {claim['error']:.6g}" if claim.get("error") else "the right symbol has the largest output"
        )
        steps = f" at {claim.get('lengths', 'exactly')} {claim['steps']} steps" if claim.get("steps") else ""
        return f"constructed; its claim: {error}{steps}, semantics {claim.get('semantics') or 'not stated'}"
    if imported := origin.get("imported"):
        source = f"imported from {escaped(str(imported.get('from', 'another framework')))}"
        return f"{source}, file {escaped(str(imported['file']))}" if "file" in imported else source
    known = ", ".join(f"{key} {value}" for key, value in origin.items() if isinstance(value, str | int))
    return known or "not recorded"
