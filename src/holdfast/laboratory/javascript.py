"""The engine of the page as JavaScript: every cell's step and its gradient, generated from the recorded step, and the
scripts of ``report/page/engine/`` that train with them.

The values of one step lie in one array, each value in a place ("slot") of its own: the input, the states before the
step, then the results of words in the order of their calls. A value has a leading axis for the rows of the batch.
``forward`` and ``backward`` of a cell are straight-line code. Words that act component by component on values of the
same axes share one loop ("fused"); linear maps are calls of the engine; words on whole arrays are the texts of their
files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache

from holdfast import alphabet, cells
from holdfast.core.cell import Cell
from holdfast.engine.readings.record import Recording, record
from holdfast.engine.resolve import resolve
from holdfast.laboratory.stages import Slots, backward, forward, stages_of
from holdfast.report.page import FOLDER

CALLED = re.compile(r"(?<![.\w])([a-z_]+)\(")
"""A function in a template of a gradient: a word, or one of ``HELPERS``."""
HELPERS = {
    "where_positive": "function where_positive(a, d) {\n  return a > 0 ? d : 0;\n}",
    "where_larger": "function where_larger(a, b, d) {\n  return a > b ? d : a === b ? d / 2 : 0;\n}",
}


@cache
def engine_script(names: tuple[str, ...] = ()) -> str:
    """``const ENGINE = ...``: the functions of ``report/page/engine/`` with the cells of these names, or all of the
    package. A page puts it into a script element of its own, whose text is also the text of its worker."""
    texts = [
        f"/* {file.name} */\n{file.read_text(encoding='utf-8')}" for file in sorted((FOLDER / "engine").glob("*.js"))
    ]
    body = "\n".join([functions(), cells_script(map(resolve, names or cells.FOLDER.names())), *texts])
    return f'const ENGINE = (() => {{\n"use strict";\n{body}\nreturn engine();\n}})();\n'


def cells_script(some: Iterable[Cell]) -> str:
    """``const CELLS = {...}``: every cell by name. Raises ``Unsupported`` for a step that cannot be recorded."""
    return "const CELLS = {\n" + ",\n".join(f"{json.dumps(cell.name)}: {cell_script(cell)}" for cell in some) + "\n};\n"


def cell_script(cell: Cell) -> str:
    """One cell: its maps, slots, gates and states as data, and its step and gradient as functions."""
    recording = record(cell)
    slots = Slots(recording)
    staged = stages_of(recording)
    back, kept = backward(recording, slots, staged)
    data = json.dumps(_description(cell, recording, slots), separators=(",", ":"))
    return (
        f"Object.assign({data}, {{\n"
        f"forward(V, b, o, n, values, shapes, map) {{\n{forward(recording, slots, staged, kept)}}},\n"
        f"backward(V, D, b, o, n, values, cotangents, shapes, back) {{\n{back}}},\n}})"
    )


def _description(cell: Cell, recording: Recording, slots: Slots) -> dict[str, object]:
    return {
        "name": cell.name,
        "keep": cell.keep,
        "write": cell.write,
        "identity": cell.identity,
        "states": list(cell.states),
        "sizes": {axis: size if isinstance(size, int) else list(size) for axis, size in cell.sizes.items()},
        "slots": [list(axes) for axes in slots.axes],
        "distinct": [list(axes) for axes in slots.distinct],
        "whole": slots.whole,
        "maps": slots.maps,
        "after": [slots.of(node) for node in recording.after],
        "gates": {name: slots.of(node) for name, node in zip(cell.gates, recording.gates, strict=True)},
        "output": slots.of(recording.output),
    }


def functions() -> str:
    """The functions that the gradients of words call: the words themselves on numbers, and the helpers."""
    words = [alphabet.get(name) for name in alphabet.FOLDER.names()]
    templates = " ".join(t for word in words for t in word.javascript_gradient or word.gradient or () if not word.axes)
    called = sorted(set(CALLED.findall(templates)))
    return "\n".join(HELPERS.get(name) or _function(name) for name in called) + "\n"


def _function(name: str) -> str:
    return f"function {name}(a) {{\n  return {alphabet.get(name).javascript.format('a')};\n}}"
