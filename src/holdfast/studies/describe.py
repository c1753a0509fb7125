"""The descriptions of ``holdfast show``: of a cell, task, diagnostic, optimiser, rule, stop or run."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from holdfast import blocks, cells, tasks
from holdfast.core.cell import VECTOR, Cell
from holdfast.core.component import Kind
from holdfast.core.errors import BadRun, BadValue
from holdfast.core.fields import field_infos
from holdfast.core.rates import Rate
from holdfast.core.results import Part, Table, Text
from holdfast.core.run_result import read_result
from holdfast.core.task import Batch, Task
from holdfast.core.text import paragraphs
from holdfast.core.values import text
from holdfast.engine.native.program import Unsupported, record
from holdfast.engine.native.scan_program import record_scan
from holdfast.engine.native.suitable import digest_of
from holdfast.engine.readings.equation import equation
from holdfast.engine.readings.record import NotOpened
from holdfast.engine.resolve import parts as parts_of
from holdfast.engine.resolve import resolve
from holdfast.explanation import diagnostics
from holdfast.models.levels import MEANING, STEPS_ONLY, why_not_opened
from holdfast.plugins.verified import made as task_of
from holdfast.plugins.verified import verified_cell
from holdfast.studies.description import Description
from holdfast.training.optimisers import OPTIMISERS
from holdfast.training.result import seeds_table
from holdfast.training.rules import RULES
from holdfast.training.stops import STOPS

COMPONENTS: tuple[Kind[Any], ...] = (OPTIMISERS, RULES, STOPS)
SHOWN_STEPS = 12
"""Of a long row, the first and the last so many steps are shown."""
DRAWN_LENGTH = 8
EXAMPLE_SIZES = ((1, 8), (1, 32), (8, 32))
UNITS = (8, 32)
"""Sizes of layers that read as many values as they have units."""
HEADS = 4
FLOAT32_BITS = 32
PER_LAYER = {
    "parameters": "weights per layer",
    "state_numbers": "state numbers",
    "state_bits": "state bits, float32",
}


def cell(name: str) -> Description:
    """A cell, or a block around one: equation (from its step), gates, states, sizes and source."""
    made = resolve(verified_cell(name))
    closed, (outermost, *_) = why_not_opened(made), parts_of(name)
    lines = [] if closed else equation(made)
    folder = cells.FOLDER if outermost == name else blocks.FOLDER
    sizes = _sizes(made)
    document = {
        "name": name,
        "title": made.title,
        "equation": lines,
        "latex": [] if closed else equation(made, latex=True),
        "level": "steps" if closed else "opened",
        "states": list(made.states),
        "gates": {gate: made.letters[gate] for gate in made.gates},
        "parameters": sizes,
        "engine": engine(made),
        "source": made.source,
    }
    gates = ", ".join(f"{gate} ({made.letters[gate]})" for gate in made.gates)
    parts: list[Part] = [
        Text(_docstring(folder.load(outermost)), name),
        Text(
            f"There is no equation: {closed}. The cell makes {STEPS_ONLY}."
            if closed
            else "\n".join(f"  {line}" for line in lines),
            "One step",
        ),
        Text(f"gates: {gates}\nstates: {', '.join(_with_axes(made, state) for state in made.states) or 'none'}"),
        Table(
            tuple(PER_LAYER.get(name, name) for name in sizes[0]),
            tuple(tuple(f"{value:,}" for value in size.values()) for size in sizes),
        ),
        Text(f"engine: {document['engine']}\nsource: {made.source}"),
    ]
    return Description(document, parts)


def _with_axes(made: Cell, state: str) -> str:
    """A state, with its axes where it is no vector over units."""
    axes = made.axes_of(state)
    return state if axes == VECTOR else f"{state} ({', '.join(axes)})"


def _sizes(made: Cell) -> list[dict[str, int]]:
    """The weights and the state of one layer, whose size follows from the declared axes of the states. A cell with
    heads is shown with one, and the largest layer with several, too."""
    shown = [(u, u) for u in UNITS] if made.reads_units else list(EXAMPLE_SIZES)
    split = [(*size, 1) for size in shown] + ([(*shown[-1], HEADS)] if made.has_heads else [])
    found = list[dict[str, int]]()
    for inputs, units, heads in split:
        state = made.state_size(units, heads)
        found.append(
            {"inputs": inputs, "units": units}
            | ({"heads": heads} if made.has_heads else {})
            | {"parameters": made.parameters(inputs, units, heads=heads)}
            | {"state_numbers": state, "state_bits": state * FLOAT32_BITS}
        )
    return found


def diagnostic(name: str) -> Description:
    """A diagnostic: its question, formula, source and caveat."""
    made = diagnostics.get(name)
    needs = f"a model of level '{made.level}': {MEANING[made.level]}"
    texts = {"needs": needs, "formula": made.formula, "source": made.source, "caveat": made.caveat}
    parts: list[Part] = [Text(_docstring(diagnostics.FOLDER.load(name)), name)]
    parts += [Text(text, word) for word, text in texts.items()]
    return Description({"name": name, "title": made.title, "level": made.level, **texts}, parts)


def engine(cell: Cell) -> str:
    """The engine that runs the cell."""
    try:
        record(cell)
    except NotOpened:
        return "loop, which runs any step"
    except Unsupported as why:
        if not digest_of(cell, record_scan)[0]:
            return f"loop, since {why}"
    return "native (the compiled library), or loop without it"


def task(name: str) -> Description:
    """A task with its default axes: a sampled row, axes, chance level, criterion and memory demand."""
    made = task_of(tasks.get(name), {})
    short = _short(made)
    drawn = _drawn(short, short.sample(jax.random.key(0), 1).take(0))
    axes = [
        {
            "name": name,
            "default": getattr(made, name),
            "help": axis.meta.help,
            "choices": axis.meta.choices or None,
        }
        for name, axis in field_infos(type(made)).items()
    ]
    memory = made.memory()
    document = {
        "name": name,
        "title": tasks.FOLDER.sentence(name),
        "row": drawn,
        "axes": axes,
        "chance": made.chance(),
        "criterion": str(made.criterion),
        "memory": {"unit": made.memory_unit, "after_step": memory},
        "loss": made.loss,
    }
    named = [(m, v) for m, v in made.chance().items() if v is not None]
    chance = ", ".join(f"{metric.replace('_', ' ')} {value:.4g}" for metric, value in named)
    parts: list[Part] = [
        Text(_docstring(tasks.FOLDER.load(name)), name),
        Table(("step", "input", "target"), _shortened(drawn), _title(short)),
        Table(
            ("axis", "default", "meaning"),
            tuple((f"--{a['name']}", text(a["default"]), _meaning(a)) for a in axes),
        ),
        Text(
            f"chance level (best guess from the current input alone): {chance}\n"
            f"criterion: {made.criterion}\n"
            f"memory demand: at most {max(memory):g} {_unit(made, max(memory))}, over {made.lag_steps} steps\n"
            f"loss: {made.loss.replace('_', ' ')}"
        ),
    ]
    return Description(document, parts)


def component(kind: Kind[Any], name: str) -> Description:
    """An optimiser, an update rule or a stopping rule, with its options."""
    options = [
        {"name": one.name, "default": one.default, "help": one.meta.help, "choices": one.meta.choices or None}
        for one in field_infos(kind.get(name)).values()
    ]
    parts: list[Part] = [Text(_docstring(kind.folder.load(name)), f"{name}, {kind.folder.kind}")]
    rows = tuple((f"+{a['name']}=", text(a["default"]), _meaning(a)) for a in options)
    parts += [Table(("option", "default", "meaning"), rows)] if rows else []
    title = kind.folder.sentence(name)
    return Description({"name": name, "kind": kind.folder.kind, "title": title, "options": options}, parts)


def run(folder: Path) -> Description:
    """The stored result of a run."""
    path = folder / "result.json"
    if not path.exists():
        raise BadRun(f"{folder} has no finished run.", "'holdfast list runs' shows all runs.")
    document = read_result(path)
    parts: list[Part] = [
        seeds_table(document, f"{document['task']}, {document['cell']}"),
        Text(f"Solved: {Rate(document['solved'], document['of'])}. Criterion: {document['criterion']}."),
    ]
    return Description(document, parts)


def _short(made: Task) -> Task:
    """The task at a length that fits a table, or at the least of a few lengths that it allows."""
    own = getattr(made, made.length_axis)
    for length in (DRAWN_LENGTH, 2 * DRAWN_LENGTH, 4 * DRAWN_LENGTH):
        with contextlib.suppress(BadValue):
            return replace(made, **{made.length_axis: min(length, own)})
    return made


def _title(short: Task) -> str:
    return f"A row, --{short.length_axis} {getattr(short, short.length_axis)}"


def _unit(made: Task, count: float) -> str:
    words = {"bits": ("bit", "bits"), "reals": ("real number", "real numbers")}[made.memory_unit]
    return words[count != 1]


def _docstring(module: Any) -> str:
    return paragraphs((inspect.getdoc(module) or "").strip())


def _drawn(made: Task, row: Batch) -> list[dict[str, Any]]:
    inputs, targets, scored = np.asarray(row.inputs), np.asarray(row.targets), np.asarray(row.scored)
    return [
        {"step": t + 1, "input": made.label_input(inputs[t]), "asked": made.label_output(targets[t]) if asked else None}
        for t, asked in enumerate(scored)
    ]


def _shortened(drawn: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
    rows = [(str(line["step"]), line["input"], line["asked"] or "") for line in drawn]
    if len(rows) <= 2 * SHOWN_STEPS:
        return tuple(rows)
    return (*rows[:SHOWN_STEPS], ("...", "", ""), *rows[-SHOWN_STEPS:])


def _meaning(axis: dict[str, Any]) -> str:
    return axis["help"] + (f" ({', '.join(axis['choices'])})" if axis["choices"] else "")
