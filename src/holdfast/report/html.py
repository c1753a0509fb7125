"""Results as HTML without scripts: for notebooks, and as a plain page. Plots are SVG where matplotlib is installed,
characters elsewhere."""

from __future__ import annotations

import html
from collections.abc import Iterable

from holdfast.core.requirements import installed
from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text

WIDTH = 90
"""Columns of a plot in characters."""
STYLE = "font: 14px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em"


def fragment(parts: Iterable[Part]) -> str:
    """Every part as an element, the titles above them; all text is escaped."""
    return "<div class='holdfast'>" + "".join(_part(part) for part in parts) + "</div>"


def page(title: str, parts: Iterable[Part]) -> str:
    """A whole page, which needs no other file."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<body style="{STYLE}">{fragment(parts)}</body></html>'
    )


def _part(part: Part) -> str:
    title = f"<p><strong>{html.escape(part.title)}</strong></p>" if part.title else ""
    match part:
        case Text():
            return f"{title}<p style='white-space: pre-wrap'>{html.escape(part.text)}</p>"
        case Table():
            return title + _table(part)
        case LinePlot() | Heatmap():
            return _plot(part)


def _table(table: Table) -> str:
    heads = "".join(f"<th>{html.escape(head)}</th>" for head in table.heads)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _plot(part: LinePlot | Heatmap) -> str:
    if installed("matplotlib"):
        from holdfast.report import figures
        from holdfast.report.shown_figure import image

        return image(figures.together([part]), part.title)
    from holdfast.report import plots

    drawn = plots.curve(part, WIDTH) if isinstance(part, LinePlot) else plots.heatmap(part, WIDTH)
    return f"<p><strong>{html.escape(part.title)}</strong></p><pre>{html.escape(drawn)}</pre>"
