"""Curves and heat maps as text: without colour, readable at 80 columns, the same in a terminal and in a file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from holdfast.core.results import Heatmap, Line, LinePlot, some
from holdfast.core.text import wrapped

HEIGHT = 12
"""The height of a plot in lines."""
WIDEST = 100
"""The largest width of a plot in columns, also in wider terminals."""
TALLEST = 32
"""The largest number of rows of a heat map. Of more rows only some are shown, with a note."""
MARKS = "●○×+▲△■□◆◇"
BAND = "░"
RISING, FALLING = "░▒▓█", ",-=≡"
"""The characters of a heat map for values above and below 0; each is one character in ASCII too (``core/text.py``)."""
NEITHER, NONE = " ", "?"


def curve(drawn: LinePlot, width: int) -> str:
    """A line plot: each line has its own marker, the axes show their limits, and bands are shaded."""
    lines = [_finite(line, drawn) for line in drawn.lines]
    xs = [x for line in lines for x, *_ in line]
    ys = [y for line in lines for _, *values in line for y in values if y is not None]
    if not xs or not ys:
        return "  (no finite numbers to draw)\n"
    (x_low, x_high), (y_low, y_high) = _ends(xs), _ends(ys)
    left = max(len(_number(_back(y, drawn.y_log))) for y in (y_low, y_high)) + 1
    columns = max(min(width, WIDEST) - left - 2, 10)
    grid = [[NEITHER] * columns for _ in range(HEIGHT)]

    def row(y: float) -> int:
        return round((y_high - y) / (y_high - y_low) * (HEIGHT - 1))

    for line, mark in zip(lines, _marks(len(lines)), strict=True):
        for column in range(columns):
            at = x_low + (x_high - x_low) * column / (columns - 1)
            y, low, high = _at(line, at, (x_high - x_low) / (columns - 1))
            if low is not None and high is not None:
                for shaded in range(row(high), row(low) + 1):
                    if grid[shaded][column] == NEITHER:
                        grid[shaded][column] = BAND
            if y is not None:
                grid[row(y)][column] = mark
    ends = {0: _number(_back(y_high, drawn.y_log)), HEIGHT - 1: _number(_back(y_low, drawn.y_log))}
    text = [wrapped(f"{drawn.y_label}{' (logarithmic)' if drawn.y_log else ''}", width)]
    text += [f"{ends.get(n, ''):>{left}} │{''.join(cells)}".rstrip() for n, cells in enumerate(grid)]
    text.append(" " * left + " └" + "─" * columns)
    first, last = (_number(_back(x, drawn.x_log)) for x in (x_low, x_high))
    label = f"{drawn.x_label}{' (logarithmic)' if drawn.x_log else ''}"
    text += _axis(first, label, last, columns, " " * (left + 2), width)
    if len(lines) > 1 or drawn.lines[0].name:
        text += _legend(drawn.lines, width)
    return "\n".join(line.rstrip() for line in text) + "\n"


def heatmap(drawn: Heatmap, width: int) -> str:
    """A heat map with one character for every cell, or for the mean of adjacent columns if there are too many."""
    numbers = [v for row in drawn.values for v in row if v is not None and math.isfinite(v)]
    if not numbers:
        return "  (no finite numbers to draw)\n"
    shown = some(range(len(drawn.rows)), TALLEST)
    label = max([len(drawn.rows[n]) for n in shown] + [len(drawn.row_label)])
    label = min(label, 24)
    columns = max(min(width, WIDEST) - label - 3, 10)
    groups = _groups(len(drawn.columns), columns)
    signed, largest = min(numbers) < 0, max(abs(v) for v in numbers) or 1.0
    text = [f"{drawn.row_label[:label]:>{label}}"]
    for number in shown:
        values = [_mean(drawn.values[number][start:stop]) for start, stop in groups]
        text.append(f"{drawn.rows[number][:label]:>{label}} │{''.join(_shade(v, largest) for v in values)}│")
    first, last = drawn.columns[0], drawn.columns[-1]
    if len(drawn.columns) > 1:
        text += _axis(first, drawn.column_label, last, len(groups), " " * (label + 2), width)
    else:
        text.append(" " * (label + 2) + first)
    text.append(wrapped(_scale(signed, largest, drawn.unit), width, *[" " * (label + 2)] * 2))
    if len(shown) < len(drawn.rows):
        text.append(wrapped(f"{len(shown)} of {len(drawn.rows)} rows are shown, evenly spaced.", width))
    if len(groups) < len(drawn.columns):
        mean = len(drawn.columns) / len(groups)
        text.append(wrapped(f"Each character is the mean of about {mean:.1f} columns.", width))
    return "\n".join(line.rstrip() for line in text) + "\n"


def _axis(first: str, label: str, last: str, columns: int, indent: str, width: int) -> list[str]:
    """The ends of a horizontal axis with its label between them, or below them where it does not fit."""
    room = max(columns - len(first) - len(last), len(label) + 2)
    between = indent + first + label.center(room) + last
    if len(between) <= width:
        return [between]
    gap = " " * max(columns - len(first) - len(last), 2)
    return [indent + first + gap + last, wrapped(label, width, indent, indent)]


Point = tuple[float, float | None, float | None, float | None]
"""x, y and the limits of the band, in axis coordinates (logarithms on a logarithmic axis)."""


def _finite(line: Line, drawn: LinePlot) -> list[Point]:
    def scaled(value: float | None, log: bool) -> float | None:
        if value is None or not math.isfinite(value) or (log and value <= 0):
            return None
        return math.log10(value) if log else value

    band = line.low and line.high
    points = []
    for n, (x, y) in enumerate(zip(line.x, line.y, strict=True)):
        if (at := scaled(x, drawn.x_log)) is not None:
            ends = (line.low[n], line.high[n]) if band else (None, None)
            points.append((at, *(scaled(v, drawn.y_log) for v in (y, *ends))))
    return sorted(points, key=lambda point: point[0])


def _at(line: list[Point], x: float, wide: float) -> tuple[float | None, ...]:
    """The line at ``x`` by linear interpolation; None before its start and after its end."""
    if not line or not line[0][0] - wide / 2 <= x <= line[-1][0] + wide / 2:
        return (None, None, None)
    right = next((n for n, point in enumerate(line) if point[0] >= x), len(line) - 1)
    a, b = line[max(right - 1, 0)], line[right]
    share = 1.0 if b[0] == a[0] else min(max((x - a[0]) / (b[0] - a[0]), 0.0), 1.0)
    near = a if share < 0.5 else b

    def between(one: float | None, two: float | None, nearer: float | None) -> float | None:
        return nearer if one is None or two is None else one + share * (two - one)

    return tuple(between(one, two, nearer) for one, two, nearer in zip(a[1:], b[1:], near[1:], strict=True))


def _ends(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = abs(low) * 0.1 or 1.0
    return (low, high) if low < high else (low - pad, high + pad)


def _back(value: float, log: bool) -> float:
    return 10**value if log else value


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-300 else value:.3g}"


def _marks(count: int) -> Iterable[str]:
    return (MARKS[n % len(MARKS)] for n in range(count))


def _legend(lines: tuple[Line, ...], width: int) -> list[str]:
    rows, row = [], ""
    for mark, line in zip(_marks(len(lines)), lines, strict=True):
        entry = f"{mark} {line.name}" + (f" ({BAND} its band)" if line.low else "")
        if row and len(row) + len(entry) + 3 > width:
            rows.append(row)
            row = ""
        row = f"{row}   {entry}" if row else f"  {entry}"
    return [*rows, row]


def _groups(count: int, room: int) -> list[tuple[int, int]]:
    """At most ``room`` consecutive ranges that together cover 0 ... count - 1."""
    cuts = [round(n * count / min(room, count)) for n in range(min(room, count) + 1)]
    return list(itertools.pairwise(cuts))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None and math.isfinite(v)]
    return sum(known) / len(known) if known else None


def _shade(value: float | None, largest: float) -> str:
    if value is None:
        return NONE
    steps = RISING if value > 0 else FALLING
    level = math.ceil(abs(value) / largest * (len(steps) + 0.5) - 0.5)
    return NEITHER if level <= 0 else steps[min(level, len(steps)) - 1]


def _scale(signed: bool, largest: float, unit: str) -> str:
    top = _number(largest)
    below = f"-{top} {FALLING[::-1]}" if signed else ""
    return f"{below}{' ' if signed else ''}0 {RISING} {top}  {unit}".strip()
