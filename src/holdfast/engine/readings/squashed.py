"""A step read for one question: what was done last to each gate? ``sigmoid`` makes an opening, ``tanh`` a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.core.cell import Cell

OPENINGS = ("sigmoid", "share")
"""Words whose results lie between 0 and 1: how far a gate is open."""


class Squashed:
    """Every value is the name of the word that made it, whatever the word."""

    def linear(self, weights: tuple[str, ...], source: str) -> Mapping[str, str]:
        return dict.fromkeys(weights, "linear")

    def __getattr__(self, word: str):
        if word.startswith("_"):
            raise AttributeError(word)
        return lambda *values: word


def squashed(cell: Cell) -> dict[str, str]:
    """By gate, the word of the alphabet that its value comes from: ``{"forget": "sigmoid", "candidate": "tanh"}``."""
    weights = {m.source: m.gates for m in cell.maps}
    reading: Any = Squashed()
    return cell.step(reading, weights, "x", cell.state_type(*cell.states)).gates._asdict()


def openings(cell: Cell) -> tuple[str, ...]:
    """The gates that say how far something is let through: those whose values lie between 0 and 1."""
    return tuple(gate for gate, word in squashed(cell).items() if word in OPENINGS)
