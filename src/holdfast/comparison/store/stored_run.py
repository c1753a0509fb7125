"""A finished study as a small file: its grids, the summary of its points, its verdicts, and the machine.

``benchmarks/studies.py`` writes such files, and the documentation's pages are generated from them. Points and networks
stay in the store.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from holdfast.comparison.grid.grid import Grid
from holdfast.comparison.grid.place import Place
from holdfast.comparison.grid.version_0_1 import renamed
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.comparison.results.summary import LearningRateResult, Summary
from holdfast.comparison.results.verdicts import Verdict
from holdfast.core.documents import convert, read_json, shown
from holdfast.core.errors import BadFile
from holdfast.core.files import write_atomically
from holdfast.core.rates import Rate

Machine = Mapping[str, str | int | float | None]


@dataclass(frozen=True)
class StoredRun:
    """A finished study. Training ``done`` networks took ``core_seconds``, summed over all cores."""

    study: str
    grids: tuple[Grid, ...]
    done: int
    core_seconds: float
    summary: tuple[Summary, ...]
    verdicts: tuple[Verdict, ...]
    machine: Machine

    @staticmethod
    def of(results: Results, verdicts: tuple[Verdict, ...], machine: Machine) -> StoredRun:
        """The stored form of complete results."""
        seconds = sum(point.seconds for point in results.points)
        return StoredRun(results.study, results.grids, results.done, seconds, results.summary, verdicts, machine)


def machine(workers: int, wall_seconds: float | None, version: str) -> Machine:
    """The description of this machine for a page; ``version`` is that of holdfast, ``wall_seconds`` None where not all
    was trained in one go."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "workers": workers,
        "wall_seconds": None if wall_seconds is None else round(wall_seconds),
        "holdfast": version,
    }


def write(path: Path, run: StoredRun) -> None:
    """Write a finished study to ``path``. Raises ``BadRun`` if the file cannot be written."""
    head = {
        "format": 2,
        "study": run.study,
        "machine": run.machine,
        "of": run.done,
        "core_seconds": run.core_seconds,
    }
    lists = {
        "grids": [grid.as_json() for grid in run.grids],
        "verdicts": [verdict.as_json() for verdict in run.verdicts],
        "summary": [_as_json(line) for line in run.summary],
    }
    entries = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    for name, some in lists.items():
        entries.append(f"{json.dumps(name)}: [\n  " + ",\n  ".join(map(json.dumps, some)) + "\n ]")
    write_atomically(path, "{\n " + ",\n ".join(entries) + "\n}\n")


def read(path: Path) -> StoredRun:
    """The finished study in ``path``. Raises ``BadFile`` if it is not such a file."""
    where, document = str(path), read_json(path, "a study as it is kept")
    first = isinstance(document, dict) and document.get("format") == 1
    read = convert(document, _Version1 if first else _Version2, where)
    grids = tuple(
        Grid.from_json(grid, f"{where}, grids[{n}]") for n, kept in enumerate(read.grids) for grid in renamed(kept)
    )
    verdicts = tuple(convert(verdict, Verdict, f"{where}, verdicts[{n}]") for n, verdict in enumerate(read.verdicts))
    if isinstance(read, _Version1):
        return StoredRun.of(Results(read.study, grids, _points(read, where), read.of), verdicts, read.machine)
    summary = tuple(_line(line, f"{where}, summary[{n}]") for n, line in enumerate(read.summary))
    return StoredRun(read.study, grids, read.of, read.core_seconds, summary, verdicts, read.machine)


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many claims hold, do not hold, and are undecided."""
    return {word: sum(v.verdict == word for v in verdicts) for word in ("holds", "does not hold", "undecided")}


Count = Annotated[int, msgspec.Meta(ge=0)]
Size = Annotated[float, msgspec.Meta(ge=0)]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """The stored form of a ``Summary``, without the figures that follow from its counts; ``rates`` has the fields of
    ``LearningRateResult``."""

    place: dict[str, Any]
    best_rate: float
    crossed: tuple[Count, Count]
    sequences: tuple[Size, Size, Size] | None
    slopes: tuple[float | None, float | None]
    rates: list[tuple[float, Count, Count, Size | None]]


class _Common(msgspec.Struct):
    study: str
    machine: dict[str, str | int | float | None]
    grids: list[Any]
    verdicts: list[Any]
    of: Count


class _Version2(_Common, forbid_unknown_fields=True):
    format: Literal[2]
    core_seconds: Size
    summary: list[_Line]


class _Version1(_Common, forbid_unknown_fields=True):
    """The format of version 1: all points, with the names of their figures in ``columns``, and no summary."""

    format: Literal[1]
    places: list[dict[str, Any]]
    columns: list[str]
    points: list[list[str | int | float | None]]


def _as_json(line: Summary) -> dict[str, object]:
    return {
        "place": dict(line.place),
        "best_rate": line.best_rate,
        "crossed": [line.crossed.solved, line.crossed.of],
        "sequences": line.sequences_to_success,
        "slopes": [line.slope_start, line.slope_end],
        "rates": [[one.learning_rate, one.success.solved, one.success.of, one.sequences] for one in line.rates],
    }


def _line(line: _Line, where: str) -> Summary:
    at = {**line.place, "learning_rate": line.best_rate, "configuration": ""}
    place = tuple(axis for axis in Place.from_json(at, where).values if axis[0] != "learning_rate")
    rates = tuple(LearningRateResult(rate, _rate(solved, of, where), taken) for rate, solved, of, taken in line.rates)
    best = next((one.success for one in rates if one.learning_rate == line.best_rate), None)
    if best is None:
        raise BadFile(f"{where}: its best learning rate is {line.best_rate:g}, expected one of its rates.")
    return Summary(
        place,
        best_rate=line.best_rate,
        success=best,
        interval=best.simultaneous(len(rates)),
        crossed=_rate(*line.crossed, where),
        sequences_to_success=line.sequences,
        slope_start=line.slopes[0],
        slope_end=line.slopes[1],
        rates=rates,
    )


def _rate(solved: int, of: int, where: str) -> Rate:
    if solved > of:
        raise BadFile(f"{where}: {solved} of {of} networks are solved, expected at most {of}.")
    return Rate(solved, of)


def _points(read: _Version1, where: str) -> tuple[Result, ...]:
    places = [Place.from_json(place, f"{where}, places[{n}]") for n, place in enumerate(read.places)]
    expected = {"place", *(field.name for field in fields(Result) if field.name != "place")}
    if len(read.columns) != len(expected) or {*read.columns} != expected:
        columns = ", ".join(map(shown, read.columns))
        raise BadFile(f"{where}: its columns are {columns}, expected {', '.join(sorted(expected))}.")
    points = []
    for n, row in enumerate(read.points):
        figures = dict(zip(read.columns, row, strict=False))
        number = figures.pop("place", None)
        if not isinstance(number, int) or not 0 <= number < len(places):
            raise BadFile(f"{where}, points[{n}]: its place is {shown(number)}, expected one of {len(places)}.")
        points.append(Result.of(places[number], figures, f"{where}, points[{n}]"))
    return tuple(points)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
