"""``holdfast.show``: the description of one cell, block, task, diagnostic, optimiser, rule, stop or run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.core.errors import UnknownName
from holdfast.verbs._arguments import PathLike

if TYPE_CHECKING:
    from holdfast.studies.describe import Description


def show(name: PathLike) -> Description:
    """Describe what has this name, or the run in this folder. Raises ``UnknownName``.

    >>> import holdfast
    >>> holdfast.show("gru").as_json()["gates"]
    {'reset': 'r', 'update': 'z', 'candidate': 'n'}
    """
    from holdfast import blocks, cells, tasks
    from holdfast.engine.resolve import parts
    from holdfast.explanation import diagnostics
    from holdfast.studies import describe

    name = str(name)
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
    if Path(name).is_dir():
        return describe.run(Path(name))
    folders = [folder.FOLDER for folder in (cells, blocks, tasks, diagnostics)]
    folders += [kind.folder for kind in describe.COMPONENTS]
    known = [name for folder in folders for name in folder.names()]
    raise UnknownName(f"{', '.join(folder.kind for folder in folders)} or run", name, known)
