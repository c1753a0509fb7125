"""What the cells of earlier versions are called now: asked by what reads files, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FormerCell:
    """``settings`` that a training with the former name means besides its ``cell``; ``auto`` is the initialisation
    that "auto" stood for, where it stands for another one now."""

    cell: str
    settings: tuple[tuple[str, str], ...] = ()
    auto: str = "auto"


FORMER = {
    "irnn_tanh": FormerCell("elman", auto="keras+identity"),
    "per_step": FormerCell("lstm", (("weights", "per_step"),)),
    "lstm1997_truncated": FormerCell("lstm1997", (("gradient", "truncated_1997"),)),
}


def cell_of(name: str) -> str:
    """What the cell of this name is called now."""
    return FORMER[name].cell if name in FORMER else name


def settings_of(document: Any) -> Any:
    """Settings, or a place in a grid, as a file has them, in the words of today; anything else as it is.

    >>> settings_of({"cell": "irnn_tanh", "initialisation": "auto", "units": 2})
    {'cell': 'elman', 'initialisation': 'keras+identity', 'units': 2}
    """
    name = document.get("cell") if isinstance(document, dict) else None
    if not isinstance(name, str) or name not in FORMER:
        return document
    former = FORMER[name]
    new = {**document, **dict(former.settings), "cell": former.cell}
    return {**new, "initialisation": former.auto} if new.get("initialisation") == "auto" else new
