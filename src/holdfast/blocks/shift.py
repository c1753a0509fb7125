"""A token shift: every gate that reads the input reads the input of the step before, too.

    s = P x + b,   p' = s,   and W x + A p in the place of every W x of the cell

Where a key and its value come at successive steps, a matrix memory whose gates read x alone cannot store one under the
other. Here a key can be made of p, and its value of x. The new state p is the projection of x to the units. With as
many units as inputs, W x + A p is every convolution over two steps, that of keys, queries and values each by itself
(short convolution, width 2) among them.

Shapes: those of the cell; x [..., input]; p and s [..., unit].
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.core.cell import Cell, Map, Step, StepFunction
from holdfast.core.errors import BadFile, BadValue
from holdfast.core.ops import Reading, Value

source = (
    "the shift of keys in Fu et al. 2023, arXiv:2212.14052; of what keys, values and gates read in Peng et al. 2023, "
    "arXiv:2305.13048"
)
INPUT, PREVIOUS, SHIFTED = "x", "p", "shifted"


def wrapped(name: str, cell: Cell, output: tuple[str, ...]) -> Cell:
    """The cell called ``name``, whose gates read two steps. Its output is that of the cell.

    Raises ``BadValue`` where ``cell`` has a state, gate or map of one of the names that are added.
    """
    taken = {*cell.states, *cell.gates, *cell.letters.values(), *(m.source for m in cell.maps)}
    if found := sorted(taken & {PREVIOUS, SHIFTED}):
        raise BadValue(
            f"the block shift and the cell {cell.name} both name {', '.join(found)}.",
            "Take another block or cell, or rename these in one of the two files.",
        )
    reads = next(m for m in cell.maps if m.source == INPUT)
    others = tuple(m for m in cell.maps if m is not reads)
    states: Any = namedtuple("State", (*cell.states, PREVIOUS))
    gates: Any = namedtuple("Gates", (*cell.gates, SHIFTED))
    return replace(
        cell,
        name=name,
        title=f"A cell whose gates read the input of this step and of the one before: {cell.title}",
        source=f"{source}; {cell.source}",
        maps=(replace(reads, gates=(*reads.gates, SHIFTED)), Map(reads.gates, PREVIOUS, bias=False), *others),
        letters={**cell.letters, SHIFTED: _letter(cell)},
        states=states._fields,
        gates=gates._fields,
        state_type=states,
        step=_step(cell, states, gates),
        keeps=cell.memory or PREVIOUS,
    )


def _letter(cell: Cell) -> str:
    letter = "s"
    while letter in {*cell.letters.values(), *cell.states}:
        letter += "s"
    return letter


@dataclass
class _TwoSteps:
    """The reading that the cell computes with: its map of x gives W x + A p. ``projected`` has P x + b as soon as the
    cell has read x."""

    ops: Reading
    weights: Mapping[str, Any]
    previous: Value
    projected: list[Value] = field(default_factory=list[Value])

    def linear(self, weights: Any, source: Value) -> Mapping[str, Value]:
        found = self.ops.linear(weights, source)
        if weights is not self.weights[INPUT]:
            return found
        self.projected.append(found[SHIFTED])
        before = self.ops.linear(self.weights[PREVIOUS], self.previous)
        return {gate: self.ops.add(found[gate], value) for gate, value in before.items()}

    def __getattr__(self, name: str) -> Callable[..., Value]:
        return getattr(self.ops, name)


def _step(cell: Cell, states: Any, gates: Any) -> StepFunction:
    def step(ops: Reading, weights: Mapping[str, Any], x: Value, state: Any) -> Step:
        reading: Any = _TwoSteps(ops, weights, state.p)
        inner = cell.state_type(*(getattr(state, name) for name in cell.states))
        found = cell.step(reading, weights, x, inner)
        if len(reading.projected) != 1:
            raise BadFile(
                f"shift: {cell.name} applies its map of x {len(reading.projected)} times a step, expected once.",
                "In the cell's file, write ops.linear(weights['x'], x) once.",
            )
        (projected,) = reading.projected
        return Step(found.output, states(*found.state, projected), gates(*found.gates, projected))

    return step
