"""A cell by its full name: ``lstm``, or a block around one, ``prenorm(lstm)``."""

from __future__ import annotations

import re
from typing import Any

from holdfast import blocks, cells
from holdfast.core.cell import VECTOR, Cell
from holdfast.core.errors import BadValue
from holdfast.engine.readings.record import NotOpened, Unsupported, record

NONE = "none"
"""The name of no block."""
WRAPPED = re.compile(r"([a-z][a-z0-9_-]*)\((.+)\)")


def full_name(cell: str, block: str = NONE) -> str:
    """What a network of this cell in this block says its cell is: ``prenorm(lstm)``, or ``lstm``."""
    return cell if block == NONE else f"{block}({cell})"


def parts(name: str) -> tuple[str, ...]:
    """The blocks of a full name from the outermost, then the cell: ``("prenorm", "lstm")``."""
    match = WRAPPED.fullmatch(name)
    return (match[1], *parts(match[2])) if match else (name,)


def resolve(name: str) -> Cell:
    """The cell of this name.

    Raises ``UnknownName`` for a cell or block that does not exist, ``BadFile`` where a file lacks something, and
    ``BadValue`` where the block does not fit the cell.

    >>> resolve("prenorm(lstm)").states
    ('h', 'c')
    """
    match = WRAPPED.fullmatch(name)
    if not match:
        return cells.get(name)
    inner, block = resolve(match[2]), blocks.FOLDER.load(match[1])
    key = (name, inner.step, block)  # other files of these names have others
    if key not in _wrapped:
        _wrapped[key] = blocks.wrapped(match[1], inner, _output_axes(inner))
    return _wrapped[key]


def _output_axes(cell: Cell) -> tuple[str, ...]:
    try:
        return record(cell).output.axes
    except NotOpened as why:
        if cell.is_vector:
            return VECTOR
        raise BadValue(
            f"{cell.name} cannot be put into a block, since the axes of its output are not known: {why}."
        ) from why
    except Unsupported as why:
        raise BadValue(f"{cell.name} cannot be put into a block: {why}.") from why


_wrapped: dict[Any, Cell] = {}
