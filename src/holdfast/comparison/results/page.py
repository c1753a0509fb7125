"""The contents of the page of a comparison as plain data; ``report/page/compare`` renders it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from holdfast.comparison.grid.place import AXES
from holdfast.comparison.results.answer import Answer
from holdfast.comparison.results.curves import name, pictures
from holdfast.comparison.results.headline import headline, title
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import READ, Results, tables
from holdfast.comparison.results.summary import Summary
from holdfast.core.results import LinePlot
from holdfast.core.values import text


def document(found: Answer, links: Mapping[Summary, str], version: str = "") -> dict[str, object]:
    """The document of the page. ``links`` has the address of a page about a line's network, for the lines with one."""
    lines = found.results.summary
    by_task: dict[str, list[Summary]] = {}
    for line in lines:
        by_task.setdefault(line["task"], []).append(line)
    return {
        "study": found.study.name,
        "title": title(found),
        "answer": headline(found),
        "done": found.results.done,
        "of": found.results.of,
        "holdfast": version,
        "verdicts": None if found.verdicts is None else [verdict.as_json() for verdict in found.verdicts],
        "note": READ,
        "grids": [_grid(task, some, links) for task, some in by_task.items()],
        "curves": [part for part in pictures(lines) if isinstance(part, LinePlot)],
        "tables": tables(lines),
    }


def representative(line: Summary, results: Results) -> Result:
    """The network that represents a line. At the best learning rate, this is the median, by sequences to success, of
    the networks that solved the task; if none did, it is the first seed."""
    points = results.where(**dict(line.place), learning_rate=line.best_rate)
    solved = sorted((p for p in points if p.solved), key=lambda p: (p.sequences, p.seed))
    return solved[len(solved) // 2] if solved else min(points, key=lambda p: p.seed)


def file_name(line: Summary) -> str:
    """A name for the files of a line's network that is valid on every file system."""
    words = [line["task"], line["cell"], f"lag{line['lag_steps']}", f"units{line['units']}"]
    words += [line["initialisation"], line["update"], line["order"]]
    words += [f"layers{line['layers']}"] if line["layers"] > 1 else []
    words += [line["weights"]] if line["weights"] != "shared" else []
    words += [f"{axis}{text(value)}" for axis, value in line.place if axis not in AXES]
    return re.sub(r"[^A-Za-z0-9.+=-]+", "-", "_".join(words))


def _grid(task: str, some: Sequence[Summary], links: Mapping[Summary, str]) -> dict[str, object]:
    lags = sorted({line["lag_steps"] for line in some})
    rows: dict[tuple[str, int], dict[int, Summary]] = {}
    for line in some:
        rows.setdefault((name(line, some), line["units"]), {})[line["lag_steps"]] = line
    return {
        "title": f"{task}: networks that solved the task, and the 95 % interval of that rate",
        "lags": lags,
        "rows": [
            {
                "name": title,
                "units": units,
                "places": [_place(there[lag], links) if lag in there else None for lag in lags],
            }
            for (title, units), there in rows.items()
        ],
    }


def _place(line: Summary, links: Mapping[Summary, str]) -> dict[str, object]:
    return {
        "label": f"{line['cell']}, {line['units']} units, lag {line['lag_steps']}",
        "solved": line.solved,
        "of": line.of,
        "low": line.interval[0],
        "high": line.interval[1],
        "href": links.get(line),
    }
