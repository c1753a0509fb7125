"""The cells: one file, one cell. ``get("lstm")`` is the cell of ``lstm.py``."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from holdfast.core.cell import VECTOR, Cell, Map
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.registered import class_name, forgotten_on_change
from holdfast.core.registry import Folder
from holdfast.core.values import got

FOLDER = Folder("cell", "holdfast.cells", Path(__file__).parent)
WHOLE = "cells/lstm.py is a complete example."
Definition = type | ModuleType | Cell
"""A cell without a file: a class or a module that defines what a cell's file does, or the cell itself."""


def register(cell: Definition) -> str:
    """Make a cell known by name in this process, and return the name: that of the class, ``LeakyUnit`` as
    ``leaky_unit``. Raises ``BadValue`` where the name is taken, ``BadFile`` where the definition lacks something."""
    if isinstance(cell, Cell):
        return cell.name if FOLDER.has(cell.name) and get(cell.name) is cell else _register_cell(cell)
    return FOLDER.register(cell, class_name(cell) if isinstance(cell, type) else cell.__name__.rsplit(".", 1)[-1], get)


def named(cell: object) -> str:
    """The name of a cell that is given by its name or as an object, which is registered. Raises as ``register``
    does."""
    if isinstance(cell, str):
        return cell
    if not isinstance(cell, Definition):
        raise BadValue(f"the cell is {got(cell)}, expected its name, or a class with State, Gates, maps, step.", WHOLE)
    return register(cell)


def _register_cell(cell: Cell) -> str:
    if cell.parts:
        raise BadValue(f"'{cell.name}' consists of several cells.", "Give its full name: 'stack(lstm,gru)'.")
    gates: Any = namedtuple("Gates", cell.gates)
    rest = ("letters", "maps", "source", "keep", "write", "step", "identity", "axes", "sizes", "keeps", "initialise")
    words = {"State": cell.state_type, "Gates": gates, "title": cell.title, **{w: getattr(cell, w) for w in rest}}
    return FOLDER.register(cell, cell.name, get, words)


@forgotten_on_change
@cache
def get(name: str) -> Cell:
    """The cell of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    wanted = ("State", "Gates", "letters", "maps", "source", "keep", "write", "step")
    missing = [word for word in wanted if not hasattr(module, word)]
    if missing:
        raise BadFile(f"the cell {module.__file__} lacks {', '.join(missing)}.", WHOLE)
    if reasons := _odd(module):
        raise BadFile(f"the cell {module.__file__}: {'; '.join(reasons)}.", WHOLE)
    return Cell(
        name=name,
        title=FOLDER.sentence(name),
        source=module.source,
        maps=module.maps,
        letters=module.letters,
        keep=module.keep,
        write=module.write,
        states=module.State._fields,
        gates=module.Gates._fields,
        state_type=module.State,
        step=module.step,
        identity=getattr(module, "identity", False),
        axes=getattr(module, "axes", {}),
        sizes=getattr(module, "sizes", {}),
        keeps=getattr(module, "keeps", ""),
        initialise=getattr(module, "initialise", None),
    )


def _odd(module: ModuleType) -> list[str]:
    """What is of another type than a cell's file has."""
    names = {f"'{word}' is no NamedTuple": hasattr(getattr(module, word), "_fields") for word in ("State", "Gates")}
    words = {f"'{word}' is no text": isinstance(getattr(module, word), str) for word in ("source", "keep", "write")}
    maps, letters = module.maps, module.letters
    others = {
        "'letters' is no dict of one letter for each gate": isinstance(letters, dict),
        "'maps' is no tuple of Map": isinstance(maps, tuple) and all(isinstance(one, Map) for one in maps),
        "'maps' has none of the input x": isinstance(maps, tuple)
        and any(getattr(m, "source", "") == "x" for m in maps),
        "'step' cannot be called": callable(module.step),
        "a map per head has a source or gates that are not divided among heads alike": not isinstance(maps, tuple)
        or all(_has_heads(m, getattr(module, "axes", {})) for m in maps if getattr(m, "per_head", False)),
    }
    return [reason for reason, holds in {**names, **words, **others}.items() if not holds]


def _has_heads(m: Map, axes: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether what a map per head reads and gives is divided among heads, every gate in the same way."""
    gates = {axes.get(gate, VECTOR) for gate in m.gates}
    return len(gates) == 1 and all(one[0] == "head" for one in (axes.get(m.source, VECTOR), *gates))
