"""The cells: one file, one cell. ``get("lstm")`` is the cell of ``lstm.py``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

from holdfast.core.cell import Cell, Map
from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder

FOLDER = Folder("cell", "holdfast.cells", Path(__file__).parent)
WHOLE = "cells/lstm.py is a complete example."


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
    }
    return [reason for reason, holds in {**names, **words, **others}.items() if not holds]
