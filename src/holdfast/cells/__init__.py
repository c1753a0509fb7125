"""The cells: one file, one cell. ``get("lstm")`` is the cell of ``lstm.py``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from holdfast.core.cell import Cell
from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder

FOLDER = Folder("cell", "holdfast.cells", Path(__file__).parent)


@cache
def get(name: str) -> Cell:
    """The cell of this name. Raises ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    wanted = ("State", "Gates", "letters", "maps", "source", "keep", "write", "step")
    missing = [word for word in wanted if not hasattr(module, word)]
    if missing:
        raise BadFile(f"the cell {module.__file__} lacks {', '.join(missing)}.", "cells/lstm.py shows a whole one.")
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
        per_step=getattr(module, "per_step", False),
    )
