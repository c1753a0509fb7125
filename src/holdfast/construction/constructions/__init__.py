"""The constructions, one file for each task. A file has ``program(task, cell)``; its docstring has the argument."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from holdfast.core.registry import Folder

FOLDER = Folder("construction", "holdfast.construction.constructions", Path(__file__).parent)


def get(name: str) -> ModuleType:
    """The construction for the task of this name. Raises ``UnknownName``."""
    return FOLDER.load(name)
