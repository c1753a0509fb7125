"""A cell's step, recorded: the words it calls on what, so that it can be written in another language.

``record`` reads the step once with a reading that computes nothing and remembers everything. What comes out is the
step as a list of words in the order they were said, which is all that forward code needs, and, read backwards, all
that its gradient needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.core.cell import Cell, Map


class Unsupported(Exception):  # noqa: N818 -- a reason, not an error
    """Why this step is not one product with the input, one with the hidden state, and then unit by unit."""


@dataclass(frozen=True, eq=False)
class Node:
    """One value of the step: ``word`` applied to ``operands``, or something given: gate number ``place`` of a linear
    map (``x`` or ``h``), or the state number ``place`` ``before`` the step."""

    word: str
    operands: tuple[Node, ...] = ()
    place: int = 0


@dataclass(frozen=True)
class Program:
    """``nodes`` in the order they are computed; ``after`` is every state after the step, the hidden state first."""

    cell: Cell
    nodes: tuple[Node, ...]
    before: tuple[Node, ...]
    after: tuple[Node, ...]

    def map_of(self, source: str) -> Map:
        return next(m for m in self.cell.maps if m.source == source)

    def gates_of(self, source: str) -> tuple[Node, ...]:
        """The linear map's outputs in the order of its gates."""
        return tuple(n for n in self.nodes if n.word == source)


@dataclass
class Recorder:
    """The alphabet read as a list of what was said."""

    sources: Mapping[str, Node]
    nodes: list[Node] = field(default_factory=list)

    def linear(self, weights: Map, source: Node) -> Mapping[str, Node]:
        if source is not self.sources.get(weights.source):
            raise Unsupported(f"its map of {weights.source} reads a value from inside the step")
        if any(n.word == weights.source for n in self.nodes):
            raise Unsupported(f"its map of {weights.source} is used twice")
        return {gate: self._said(weights.source, (), place) for place, gate in enumerate(weights.gates)}

    def add(self, *terms: Node) -> Node:
        return self._said("add", terms)

    def multiply(self, a: Node, b: Node) -> Node:
        return self._said("multiply", (a, b))

    def mix(self, keep: Node, kept: Node, new: Node) -> Node:
        return self._said("mix", (keep, kept, new))

    def sigmoid(self, a: Node) -> Node:
        return self._said("sigmoid", (a,))

    def tanh(self, a: Node) -> Node:
        return self._said("tanh", (a,))

    def relu(self, a: Node) -> Node:
        return self._said("relu", (a,))

    def _said(self, word: str, operands: tuple[Node, ...], place: int = 0) -> Node:
        if not all(isinstance(operand, Node) for operand in operands):
            raise Unsupported(f"its {word} is of a number that no map and no state gave")
        node = Node(word, operands, place)
        self.nodes.append(node)
        return node


def record(cell: Cell) -> Program:
    """The step of ``cell``. Raises ``Unsupported`` where it is of another kind."""
    if not cell.states or cell.states[0] != "h":
        raise Unsupported("it has no hidden state h")
    if [m.source for m in cell.maps] != ["x", "h"]:
        raise Unsupported("it does not have one map of x and one of h")
    before = tuple(Node("before", (), place) for place in range(len(cell.states)))
    inputs = Node("input")
    reading: Any = Recorder({"x": inputs, "h": before[0]})
    weights = {m.source: m for m in cell.maps}
    try:
        output, state, _ = cell.step(reading, weights, inputs, cell.state_type(*before))
    except Unsupported:
        raise
    except Exception as error:  # whatever its step does with what is no number
        raise Unsupported("its step says more than the alphabet has") from error
    if not all(isinstance(node, Node) for node in state):
        raise Unsupported("it hands on a state that it was not given and has not computed")
    if output is not state.h:
        raise Unsupported("its output is not its hidden state")
    if set(state) & {inputs, *before}:
        raise Unsupported("it hands a state on untouched")
    return Program(cell, tuple(reading.nodes), before, tuple(state))
