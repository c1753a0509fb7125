"""Estimate the time of a grid before it starts. A long one must be confirmed."""

from __future__ import annotations

import math

from holdfast.comparison.executors.units import point_seconds
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.study import Study
from holdfast.core.errors import BadValue

MANY_POINTS = 100_000
LONG_SECONDS = 24 * 3600.0
COSTLY = ("task", "cell", "units", "layers", "update", "budget")
"""Fields of the settings that affect ``point_seconds``, or that determine which other fields are allowed."""


def check_size(study: Study, workers: int, yes: bool) -> None:
    """Raise ``BadValue`` with the estimated time if a study is long and ``yes`` is false."""
    seconds = sum(_seconds(grid) for grid in study.grids) / workers
    if yes or (study.of <= MANY_POINTS and seconds <= LONG_SECONDS):
        return
    raise BadValue(
        f"this grid has {study.of:,} points and may take {_words(seconds)} with {workers} "
        f"worker{'s' if workers > 1 else ''}, if no network solves its task early.",
        "Confirm with --yes, or give fewer lags, units, rates or seeds, or a smaller --budget.",
    )


def _seconds(grid: Grid) -> float:
    """The seconds of one core for the whole grid. Fields that do not affect the time, such as learning rates, are
    evaluated at one value."""
    free = [name for name in grid.over if name not in COSTLY]
    one = Grid(grid.base, {name: some[:1] if name in free else some for name, some in grid.over.items()})
    same = math.prod(len(grid.over[name]) for name in free)
    return same * grid.base.seeds * sum(point_seconds(c.settings) for c in one.configurations())


def _words(seconds: float) -> str:
    for size, name in ((365.25 * 86400, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} seconds"
