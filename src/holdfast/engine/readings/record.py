"""The alphabet read as a graph of operations: a cell's step in a form that can be translated to another language.

``record`` runs the step once with a reading that computes nothing and stores every operation. The result is the list of
words in the order of their calls. Forward code is generated from this list, and the gradient from the list in reverse
order. Every cell written in the alphabet can be recorded; ``native/program.py`` decides which of them the compiled
library supports.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.alphabet import Words
from holdfast.core.cell import CONSTANT, VECTOR, Cell, Map
from holdfast.core.errors import UnknownName
from holdfast.core.ops import Word


class Unsupported(Exception):  # noqa: N818 -- a reason, not an error
    """Why a step cannot be recorded, or cannot be used for a purpose such as the compiled library."""


class NotOpened(Unsupported):
    """Why a cell that may run cannot be recorded: its step uses operations outside the alphabet. A model of it has the
    level *steps*."""


@dataclass(frozen=True, eq=False)
class Node:
    """One value of the step: ``word`` applied to ``operands``, or a value without operands.

    Values without operands are the input (``word`` is ``input``), state number ``place`` before the step (``before``),
    and gate number ``place`` of a linear map (``word`` is the map's name, such as ``x`` or ``h``, and ``source`` is the
    value that the map reads). ``axes`` are the names of the value's axes.
    """

    word: str
    operands: tuple[Node, ...] = ()
    place: int = 0
    source: Node | None = None
    axes: tuple[str, ...] = VECTOR


@dataclass(frozen=True)
class Recording:
    """A recorded step: ``nodes`` in the order of computation, the states ``before`` and ``after`` the step, the
    ``gates``, and the ``output`` that the layer above or the read-out reads. The states after the step, the gates and
    the output are nodes, ``inputs``, or elements of ``before``."""

    cell: Cell
    nodes: tuple[Node, ...]
    inputs: Node
    before: tuple[Node, ...]
    after: tuple[Node, ...]
    gates: tuple[Node, ...]
    output: Node


@dataclass
class Recorder(Words):
    """The reading that records every word in ``nodes``."""

    cell: Cell
    maps: Mapping[str, Map]
    nodes: list[Node] = field(default_factory=list[Node])

    def linear(self, weights: Map, source: Node) -> Mapping[str, Node]:
        name = next(name for name, known in self.maps.items() if known is weights)
        if name not in ("x", CONSTANT) and source.axes != (axes := self.cell.axes_of(name)):
            raise Unsupported(
                f"its map of {name} reads a value with the axes {source.axes}, expected {axes} as declared"
            )
        said = {
            gate: Node(name, (), place, source, self.cell.axes_of(gate)) for place, gate in enumerate(weights.gates)
        }
        self.nodes += said.values()
        return said

    def apply(self, word: Word, *operands: object) -> Node:
        nodes = tuple(operand for operand in operands if isinstance(operand, Node))
        if len(nodes) < len(operands):
            raise Unsupported(f"its {word.name} is applied to a value that is not from a map or a state")
        if len(operands) < 1 if word.arity is None else len(operands) != word.arity:
            raise Unsupported(f"its {word.name} has {len(operands)} operands")
        try:
            axes = word.axes_of_result([node.axes for node in nodes])
        except ValueError as error:
            raise Unsupported(f"its {word.name} has operands of different axes: {error}") from error
        node = Node(word.name, nodes, axes=axes)
        self.nodes.append(node)
        return node


def record(cell: Cell) -> Recording:
    """The recorded step of ``cell``. Raises ``NotOpened`` if the step uses operations outside the alphabet, and
    ``Unsupported`` if it uses words of the alphabet wrongly."""
    before = tuple(Node("before", (), place, axes=cell.axes_of(name)) for place, name in enumerate(cell.states))
    inputs, maps = Node("input", axes=cell.axes.get("x", ("input",))), {m.source: m for m in cell.maps}
    reading: Any = Recorder(cell, maps)
    try:
        output, state, gates = cell.step(reading, maps, inputs, cell.state_type(*before))
    except Unsupported:
        raise
    except UnknownName as unknown:
        raise Unsupported(f"its step uses '{unknown.got}', which is not a word of the alphabet") from unknown
    except Exception as error:  # the step may raise any error, since its operands are not numbers
        raise NotOpened(f"its step uses operations outside the alphabet ({_met(cell, error)})") from error
    if not all(isinstance(node, Node) for node in state):
        raise NotOpened("it returns a state that it has not read and that no word of the alphabet has computed")
    if not all(isinstance(node, Node) for node in (*gates, output)):
        raise NotOpened("its output or a gate is not computed from a map or a state by words of the alphabet")
    for name, node in (*zip(cell.states, state, strict=True), *zip(cell.gates, gates, strict=True)):
        if node.axes != cell.axes_of(name):
            raise Unsupported(f"its {name} has the axes {node.axes}, and {cell.axes_of(name)} are declared")
    return Recording(cell, tuple(reading.nodes), inputs, before, tuple(state), tuple(gates), output)


def _met(cell: Cell, error: Exception) -> str:
    """The line of the cell's file and the error that it raised while recording: ``line 31: TypeError``."""
    code = getattr(cell.step, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if code is not None and frame.filename == code.co_filename]
    said = f"{type(error).__name__}: {error}".strip().split("\n")[0].removesuffix(":")
    return f"line {lines[-1]}, {said}" if lines else said
