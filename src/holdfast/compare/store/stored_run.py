"""A study's run as a small file: its points in columns, its verdicts, and what machine it ran on.

``benchmarks/studies.py`` writes such files, the documentation's pages are made from them.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from holdfast.compare.grid.grid import Grid
from holdfast.compare.grid.place import Place
from holdfast.compare.results.result import Result
from holdfast.compare.results.results import Results
from holdfast.compare.results.verdicts import Verdict
from holdfast.core.documents import convert, read_json, shown
from holdfast.core.errors import BadFile
from holdfast.core.files import write_atomically

FORMAT = 1
COLUMNS = (
    "place", "seed", "verdict", "sequences", "loss", "error_sup", "accuracy", "slope_start", "slope_end", "seconds",
)  # fmt: skip
FIGURES = 4
"""Digits that are kept of a measured number; none of the verdicts hangs on more."""


@dataclass(frozen=True)
class StoredRun:
    """A finished study as it is kept: everything but the networks."""

    results: Results
    verdicts: tuple[Verdict, ...]
    machine: dict[str, Any]


def machine(workers: int, wall_seconds: float, version: str) -> dict[str, Any]:
    """What this machine is, in the words of a page; ``version`` is holdfast's."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "workers": workers,
        "wall_seconds": round(wall_seconds),
        "holdfast": version,
    }


def write(path: Path, kept: StoredRun) -> None:
    """Raises ``BadRun`` where the file cannot be written."""
    results = kept.results
    places = list(dict.fromkeys(point.place for point in results.points))
    number = {place: index for index, place in enumerate(places)}
    document = {
        "format": FORMAT,
        "study": results.study,
        "machine": kept.machine,
        "grids": [grid.as_json() for grid in results.grids],
        "verdicts": [verdict.as_json() for verdict in kept.verdicts],
        "of": results.of,
        "places": [place.as_json() for place in places],
        "columns": list(COLUMNS),
    }
    lines = [json.dumps(document, indent=1)[:-2] + ',\n "points": [']
    rows = [json.dumps(_row(point, number[point.place]), separators=(",", ":")) for point in results.points]
    lines.append(",\n".join(rows))
    write_atomically(path, "\n".join(lines) + "\n ]\n}\n")


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of such a file."""

    format: Literal[1]
    study: str
    machine: dict[str, str | int | float | None]
    grids: list[Any]
    verdicts: list[Any]
    of: Annotated[int, msgspec.Meta(ge=0)]
    places: list[dict[str, Any]]
    columns: list[str]
    points: list[list[str | int | float | None]]


def read(path: Path) -> StoredRun:
    """Raises ``BadFile`` where it is no such file."""
    where = str(path)
    read = convert(read_json(path, "a study as it is kept"), _Document, where)
    if sorted(read.columns) != sorted(COLUMNS):
        raise BadFile(f"{where}: its columns are {', '.join(map(shown, read.columns))}, expected {', '.join(COLUMNS)}.")
    places = [Place.from_json(place, f"{where}, places[{n}]") for n, place in enumerate(read.places)]
    points = tuple(
        _point(places, dict(zip(read.columns, row, strict=False)), f"{where}, points[{n}]")
        for n, row in enumerate(read.points)
    )
    grids = tuple(Grid.from_json(grid, f"{where}, grids[{n}]") for n, grid in enumerate(read.grids))
    verdicts = tuple(convert(verdict, Verdict, f"{where}, verdicts[{n}]") for n, verdict in enumerate(read.verdicts))
    return StoredRun(Results(read.study, grids, points, read.of), verdicts, read.machine)


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many claims hold, do not, and are undecided."""
    return {word: sum(v.verdict == word for v in verdicts) for word in ("holds", "does not hold", "undecided")}


def _row(point: Result, place: int) -> list[Any]:
    values = {name: getattr(point, name) for name in COLUMNS if name != "place"}
    return [place, *(_short(value) for value in values.values())]


def _point(places: list[Place], row: dict[str, Any], where: str) -> Result:
    number = row.pop("place", None)
    if not isinstance(number, int) or not 0 <= number < len(places):
        raise BadFile(f"{where}: its place is {shown(number)}, expected one of {len(places)}.")
    return Result.of(places[number], row, where)


def _short(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{FIGURES}g}") if math.isfinite(value) else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
