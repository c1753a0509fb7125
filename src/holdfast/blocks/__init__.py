"""The blocks: one file, one block, which makes one cell of others. ``prenorm.py`` is a complete example.

The file of a block is like that of a cell: it has gates and maps of its own, and a step that calls the step of the
inner cell. ``reads`` is the name by which its map refers to the output of the inner cell (default: ``read``). A block
of several cells, such as ``stack.py``, has ``joined`` instead of all this; a block of one cell that has states of its
own or changes what the cell's maps read, such as ``shift.py``, has ``wrapped``, which gets the full name, the cell and
the axes of its output. ``around`` combines the block and its
cells into one cell, so that every reading of a cell (numbers, bounds, record, equation) works for it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.core.cell import CONSTANT, Cell, Initialise, Map, Step, StepFunction
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.ops import Reading, Value
from holdfast.core.registered import class_name
from holdfast.core.registry import Folder
from holdfast.core.values import got

FOLDER = Folder("block", "holdfast.blocks", Path(__file__).parent)
WHOLE = "blocks/prenorm.py is a complete example."
READ = "read"
"""The name by which a block's map refers to the output of the inner cell, by default."""


Definition = type | ModuleType
"""A block without a file: a class or a module that defines what a block's file does."""


def register(block: Definition) -> str:
    """Make a block known by name in this process, and return the name: that of the class, ``HighwayBlock`` as
    ``highway_block``. Raises ``BadValue`` where the name is taken, ``BadFile`` where the definition lacks something."""
    name = class_name(block) if isinstance(block, type) else block.__name__.rsplit(".", 1)[-1]
    return FOLDER.register(block, name, _check)


def named(block: object) -> str:
    """The name of a block that is given by its name or as a class, which is registered. Raises as ``register``
    does."""
    if isinstance(block, str):
        return block
    if not isinstance(block, Definition):
        raise BadValue(f"the block is {got(block)}, expected its name, or a class with Gates, maps, step.", WHOLE)
    return register(block)


def _check(name: str) -> None:
    module = FOLDER.load(name)
    if not (hasattr(module, "joined") or hasattr(module, "wrapped")):
        _refuse_what_is_missing(module)


def example(name: str) -> str:
    """A cell that the block of this name makes. Raises as ``Folder.load`` does."""
    return f"{name}(lstm,gru)" if hasattr(FOLDER.load(name), "joined") else f"{name}(lstm)"


def around(name: str, cells: Sequence[Cell], outputs: Sequence[tuple[str, ...]]) -> Cell:
    """The block of this name around these cells, a cell called ``name(first,second)``; ``outputs`` has the axes of each
    one's output.

    Raises ``UnknownName``, ``BadFile`` where the block's file lacks something, and ``BadValue`` where it does not fit
    these cells.
    """
    module, whole = FOLDER.load(name), f"{name}({','.join(cell.name for cell in cells)})"
    if hasattr(module, "joined"):
        return module.joined(whole, cells, outputs)
    if len(cells) != 1:
        raise BadValue(
            f"{whole}: the block {name} is put around one cell, and there are {len(cells)}.",
            f"Stack them: {name}(stack({','.join(cell.name for cell in cells)})).",
        )
    if hasattr(module, "wrapped"):
        return module.wrapped(whole, cells[0], outputs[0])
    return _wrapped(name, module, cells[0], outputs[0])


def _wrapped(name: str, block: ModuleType, cell: Cell, output_axes: tuple[str, ...]) -> Cell:
    """Its states are those of the inner cell; its gates, maps, letters and axes are those of both."""
    _refuse_what_is_missing(block)
    _refuse_collisions(name, block, cell)
    gates: Any = namedtuple("Gates", (*cell.gates, *block.Gates._fields))
    sentence = FOLDER.sentence(name)
    return replace(
        cell,
        name=f"{name}({cell.name})",
        title=f"{sentence.removesuffix('.')}, around this cell: {cell.title}",
        source=f"{block.source}; {cell.source}",
        maps=merged((*cell.maps, *block.maps)),
        letters={**cell.letters, **free_letters(block.letters, cell)},
        gates=gates._fields,
        step=_step(block.step, cell.step, gates),
        axes={getattr(block, "reads", READ): output_axes, **cell.axes, **getattr(block, "axes", {})},
        sizes={**cell.sizes, **getattr(block, "sizes", {})},
        keeps=cell.memory,
        initialise=both(cell.initialise, getattr(block, "initialise", None)),
    )


def _refuse_what_is_missing(module: ModuleType) -> None:
    wanted = ("Gates", "letters", "maps", "source", "step")
    if missing := [word for word in wanted if not hasattr(module, word)]:
        raise BadFile(f"the block {module.__file__} lacks {', '.join(missing)}.", WHOLE)
    if not (isinstance(module.maps, tuple) and all(isinstance(m, Map) and m.source != "x" for m in module.maps)):
        raise BadFile(
            f"the block {module.__file__}: 'maps' is no tuple of Map, or one of them reads x, which the inner cell's "
            "map does.",
            WHOLE,
        )


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


def merged(maps: Iterable[Map]) -> tuple[Map, ...]:
    """These maps, as one where two read the same: there is one map of ``constant``."""
    found = dict[str, Map]()
    for m in maps:
        known = found.get(m.source)
        found[m.source] = m if known is None else replace(known, gates=known.gates + m.gates)
    return tuple(found.values())


def free_letters(own: Mapping[str, str], cell: Cell) -> dict[str, str]:
    """The letters of the block's gates, doubled where the cell has one already."""
    taken, found = {*cell.letters.values(), *cell.states, "x", "y"}, dict[str, str]()
    for gate, letter in own.items():
        while letter in taken:
            letter += letter[0]
        found[gate] = letter
        taken.add(letter)
    return found


def both(first: Initialise | None, second: Initialise | None) -> Initialise | None:
    """The first weights of a cell, then those of the block around it."""
    if first is None or second is None:
        return first or second
    return lambda layer, random: second(first(layer, random), random)
