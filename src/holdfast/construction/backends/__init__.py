"""The implementations of registers, one file for each cell. ``get("lstm")`` is the function of ``lstm.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from holdfast.construction.budget import Demand
from holdfast.construction.layout import Realisation
from holdfast.construction.program import RegisterProgram
from holdfast.core.registry import Folder

FOLDER = Folder("cell with constructions", "holdfast.construction.backends", Path(__file__).parent)


def get(name: str) -> Callable[[RegisterProgram, Demand], Realisation]:
    """The function that compiles a program to this cell. Raises ``UnknownName``."""
    return FOLDER.load(name).realise
