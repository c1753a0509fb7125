"""The constructions: one file, one task. A file has ``program(task, cell)``, and its argument as its docstring."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from holdfast.core.registry import Folder

FOLDER = Folder("construction", "holdfast.construction.constructions", Path(__file__).parent)


def get(name: str) -> ModuleType:
    """The construction for the task of this name. Raises ``UnknownName``."""
    return FOLDER.load(name)
