"""The folders of the package: their files and lines, and a matrix of the imports between them.

``tests/architecture.py`` defines what a room is and how imports are read, and tests which imports are allowed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pages

import holdfast
from tests.architecture import MAY_IMPORT, arrows

ROOT = Path(holdfast.__file__).parent
CELL, LEFT, TOP, BAR = 22, 150, 120, 160
"""Sizes in pixels: a square of the matrix, the space for names to its left and above it, the longest bar."""


@dataclass(frozen=True)
class Contents:
    """A folder with Python files: its description, and the number of its files and lines."""

    folder: str
    sentence: str
    files: int
    lines: int


def contents(root: Path = ROOT) -> list[Contents]:
    """Every folder of the package with Python files, in the order of the table of imports."""
    order = list(MAY_IMPORT)
    folders = {file.parent.relative_to(root) for file in root.rglob("*.py")} - {Path()}
    rank = {folder: order.index(folder.parts[0]) if folder.parts[0] in order else len(order) for folder in folders}
    return [_contents(root, folder) for folder in sorted(folders, key=lambda folder: (rank[folder], folder))]


def _contents(root: Path, folder: Path) -> Contents:
    files = sorted((root / folder).glob("*.py"))
    front = root / folder / "__init__.py"
    docstring = ast.get_docstring(ast.parse(front.read_text(encoding="utf-8"))) if front.exists() else None
    sentence = (docstring or "").split("\n\n")[0].replace("\n", " ")
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    return Contents(folder.as_posix(), sentence, len(files), lines)


def section(root: Path = ROOT) -> str:
    """The text that ``architecture.md`` includes: the matrix, the folders, and the imports of every room."""
    found, imported = contents(root), arrows(root)
    folders = [(f"`{c.folder}/`", pages.escaped(c.sentence), f"{c.files}", f"{c.lines:,}") for c in found]
    words = [(f"`{room}`", ", ".join(f"`{one}`" for one in known) or "nothing") for room, known in imported.items()]
    return "\n\n".join(
        (
            picture(imported, found),
            "A square is an import: the room of the row imports the room of the column. Rooms are ordered so that each "
            "imports only rooms above it; no square is above the diagonal. Bars are lines of Python.",
            pages.table(("folder", "what it is", "files", "lines"), folders),
            pages.table(("room", "imports"), words),
            "",
        )
    )


def picture(imported: dict[str, tuple[str, ...]], found: list[Contents]) -> str:
    """The matrix of imports and the lines of each room, as an SVG in the colour of the text."""
    rooms, lines = list(imported), _lines(list(imported), found)
    width, height = LEFT + CELL * len(rooms) + 20 + BAR + 60, TOP + CELL * len(rooms) + 10
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="100%" role="img" aria-label="Which room imports which" '
        'fill="currentColor" font-family="sans-serif" font-size="12">'
    ]
    for row, room in enumerate(rooms):
        x, y = LEFT + CELL * row, TOP + CELL * row
        parts.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{room}</text>')
        parts.append(f'<text transform="translate({x + 15} {TOP - 8}) rotate(-60)">{room}</text>')
        parts.append(f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" opacity="0.15"/>')
        for known in imported[room]:
            at = LEFT + CELL * rooms.index(known)
            parts.append(
                f'<rect x="{at + 3}" y="{y + 3}" width="{CELL - 6}" height="{CELL - 6}" opacity="0.75">'
                f"<title>{room} imports {known}</title></rect>"
            )
        end = LEFT + CELL * len(rooms) + 20
        bar = round(BAR * lines[room] / max(lines.values()))
        parts.append(f'<rect x="{end}" y="{y + 4}" width="{bar}" height="{CELL - 8}" opacity="0.4"/>')
        parts.append(f'<text x="{end + bar + 6}" y="{y + 15}">{lines[room]:,}</text>')
    return "\n".join((*parts, "</svg>"))


def _lines(rooms: list[str], found: list[Contents]) -> dict[str, int]:
    """The lines of every room with its folders. The lines of a room inside it are not included."""
    lines = dict.fromkeys(rooms, 0)
    for one in found:
        dotted = one.folder.replace("/", ".") + "."
        lines[max((room for room in rooms if dotted.startswith(room + ".")), key=len)] += one.lines
    return lines
