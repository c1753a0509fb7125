"""Properties of gates and states, read from the recorded step: which word computes each, its range, and its role."""

from __future__ import annotations

from math import isfinite

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings.record import Node, record

GIVEN = ("linear", "before", "input")
"""The kinds of values that no word of the alphabet computes."""


def made_by(cell: Cell) -> dict[str, str]:
    """The word that computes each gate and state, by name: ``{"forget": "sigmoid", "c": "add", "h": "multiply"}``.

    "linear" stands for the output of a linear map, "before" for a state that is passed on unchanged, "input" for the
    input itself.
    """
    step = record(cell)
    named = dict(zip((*cell.gates, *cell.states), (*step.gates, *step.after), strict=True))
    return {name: _word(node) for name, node in named.items()}


def limits_of(cell: Cell) -> dict[str, tuple[float, float]]:
    """The smallest and largest value of each gate and state by name, for those that are bounded on both sides."""
    found = {name: alphabet.get(word).limits for name, word in made_by(cell).items() if word not in GIVEN}
    return {name: ends for name, ends in found.items() if ends is not None and all(map(isfinite, ends))}


def openings(cell: Cell) -> tuple[str, ...]:
    """The gates with values between 0 and 1, such as an input or forget gate."""
    limits = limits_of(cell)
    return tuple(gate for gate in cell.gates if limits.get(gate) == (0.0, 1.0))


def mixes(cell: Cell, gate: str) -> bool:
    """Whether a gate k interpolates: k*a + (1-k)*b, as the update gate of a GRU does."""
    step = record(cell)
    opened = step.gates[cell.gates.index(gate)]
    return any(node.word == "mix" and node.operands[0] is opened for node in step.nodes)


def shown(cell: Cell) -> str:
    """The name of the state or gate that is the output of the cell; "" if the output is neither."""
    step = record(cell)
    named = (*zip(cell.states, step.after, strict=True), *zip(cell.gates, step.gates, strict=True))
    return next((name for name, node in named if node is step.output), "")


def _word(node: Node) -> str:
    return node.word if node.source is None else "linear"
