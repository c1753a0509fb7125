"""Render results as text in a terminal, by their type."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text
from holdfast.core.text import encodable, escaped, longest_word, width_of, wrapped
from holdfast.report import plots

GAP = 2
"""Columns between two columns of a table, and between two cells of a record."""
NARROW, TALL = 20, 5
"""A cell in a column below ``NARROW`` columns is hard to read from ``TALL`` lines on: its table becomes records."""
PLAIN_WIDTH = 120
"""The width in columns if the output is not a terminal, so that files are the same everywhere."""


def draw(parts: Iterable[Part]) -> None:
    """Write all parts to standard output, separated by blank lines.

    Names may come from untrusted files: control characters are escaped. Characters that the output's encoding lacks are
    replaced by ASCII before the layout of columns.
    """
    file = sys.stdout
    width = width_of(file, PLAIN_WIDTH)
    for number, part in enumerate(parts):
        if number:
            file.write("\n")
        if part.title:
            file.write(_wrap(escaped(part.title), width))
        match part:
            case Text():
                file.write("".join(_wrap(escaped(line), width) for line in _lines(part.text)))
            case Table():
                file.write(_table(part, width))
            case LinePlot():
                file.write(escaped(plots.curve(part, width), keep="\n"))
            case Heatmap():
                file.write(escaped(plots.heatmap(part, width), keep="\n"))


def _lines(text: str) -> list[str]:
    """The lines, separated by "\\n" only; ``str.splitlines`` would also split at characters that must stay visible."""
    return text.removesuffix("\n").split("\n") if text else []


def _wrap(line: str, width: int) -> str:
    return wrapped(encodable(line, sys.stdout.encoding), width) + "\n"


def _table(table: Table, width: int) -> str:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    encoding = sys.stdout.encoding
    rows = [tuple(encodable(escaped(cell), encoding) for cell in row) for row in table.rows]
    columns = list(zip(table.heads, *rows, strict=True))
    natural = [max(map(cell_len, column)) for column in columns]
    words = [max(cell_len(longest_word(cell)) for cell in column) for column in columns]
    widths = _fitted(natural, words, width - GAP * (len(columns) - 1))
    if widths is None or any(map(_is_hard_to_read, columns, widths)):
        return _records(table.heads, rows, width)
    drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for head, cells, columns_wide in zip(
        table.heads, zip(*rows, strict=True) if rows else [()] * len(columns), widths, strict=True
    ):
        numbers = bool(rows) and all(map(_is_number, cells))
        drawn.add_column(RichText(head), justify="right" if numbers else "left", overflow="fold", width=columns_wide)
    for row in rows:
        drawn.add_row(*(RichText(wrapped(*cell, indent="")) for cell in zip(row, widths, strict=True)))
    # RichText: a symbol such as "[red]" is text, never markup.
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(drawn)
    return "".join(line.rstrip() + "\n" for line in _lines(capture.get()))


def _fitted(natural: list[int], least: list[int], room: int) -> list[int] | None:
    """The widths of columns in ``room``: the widest are narrowed first, none below its longest word. None where
    they do not fit."""
    if sum(least) > room:
        return None
    widths = list(natural)
    while sum(widths) > room:
        widest = max((n for n in range(len(widths)) if widths[n] > least[n]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _is_hard_to_read(cells: Iterable[str], width: int) -> bool:
    return width < NARROW and any(wrapped(cell, width).count("\n") + 1 >= TALL for cell in cells)


def _records(heads: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> str:
    """A table that is too wide for its words, row by row: every cell with its head, as many as fit in a line. Of two
    columns the first is the head of the second."""
    if len(heads) == 2:
        return "".join(_wrap(": ".join(filter(None, row)), width) for row in rows)
    return "\n".join("".join(_packed(heads, row, width)) for row in rows)


def _packed(heads: tuple[str, ...], row: tuple[str, ...], width: int) -> Iterator[str]:
    line = ""
    for head, cell in zip(heads, row, strict=True):
        entry = ": ".join(filter(None, (head, cell))) if cell else ""
        if line and entry and len(line) + GAP + len(entry) > width:
            yield _wrap(line, width)
            line = ""
        line = (" " * GAP).join(filter(None, (line, entry)))
    yield _wrap(line, width)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").replace("e", "").replace("+", "").isdigit() or (
        cell in ("", "nan", "inf", "-")
    )
