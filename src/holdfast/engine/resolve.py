"""Find a cell by its full name: ``lstm``, a block around a cell as ``prenorm(lstm)``, or ``stack(lstm,gru)``."""

from __future__ import annotations

import re
from typing import Any

from holdfast import blocks, cells
from holdfast.core.cell import VECTOR, Cell
from holdfast.core.errors import BadValue
from holdfast.core.values import LONGEST_TEXT, listed
from holdfast.engine.readings.record import NotOpened, Unsupported, record

NONE = "none"
"""The name that stands for no block."""
WRAPPED = re.compile(r"([a-z][a-z0-9_-]*)\((.+)\)")


def full_name(cell: str, block: str = NONE) -> str:
    """The full name of a cell in a block: ``prenorm(lstm)``, or ``lstm`` without a block."""
    return cell if block == NONE else f"{block}({cell})"


def taken_apart(name: str) -> tuple[str, tuple[str, ...]]:
    """The outermost block of a full name and the names inside it; ("", ()) for a cell without a block.

    >>> taken_apart("stack(prenorm(lstm),gru)")
    ('stack', ('prenorm(lstm)', 'gru'))
    """
    match = WRAPPED.fullmatch(name)
    return (match[1], tuple(listed(match[2]))) if match else ("", ())


def parts(name: str) -> tuple[str, ...]:
    """The blocks and cells of a full name, the outermost first: ``("prenorm", "lstm")``."""
    block, inside = taken_apart(name)
    return (block, *(part for one in inside for part in parts(one))) if block else (name,)


def resolve(name: str) -> Cell:
    """The cell of this name.

    Raises ``UnknownName`` for a cell or block that does not exist, ``BadFile`` if its file is incomplete, and
    ``BadValue`` if the block does not fit the cells.

    >>> resolve("prenorm(lstm)").states
    ('h', 'c')
    >>> resolve("stack(lstm,gru)").states
    ('h', 'c', 'h2')
    """
    if len(name) > LONGEST_TEXT:
        raise BadValue(f"the cell '{name[:20]}...' has {len(name):,} characters, expected at most {LONGEST_TEXT}.")
    block, names = taken_apart(name)
    if not block:
        return cells.get(name)
    inside = tuple(map(resolve, names))
    # The step and the module are part of the key: a file may be replaced by another of the same name.
    key = (name, *(cell.step for cell in inside), blocks.FOLDER.load(block))
    if key not in _wrapped:
        _wrapped[key] = blocks.around(block, inside, tuple(map(_output_axes, inside)))
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
