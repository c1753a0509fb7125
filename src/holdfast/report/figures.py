"""Curves and heat maps as figures for papers: one PNG and one SVG each, in colours for colour-blind readers.

Drawn by matplotlib. The colours of lines are those of Okabe & Ito 2008. Lines
also differ in their dashes, so that they can be distinguished in greyscale. Heat maps use viridis if no value is
negative, otherwise orange and purple centred at 0.
"""

from __future__ import annotations

import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.core.errors import BadRun
from holdfast.core.files import check_folder, write_atomically
from holdfast.core.requirements import require
from holdfast.core.results import Heatmap, LinePlot, Part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 5.2
"""Inches."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", "-.", ":")
MARKED = 40
"""A line with at most this many points has a marker at each of them."""
LONGEST_NAME = 60
LONGEST_LINE = 62
"""The largest number of characters in a line of a title."""
INSIDE = 3
"""With at most this many lines the legend is inside the axes; with more it is below them."""
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 300,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "holdfast",  # the same picture is the same file
}


def check(folder: Path | str) -> None:
    """Raise the errors that ``write`` would raise for ``folder``, before the work is done. It creates nothing."""
    require("matplotlib", what="--figures")
    check_folder(folder)


def write(parts: Iterable[Part], folder: Path | str) -> list[Path]:
    """Write a figure of every curve and heat map in ``parts``, named by its title. Tables and texts have no figure.

    Returns the files, PNG before SVG. Existing files are replaced atomically. Raises ``BadValue`` if matplotlib is not
    installed, and ``BadRun`` if the folder or a file cannot be written.
    """
    check(folder)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRun(f"cannot create the folder {place}: {error.strerror}.", "Give another with --figures.") from error
    written: list[Path] = []
    taken: set[str] = set()
    with _look():
        for part in parts:
            if not isinstance(part, LinePlot | Heatmap):
                continue
            name = _unused(file_name(part.title), taken)
            figure = _figure(_size(part))
            _draw(part, figure)
            for kind, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
                content = io.BytesIO()
                figure.savefig(content, format=kind, metadata=metadata)
                write_atomically(place / f"{name}.{kind}", content.getvalue())
                written.append(place / f"{name}.{kind}")
    return written


def file_name(title: str) -> str:
    """A title as the stem of a file: plain letters, digits and hyphens.

    >>> file_name("Forget gate f, unit × step / <b>")
    'forget-gate-f-unit-step-b'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-") or "figure"


def _unused(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free


def together(parts: Sequence[Part]) -> Figure:
    """Every curve and heat map among ``parts`` in one figure, below each other. Raises ``BadValue`` where matplotlib is
    missing."""
    require("matplotlib", what="a figure")
    drawn = [part for part in parts if isinstance(part, LinePlot | Heatmap)]
    heights = [_size(part)[1] for part in drawn]
    with _look():
        figure = _figure((WIDTH, sum(heights)))
        places = figure.subfigures(len(drawn), 1, height_ratios=heights, squeeze=False)
        for part, place in zip(drawn, places[:, 0], strict=True):
            _draw(part, place)
        figure.canvas.draw()  # the style holds for what is laid out here
    return figure


def _look() -> Any:
    import matplotlib

    look: Any = {**matplotlib.rcParamsDefault, **STYLE}
    look.pop("backend", None)  # a notebook's own stays
    return matplotlib.rc_context(look)


def _figure(size: tuple[float, float]) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from holdfast.report.shown_figure import ShownFigure

    figure = ShownFigure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def _size(part: LinePlot | Heatmap) -> tuple[float, float]:
    """Width and height in inches."""
    return (WIDTH, 3.2) if isinstance(part, LinePlot) else (WIDTH, min(max(1.4 + 0.16 * len(part.rows), 2.0), 7.0))


def _draw(part: LinePlot | Heatmap, figure: Any) -> None:
    _curve(part, figure) if isinstance(part, LinePlot) else _heatmap(part, figure)


def _curve(drawn: LinePlot, figure: Any) -> None:
    axes = figure.add_subplot()
    for number, line in enumerate(drawn.lines):
        look = {
            "color": COLOURS[number % len(COLOURS)],
            "linestyle": DASHES[number // len(COLOURS) % len(DASHES)] if len(drawn.lines) > 7 else DASHES[number % 4],
        }
        marker = "o" if len(line.x) <= MARKED else None
        axes.plot(line.x, _known(line.y), marker=marker, markersize=3, label=_plain(line.name) or None, **look)
        if line.low and line.high:
            axes.fill_between(line.x, _known(line.low), _known(line.high), color=look["color"], alpha=0.18, linewidth=0)
    if drawn.x_log and any(x > 0 for line in drawn.lines for x in line.x):
        axes.set_xscale("log")
    if drawn.y_log and any(y is not None and y > 0 for line in drawn.lines for y in line.y):
        axes.set_yscale("log")
    axes.set(xlabel=_plain(drawn.x_label), ylabel=_plain(drawn.y_label), title=_title(drawn.title))
    if any(line.name for line in drawn.lines):
        if len(drawn.lines) > INSIDE:
            figure.legend(loc="outside lower center", ncols=3, fontsize=8)
        else:
            axes.legend(fontsize=8)


def _heatmap(drawn: Heatmap, figure: Any) -> None:
    from numpy import array, ma

    values = ma.masked_invalid(array([_known(row) for row in drawn.values], float))
    axes = figure.add_subplot()
    largest = float(abs(values).max()) if values.count() else 1.0
    signed = bool(values.count()) and float(values.min()) < 0
    limits = {"vmin": -largest if signed else 0.0, "vmax": largest or 1.0}
    # A raster image in the SVG too: a rectangle for every number would be megabytes.
    image = axes.imshow(values, aspect="auto", interpolation="nearest", cmap="PuOr" if signed else "viridis", **limits)
    axes.set_facecolor("#bbbbbb")
    axes.grid(False)
    for axis, names in ((axes.xaxis, drawn.columns), (axes.yaxis, drawn.rows)):
        places = sorted({round(n * (len(names) - 1) / 9) for n in range(10)}) if len(names) > 16 else range(len(names))
        axis.set_ticks(list(places), [_plain(names[n]) for n in places])
    axes.set(xlabel=_plain(drawn.column_label), ylabel=_plain(drawn.row_label), title=_title(drawn.title))
    figure.colorbar(image, ax=axes, label=_plain(drawn.unit))


def _plain(text: str) -> str:
    """The text with dollar signs escaped, since they would start a formula."""
    return text.replace("$", r"\$")


def _title(text: str) -> str:
    return _plain(textwrap.fill(text, LONGEST_LINE))


def _known(values: Iterable[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
