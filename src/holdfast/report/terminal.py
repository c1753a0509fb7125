"""Render results as text in a terminal, by their type."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable

from holdfast.core.results import Heatmap, LinePlot, Part, Table, Text
from holdfast.core.text import encodable, escaped
from holdfast.report import plots

PLAIN_WIDTH = 120
"""The width in columns if the output is not a terminal, so that files are the same everywhere."""


def draw(parts: Iterable[Part]) -> None:
    """Write all parts to standard output, separated by blank lines.

    Names may come from untrusted files: control characters are escaped. Characters that the output's encoding lacks are
    replaced by ASCII before the layout of columns.
    """
    file = sys.stdout
    width = shutil.get_terminal_size().columns if file.isatty() else PLAIN_WIDTH
    for number, part in enumerate(parts):
        if number:
            file.write("\n")
        if part.title:
            file.write(escaped(part.title) + "\n")
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
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) + "\n"


def _table(table: Table, width: int) -> str:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    drawn = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column, head in enumerate(table.heads):
        numbers = all(_is_number(row[column]) for row in table.rows)
        drawn.add_column(RichText(head), justify="right" if numbers and table.rows else "left", overflow="fold")
    encoding = sys.stdout.encoding
    for row in table.rows:
        drawn.add_row(*(RichText(encodable(escaped(cell), encoding)) for cell in row))
    # RichText: a symbol such as "[red]" is text, never markup.
    console = Console(width=width, highlight=False)
    with console.capture() as capture:
        console.print(drawn)
    return "".join(line.rstrip() + "\n" for line in _lines(capture.get()))


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").replace("e", "").replace("+", "").isdigit() or (
        cell in ("", "nan", "inf", "-")
    )
