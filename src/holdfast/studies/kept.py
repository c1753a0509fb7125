"""A study's run as a small file: its points in columns, its verdicts, and what machine it ran on.

``benchmarks/studies.py`` writes such files, the documentation's pages are made from them.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from holdfast.compare.grid import Grid, Place
from holdfast.compare.result import Result
from holdfast.compare.results import Results
from holdfast.compare.study import Verdict
from holdfast.core.errors import BadFile
from holdfast.core.files import write_atomically

FORMAT = 1
COLUMNS = (
    "place", "seed", "verdict", "sequences", "loss", "error_sup", "accuracy", "slope_start", "slope_end", "seconds",
)  # fmt: skip
FIGURES = 4
"""Digits that are kept of a measured number; none of the verdicts hangs on more."""


@dataclass(frozen=True)
class Kept:
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


def write(path: Path, kept: Kept) -> None:
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
        "places": [asdict(place) for place in places],
        "columns": list(COLUMNS),
    }
    lines = [json.dumps(document, indent=1)[:-2] + ',\n "points": [']
    rows = [json.dumps(_row(point, number[point.place]), separators=(",", ":")) for point in results.points]
    lines.append(",\n".join(rows))
    write_atomically(path, "\n".join(lines) + "\n ]\n}\n")


def read(path: Path) -> Kept:
    """Raises ``BadFile`` where it is no such file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise BadFile(f"{path} has format {document['format']}, expected {FORMAT}.")
        places = [Place(**place) for place in document["places"]]
        points = tuple(_point(places, dict(zip(document["columns"], row, strict=True))) for row in document["points"])
        grids = tuple(Grid.from_json(grid) for grid in document["grids"])
        results = Results(document["study"], grids, points, document["of"])
        return Kept(results, tuple(Verdict(**v) for v in document["verdicts"]), document["machine"])
    except OSError as error:
        raise BadFile(f"there is no study kept in {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(f"{path} is no study as it is kept: {error!r}.") from error


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many claims hold, do not, and are undecided."""
    return {word: sum(v.verdict == word for v in verdicts) for word in ("holds", "does not hold", "undecided")}


def _row(point: Result, place: int) -> list[Any]:
    values = {name: getattr(point, name) for name in COLUMNS if name != "place"}
    return [place, *(_short(value) for value in values.values())]


def _point(places: list[Place], row: dict[str, Any]) -> Result:
    for name in ("loss", "error_sup", "accuracy"):
        row[name] = math.nan if row[name] is None else row[name]
    return Result(**{**row, "place": places[row["place"]]})


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
