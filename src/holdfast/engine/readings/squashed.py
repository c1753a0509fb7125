"""A step read for one question: what was done last to each gate and state?

``sigmoid`` makes an opening, ``tanh`` a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.core.cell import Cell, Step

OPENINGS = ("sigmoid", "share")
"""Words whose results lie between 0 and 1: how far a gate is open."""


class Word(str):
    """The name of the word that made a value; two values are the same only if they are one object."""


class Squashed:
    """Every value is the name of the word that made it, whatever the word; ``mixed`` are those that ``mix`` kept by."""

    def __init__(self) -> None:
        self.mixed: list[Word] = []

    def linear(self, weights: tuple[str, ...], source: Word) -> Mapping[str, Word]:
        return {gate: Word("linear") for gate in weights}

    def mix(self, keep: Word, kept: Word, new: Word) -> Word:
        self.mixed.append(keep)
        return Word("mix")

    def __getattr__(self, word: str):
        if word.startswith("_"):
            raise AttributeError(word)
        return lambda *values: Word(word)


def _read(cell: Cell) -> tuple[Step, list[Word]]:
    reading: Any = Squashed()
    weights = {m.source: m.gates for m in cell.maps}
    step = cell.step(reading, weights, Word("x"), cell.state_type(*map(Word, cell.states)))
    return step, reading.mixed


def squashed(cell: Cell) -> dict[str, str]:
    """By gate, the word of the alphabet that its value comes from: ``{"forget": "sigmoid", "candidate": "tanh"}``."""
    return {gate: str(word) for gate, word in _read(cell)[0].gates._asdict().items()}


def squashed_states(cell: Cell) -> dict[str, str]:
    """By state, the word that its value after a step comes from: ``{"h": "multiply", "c": "add"}``."""
    return {state: str(word) for state, word in _read(cell)[0].state._asdict().items()}


def openings(cell: Cell) -> tuple[str, ...]:
    """The gates that say how far something is let through: those whose values lie between 0 and 1."""
    return tuple(gate for gate, word in squashed(cell).items() if word in OPENINGS)


def mixes(cell: Cell, gate: str) -> bool:
    """Whether a gate keeps and lets in by one opening: k*a + (1-k)*b."""
    step, mixed = _read(cell)
    return any(getattr(step.gates, gate) is word for word in mixed)
