"""A cell's step as the compiled library takes it: one product with the input, one with the hidden state, and then
unit by unit; or, of gates that read the input alone, without the product with the hidden state. ``record`` and
``record_gated`` hold a recorded step to that."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast import alphabet
from holdfast.core.cell import Cell
from holdfast.engine.readings import record as recorded
from holdfast.engine.readings.record import Node, Unsupported

__all__ = ["Node", "Program", "Unsupported", "record"]


@dataclass(frozen=True)
class Program:
    """``nodes`` in the order they are computed; ``after`` is every state after the step, the hidden state first."""

    cell: Cell
    nodes: tuple[Node, ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]

    def gates_of(self, source: str) -> tuple[Node, ...]:
        """The linear map's outputs in the order of its gates."""
        return tuple(n for n in self.nodes if n.word == source)


def record(cell: Cell) -> Program:
    """The step of ``cell``. Raises ``Unsupported`` where it is of another kind."""
    if not cell.states or cell.states[0] != "h":
        raise Unsupported("it has no hidden state h")
    if [m.source for m in cell.maps] != ["x", "h"]:
        raise Unsupported("it does not have one map of x and one of h")
    return _recorded(cell)


def record_gated(cell: Cell) -> Program:
    """The step of a cell whose gates read the input alone and whose only state is its output: unit by unit but for the
    map. Raises ``Unsupported`` where it is of another kind."""
    if cell.states != ("h",):
        raise Unsupported("it does not have one state, h")
    if [m.source for m in cell.maps] != ["x"]:
        raise Unsupported("it does not have one map, of x")
    return _recorded(cell)


def _recorded(cell: Cell) -> Program:
    if not cell.is_vector:
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
