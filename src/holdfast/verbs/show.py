"""``holdfast.show``: the description of a cell, block, task, diagnostic, study, optimiser, rule, stop, run or network
file, of ONNX, Keras or PyTorch too."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from holdfast.core.errors import UnknownName
from holdfast.studies.folders import KINDS, SHOWN
from holdfast.studies.show_foreign import FORMATS
from holdfast.verbs._arguments import PathLike

if TYPE_CHECKING:
    from holdfast.core.cell import Cell
    from holdfast.studies.description import Description


def show(name: PathLike | type | ModuleType | Cell) -> Description:
    """Describe what has this name, the run in this folder, or the network in this file; of a file of ONNX,
    Keras or PyTorch, the network that ``import_model`` would make of it. A class, or a cell, that is
    given as an object is registered. Raises ``UnknownName``.

    >>> import holdfast
    >>> holdfast.show("gru").as_json()["gates"]
    {'reset': 'r', 'update': 'z', 'candidate': 'n'}
    """
    name = str(name) if isinstance(name, str | Path) else _named(name)
    # What needs no JAX is looked for first.
    if name in KINDS["studies"].files():
        from holdfast.studies.show_study import study

        return study(KINDS["studies"], name)
    if Path(name).suffix in FORMATS:
        from holdfast.studies.show_foreign import foreign

        return foreign(Path(name))
    if Path(name).is_file() or name.endswith(".safetensors"):
        from holdfast.studies.show_network import network

        return network(Path(name))
    from holdfast.studies.kept_description import kept

    return kept(name, _described)


def _described(name: str) -> Description:
    from holdfast import blocks, cells, tasks
    from holdfast.engine.resolve import parts
    from holdfast.explanation import diagnostics
    from holdfast.studies import describe

    if name in cells.FOLDER.files():
        return describe.cell(name)
    if name in blocks.FOLDER.files():
        return describe.cell(blocks.example(name))
    if len(parts(name)) > 1:
        return describe.cell(name)
    if name in tasks.FOLDER.files():
        return describe.task(name)
    if name in diagnostics.FOLDER.files():
        return describe.diagnostic(name)
    if kind := next((kind for kind in describe.COMPONENTS if name in kind.folder.files()), None):
        return describe.component(kind, name)
    if name and Path(name).is_dir():
        return describe.run(Path(name))
    folders = [KINDS[kind] for kind in SHOWN]
    known = [known for folder in folders for known in folder.names()]
    raise UnknownName(f"{', '.join(folder.kind for folder in folders)}, run or network file", name, known)


def _named(thing: object) -> str:
    from holdfast import cells
    from holdfast.core.cell import Cell
    from holdfast.verbs.register import name_of

    return cells.named(thing) if isinstance(thing, Cell) else name_of(thing)
