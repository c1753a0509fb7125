"""Plots of success against lag: a curve for every cell at one size, with the interval of each rate as a band."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from holdfast.comparison.results.summary import Summary
from holdfast.core.results import Heatmap, Line, LinePlot, Part
from holdfast.core.values import text

APART = ("task", "units", "update", "order", "layers")
"""There is one plot for each combination of these axes. Cells, initialisations and other swept axes are lines in it."""


def pictures(lines: Iterable[Summary]) -> list[Part]:
    """The plots: curves if there are several lags, and for every task a map of lag by cell and size."""
    groups: dict[tuple, list[Summary]] = {}
    tasks: dict[str, list[Summary]] = {}
    for line in lines:
        groups.setdefault(tuple(line[name] for name in APART), []).append(line)
        tasks.setdefault(line["task"], []).append(line)
    curves: list[Part] = [
        _curve(some, len(groups)) for some in groups.values() if len({line["lag_steps"] for line in some}) > 1
    ]
    return curves + [_map(task, some) for task, some in tasks.items() if len({x["lag_steps"] for x in some}) > 1]


def name(line: Summary, among: Sequence[Summary]) -> str:
    """The name of a line: its cell, and the values that distinguish it from the other lines."""
    words = [line["cell"]]
    for axis, value in line.place:
        if axis not in ("task", "cell", "lag_steps", "units") and len({other[axis] for other in among}) > 1:
            words.append(text(value) if isinstance(value, str) else f"{axis.replace('_', ' ')} {text(value)}")
    return " ".join(words)


def _curve(some: list[Summary], of: int) -> LinePlot:
    named: dict[str, list[Summary]] = {}
    for line in some:
        named.setdefault(name(line, some), []).append(line)
    drawn = []
    for title, points in named.items():
        points = sorted(points, key=lambda line: line["lag_steps"])
        drawn.append(
            Line(
                title,
                tuple(float(p["lag_steps"]) for p in points),
                tuple(p.solved / p.of for p in points),
                tuple(p.interval[0] for p in points),
                tuple(p.interval[1] for p in points),
            )
        )
    first = some[0]
    more = f", update per {first['update']}, order {first['order']}" if of > 1 else ""
    title = f"{first['task']}: share solved over the lag, {first['units']} units{more}"
    return LinePlot(tuple(drawn), "lag (steps)", "share solved", title, x_log=True)


def _map(task: str, some: list[Summary]) -> Heatmap:
    rows = list(dict.fromkeys(f"{name(line, some)} {line['units']}" for line in some))
    lags = sorted({line["lag_steps"] for line in some})
    share = {(f"{name(line, some)} {line['units']}", line["lag_steps"]): line.solved / line.of for line in some}
    return Heatmap(
        tuple(tuple(share.get((row, lag)) for lag in lags) for row in rows),
        tuple(rows),
        tuple(str(lag) for lag in lags),
        "cell and units",
        "lag (steps)",
        "share solved at the best learning rate",
        f"{task}: share solved by cell, size and lag",
    )
