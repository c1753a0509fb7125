"""What a recorded step says of its gates and states: which word made each, which are openings, which one keeps."""

from __future__ import annotations

from math import isfinite

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.record import Node, record

GIVEN = ("linear", "before", "input")
"""What a value comes from that no word made."""


def made_by(cell: Cell) -> dict[str, str]:
    """By gate and state, the word that its value comes from: ``{"forget": "sigmoid", "c": "add", "h": "multiply"}``.

    "linear" is the value of a map, "before" a state handed on, "input" the input itself.
    """
    step = record(cell)
    named = dict(zip((*cell.gates, *cell.states), (*step.gates, *step.after), strict=True))
    return {name: _word(node) for name, node in named.items()}


def limits_of(cell: Cell) -> dict[str, tuple[float, float]]:
    """By gate and state, the least and the largest value; only those that are bounded on both sides."""
    found = {name: alphabet.get(word).limits for name, word in made_by(cell).items() if word not in GIVEN}
    return {name: ends for name, ends in found.items() if ends is not None and all(map(isfinite, ends))}


def openings(cell: Cell) -> tuple[str, ...]:
    """The gates that say how far something is let through: those whose values lie between 0 and 1."""
    limits = limits_of(cell)
    return tuple(gate for gate in cell.gates if limits.get(gate) == (0.0, 1.0))


def mixes(cell: Cell, gate: str) -> bool:
    """Whether a gate keeps and lets in by one opening: k*a + (1-k)*b."""
    step = record(cell)
    opened = step.gates[cell.gates.index(gate)]
    return any(node.word == "mix" and node.operands[0] is opened for node in step.nodes)


def shown(cell: Cell) -> str:
    """The state or gate that is the output of the cell, by name; "" where the output is neither."""
    step = record(cell)
    named = (*zip(cell.states, step.after, strict=True), *zip(cell.gates, step.gates, strict=True))
    return next((name for name, node in named if node is step.output), "")


def _word(node: Node) -> str:
    return node.word if node.source is None else "linear"
