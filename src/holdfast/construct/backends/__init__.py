"""The implementations of registers, one file for each cell. ``get("lstm")`` is the function of ``lstm.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from holdfast.construct.budget import Demand
from holdfast.construct.layout import Realisation
from holdfast.construct.program import RegisterProgram
from holdfast.core.registry import Folder

FOLDER = Folder("backend", "holdfast.construct.backends", Path(__file__).parent)


def get(name: str) -> Callable[[RegisterProgram, Demand], Realisation]:
    """The function that compiles a program to this cell. Raises ``UnknownName``."""
    return FOLDER.load(name).realise
