"""The blocks: one file, one block, which wraps any cell. ``prenorm.py`` is a complete example.

The file of a block is like that of a cell: it has gates and maps of its own, and a step that calls the step of the
inner cell. ``wrapped`` combines both into one cell, so that every reading of a cell (numbers, bounds, record, equation)
works for it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.core.cell import CONSTANT, Cell, Initialise, Map, Step, StepFunction
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.ops import Reading, Value
from holdfast.core.registry import Folder

FOLDER = Folder("block", "holdfast.blocks", Path(__file__).parent)
WHOLE = "blocks/prenorm.py is a complete example."
READ = "read"
"""What a block's map reads that reads the output of the inner cell."""


def wrapped(name: str, cell: Cell, output_axes: tuple[str, ...]) -> Cell:
    """The block of this name around ``cell``, whose output has these axes: a cell called ``name(cell)``.

    Its states are those of the inner cell; its gates, maps, letters and axes are those of both. Raises ``UnknownName``,
    ``BadFile`` where the block's file lacks something, and ``BadValue`` where it does not fit this cell.
    """
    block = _module(name)
    _refuse_collisions(name, block, cell)
    gates: Any = namedtuple("Gates", (*cell.gates, *block.Gates._fields))
    sentence = FOLDER.sentence(name)
    return replace(
        cell,
        name=f"{name}({cell.name})",
        title=f"{sentence.removesuffix('.')}, around this cell: {cell.title}",
        source=f"{block.source}; {cell.source}",
        maps=_merged(cell.maps, block.maps),
        letters={**cell.letters, **_letters(block.letters, cell)},
        gates=gates._fields,
        step=_step(block.step, cell.step, gates),
        axes={READ: output_axes, **cell.axes, **getattr(block, "axes", {})},
        sizes={**cell.sizes, **getattr(block, "sizes", {})},
        keeps=cell.memory,
        initialise=_both(cell.initialise, getattr(block, "initialise", None)),
    )


def _module(name: str) -> ModuleType:
    module = FOLDER.load(name)
    wanted = ("Gates", "letters", "maps", "source", "step")
    if missing := [word for word in wanted if not hasattr(module, word)]:
        raise BadFile(f"the block {module.__file__} lacks {', '.join(missing)}.", WHOLE)
    if not (isinstance(module.maps, tuple) and all(isinstance(m, Map) and m.source != "x" for m in module.maps)):
        raise BadFile(
            f"the block {module.__file__}: 'maps' is no tuple of Map, or one of them reads x, which the inner cell's "
            "map does.",
            WHOLE,
        )
    return module


def _refuse_collisions(name: str, block: ModuleType, cell: Cell) -> None:
    both = set(block.Gates._fields) & {*cell.gates, *cell.states}
    sources = {m.source for m in block.maps} & {m.source for m in cell.maps} - {CONSTANT}
    axes = {axis for axis in getattr(block, "sizes", {}) if axis in cell.sizes}
    if found := sorted(both | sources | axes):
        raise BadValue(
            f"the block {name} and the cell {cell.name} both name {', '.join(found)}.",
            "Take another block or cell, or rename these in one of the two files.",
        )


def _step(outer: Any, inner: StepFunction, gates: Any) -> StepFunction:
    def step(ops: Reading, weights: Mapping[str, Any], x: Value, state: Any) -> Step:
        called: list[Step] = []

        def cell(read: Value) -> Value:
            called.append(inner(ops, weights, read, state))
            return called[-1].output

        output, own = outer(ops, weights, x, cell)
        if len(called) != 1:
            raise BadFile(f"a block calls its cell once a step, and this one did so {len(called)} times.", WHOLE)
        return Step(output, called[0].state, gates(*called[0].gates, *own))

    return step


def _merged(inner: tuple[Map, ...], own: tuple[Map, ...]) -> tuple[Map, ...]:
    """The maps of both; there is one map of ``constant``."""
    found = {m.source: m for m in inner}
    for m in own:
        known = found.get(m.source)
        found[m.source] = m if known is None else replace(known, gates=known.gates + m.gates)
    return tuple(found.values())


def _letters(own: Mapping[str, str], cell: Cell) -> dict[str, str]:
    """The letters of the block's gates, doubled where the cell has one already."""
    taken, found = {*cell.letters.values(), *cell.states, "x", "y"}, dict[str, str]()
    for gate, letter in own.items():
        while letter in taken:
            letter += letter[0]
        found[gate] = letter
        taken.add(letter)
    return found


def _both(first: Initialise | None, second: Initialise | None) -> Initialise | None:
    if first is None or second is None:
        return first or second
    return lambda layer, random: second(first(layer, random), random)
