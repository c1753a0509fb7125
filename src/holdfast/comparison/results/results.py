"""The results of a study so far: its finished points, in the order of its grids, and their summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import msgspec

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.version_0_1 import renamed
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.summary import Summary, summarise
from holdfast.core.documents import convert
from holdfast.core.errors import BadRun
from holdfast.core.results import Part, Table, Text
from holdfast.core.values import text
from holdfast.engine.network import Network


def _not_kept(result: Result) -> Network:
    raise BadRun("these results have no networks.", "Read them from the store of the study.")


@dataclass(frozen=True)
class Results:
    """All finished points of a study. ``of`` is the total number of points; ``networks`` loads the network of a
    point."""

    study: str
    grids: tuple[Grid, ...]
    points: tuple[Result, ...]
    of: int
    networks: Callable[[Result], Network] = field(default=_not_kept, repr=False, compare=False)

    @property
    def done(self) -> int:
        return len(self.points)

    def where(self, **wanted: object) -> tuple[Result, ...]:
        """The points whose place has these values: ``results.where(cell="lstm", lag_steps=100)``. A tuple stands for
        any of its values. Raises ``KeyError`` for a name that is not an axis."""
        pairs = [(name, value if isinstance(value, tuple) else (value,)) for name, value in wanted.items()]
        return tuple(r for r in self.points if all(r[name] in values for name, values in pairs))

    @cached_property
    def summary(self) -> tuple[Summary, ...]:
        return summarise(self.points)

    def as_json(self) -> dict[str, object]:
        """The document of ``holdfast compare --json`` without the verdicts."""
        return {
            "study": self.study,
            "done": self.done,
            "of": self.of,
            "grids": [grid.as_json() for grid in self.grids],
            "summary": [line.as_json() for line in self.summary],
            "points": [point.as_json() for point in self.points],
        }

    @staticmethod
    def from_json(document: object, where: str = "the results of this study") -> Results:
        """The results in a document of ``as_json``, without networks. Raises ``BadFile`` if the document is invalid."""
        read = convert(document, _Document, where)
        grids = tuple(Grid.from_json(grid, f"{where}, grids") for kept in read.grids for grid in renamed(kept))
        points = tuple(Result.from_json(point, f"{where}, points") for point in read.points)
        return Results(read.study, grids, points, read.of)

    def parts(self) -> list[Part]:
        """The parts of the report of ``holdfast compare``: a line for every place of the grid, and the progress."""
        said = f"{self.study}: {self.done:,} of {self.of:,} points."
        if not self.points:
            return [Text(said)]
        return [*tables(self.summary), Text(said + " " + READ)]


class _Document(msgspec.Struct):
    """The entries of ``Results.as_json`` that are read; the others follow from them."""

    study: str
    grids: list[Any]
    points: list[Any]
    of: Annotated[int, msgspec.Meta(ge=0)]


READ = (
    "Solved: at the best of the learning rates tried; its interval holds for all of them at once (95 %), so choosing "
    "the best does not flatter it. Crossed: each half of the seeds at the rate that the other half chose. Rates: how "
    "many each learning rate solved, the smallest first. Slope: how the gradient changes per step back "
    "from the answer, in decades, before and after training (-0.1: a tenth in ten steps)."
)


def tables(lines: Iterable[Summary]) -> list[Table]:
    """One table for every task. Axes with a single value appear in the title instead of a column."""
    by_task: dict[str, list[Summary]] = {}
    for line in lines:
        by_task.setdefault(line["task"], []).append(line)
    return [_table(task, some) for task, some in by_task.items()]


def _table(task: str, lines: list[Summary]) -> Table:
    always = {"cell": "cell", "lag_steps": "lag (steps)", "units": "units"}
    others = [name for name, _ in lines[0].place if name not in always and name != "task"]
    same = {name: lines[0][name] for name in others if len({line[name] for line in lines}) == 1}
    axes = {**always, **{name: name.replace("_", " ") for name in others if name not in same}}
    figures = ("solved", "interval", "crossed", "best rate", "rates", "sequences (median)", "slope before", "after")
    rows = [(*(text(line[name]) for name in axes), *_figures(line)) for line in lines]
    title = f"{task}: " + ", ".join(f"{name.replace('_', ' ')} {text(value)}" for name, value in same.items())
    return Table((*axes.values(), *figures), tuple(rows), title)


def _figures(line: Summary) -> tuple[str, ...]:
    low, high = line.interval
    window = " ".join(str(rate.success.solved) for rate in line.rates)
    return (
        f"{line.solved}/{line.of}",
        f"{100 * low:.0f}-{100 * high:.0f} %",
        f"{line.crossed.solved}/{line.crossed.of}",
        f"{line.best_rate:g}",
        window,
        f"{line.sequences_to_success[1]:,.0f}" if line.sequences_to_success else "-",
        _slope(line.slope_start),
        _slope(line.slope_end),
    )


def _slope(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"
