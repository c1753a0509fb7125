"""The built-in studies: one file, one question. ``comparison/study.py`` says what such a file holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.study import Study
from holdfast.core.errors import BadFile
from holdfast.core.registry import Folder

FOLDER = Folder("study", "holdfast.studies.questions", Path(__file__).parent)


QUICK_SEEDS, QUICK_BUDGET = 2, 64
ONE = ("task", "units", "learning_rate", "initialisation")
"""Axes of which the first value is enough to show that everything runs."""


def get(name: str, quick: bool = False) -> Study:
    """The study of this name; ``quick`` has the same cells and ways of training with two seeds, next to no training
    and the shortest lag alone: it shows that everything runs, and decides nothing. Raises
    ``UnknownName``, or ``BadFile`` where its file lacks something."""
    module = FOLDER.load(name)
    missing = [word for word in ("grids", "verdicts") if not hasattr(module, word)]
    if missing:
        raise BadFile(f"the study {module.__file__} lacks {', '.join(missing)}.", "comparison/study.py describes it.")
    made = tuple(_quick(grid) if quick else grid for grid in module.grids())
    return Study(f"{name}-quick" if quick else name, made, FOLDER.sentence(name), module.verdicts)


def _quick(grid: Grid) -> Grid:
    over = {name: some[:1] if name in ONE else some for name, some in grid.over.items()}
    return Grid(replace(grid.base, seeds=QUICK_SEEDS, budget=QUICK_BUDGET, check_every=None), over)
