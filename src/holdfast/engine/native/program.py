"""The steps that the compiled library supports. ``record`` accepts a step of one product with the input, one product
with the hidden state, and elementwise operations on units, which may be divided into heads: the matrices of all heads
are then one matrix with a block for each. ``record_gated`` accepts a step whose gates depend only on the input, without
the product with the hidden state."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings import record as recorded
from holdfast.engine.readings.record import Node, Unsupported

__all__ = ["Node", "Program", "Unsupported", "record"]


@dataclass(frozen=True)
class Program:
    """A step for the library: ``nodes`` in the order of computation; ``before`` and ``after`` are the states before and
    after the step, the hidden state first."""

    cell: Cell
    nodes: tuple[Node, ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]

    def gates_of(self, source: str) -> tuple[Node, ...]:
        """The outputs of the linear map of ``source``, in the order of its gates."""
        return tuple(n for n in self.nodes if n.word == source)


def record(cell: Cell) -> Program:
    """The step of ``cell``. Raises ``Unsupported`` if it does not have the form described in this module."""
    if not cell.states or cell.states[0] != "h":
        raise Unsupported("it has no hidden state h")
    if [m.source for m in cell.maps] != ["x", "h"]:
        raise Unsupported("it does not have one map of x and one of h")
    return _recorded(cell)


def record_gated(cell: Cell) -> Program:
    """The step of a cell whose gates depend only on the input and whose only state is its output. Raises
    ``Unsupported`` for any other cell."""
    if cell.states != ("h",):
        raise Unsupported("it does not have one state, h")
    if [m.source for m in cell.maps] != ["x"]:
        raise Unsupported("it does not have one map, of x")
    if not cell.is_vector:
        raise Unsupported("it has states or gates that are not vectors of units")
    return _recorded(cell)


def _is_one_number_a_unit(cell: Cell) -> bool:
    """Whether every state and gate has one number for every unit, in the same order."""
    (axes, *others) = {cell.axes_of(name) for name in (*cell.states, *cell.gates)}
    return not others and prod(cell.sizes_of(axes, units=6, heads=3)) == 6


def _recorded(cell: Cell) -> Program:
    if not _is_one_number_a_unit(cell):
        raise Unsupported("it has states or gates that are not vectors of units")
    if any(m.diagonal for m in cell.maps):
        raise Unsupported("it has a diagonal map")
    step = recorded.record(cell)
    for node in step.nodes:
        if node.operands and alphabet.get(node.word).gradient is None:
            raise Unsupported(f"there is no kernel for its {node.word}")
    for m in cell.maps:
        source = step.inputs if m.source == "x" else step.before[0]
        outputs = [node for node in step.nodes if node.word == m.source]
        if any(node.source is not source for node in outputs):
            raise Unsupported(f"its map of {m.source} reads a value from inside the step")
        if len(outputs) > len(m.gates):
            raise Unsupported(f"its map of {m.source} is used twice")
    if step.output is not step.after[0]:
        raise Unsupported("its output is not its hidden state")
    if set(step.after) & {step.inputs, *step.before}:
        raise Unsupported("it returns a state unchanged")
    return Program(cell, step.nodes, step.before, step.after)
