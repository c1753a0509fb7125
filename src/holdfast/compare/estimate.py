"""How long a grid may take, said before it begins; what is too long has to be meant."""

from __future__ import annotations

from dataclasses import replace

from holdfast.compare.grid import Grid
from holdfast.compare.study import Study
from holdfast.compare.units import point_seconds
from holdfast.core.errors import BadValue

MANY_POINTS = 100_000
LONG_SECONDS = 24 * 3600.0


def check_size(study: Study, workers: int, yes: bool) -> None:
    """Raises ``BadValue`` with the time it may take where a study is long and ``yes`` was not said."""
    seconds = sum(_seconds(grid) for grid in study.grids) / workers
    if yes or (study.of <= MANY_POINTS and seconds <= LONG_SECONDS):
        return
    raise BadValue(
        f"this grid has {study.of:,} points and may take {_words(seconds)} with {workers} "
        f"worker{'s' if workers > 1 else ''}, if no network solves its task early.",
        "Say --yes if it is meant, or give fewer lags, units, rates or seeds, or a smaller --budget.",
    )


def _seconds(grid: Grid) -> float:
    """One core's time for all of it; rates and first weights cost the same, so one of each stands for all."""
    same = len(grid.rates) * len(grid.initialisations) * len(grid.orders)
    one = replace(grid, rates=grid.rates[:1], initialisations=grid.initialisations[:1], orders=grid.orders[:1])
    return same * grid.seeds * sum(point_seconds(c.settings) for c in one.configurations())


def _words(seconds: float) -> str:
    for size, name in ((365.25 * 86400, "years"), (86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} seconds"
