"""What holds of every store and every schedule, so that planted offenders can be put to the same questions."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from holdfast.comparison.executors.units import divide
from holdfast.comparison.executors.worker import FinishedNetwork
from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.lags import with_lags
from holdfast.comparison.results.result import Result
from holdfast.training.settings import Settings

TASKS = with_lags("recall", {}, (2, 5))
OVER = {"task": TASKS, "cell": ("elman", "lstm"), "learning_rate": (0.01, 0.03)}
GRID = Grid(Settings(TASKS[0], units=2, seeds=5, budget=3000), OVER)


def finished(grid: Grid = GRID) -> list[FinishedNetwork]:
    """Made-up points for a whole grid, each different from the others."""
    points = []
    for number, configuration in enumerate(grid.configurations()):
        for seed in range(grid.base.seeds):
            solved = (number + seed) % 3 == 0
            result = Result(
                seed,
                "solved" if solved else "nan" if seed == 4 else "not solved",
                1000 * (1 + seed),
                math.nan if seed == 4 else 0.125 * seed,
                0.5,
                1.0,
                configuration.place,
                -0.25,
                None,
                0.5,
            )
            points.append(FinishedNetwork(result, bytes([number, seed])))
    return points


def hands_out_each_unit_once(make_schedule: Any) -> None:
    """Whatever workers ask for, and though one of them is lost, every unit is done exactly once."""
    units = divide(GRID.configurations())
    schedule, done, lost = make_schedule(units), Counter[str](), False
    compiled: tuple = ()
    while (unit := schedule.take(compiled, [compiled])) is not None:
        if not lost and len(done) == 3:
            lost = True
            schedule.give_back(unit)
            continue
        compiled = unit.program
        done[unit.name] += 1
    assert done == Counter(unit.name for unit in units)


def keeps_every_point_once(store: Any, study: str) -> None:
    """Points that come in any order, some of them twice, are all there, once, in the grid's order."""
    points = finished()
    store.keep(points[7:])
    store.keep(points[:9])
    found = store.results(study).points
    assert [p.point for p in found] == [f.result.point for f in points]
    for point, f in zip(found, points, strict=True):
        assert (point.verdict, point.sequences) == (f.result.verdict, f.result.sequences)
        assert point.loss == f.result.loss or (math.isnan(point.loss) and math.isnan(f.result.loss))
        assert (point.slope_start, point.slope_end, point.seconds) == (-0.25, None, 0.5)
        assert store.network_file(point) == f.network
