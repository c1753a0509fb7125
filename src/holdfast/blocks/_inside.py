"""A block that has states of its own, and a cell inside it that may be wider than the block and read other values.

``around`` makes one cell of both. The step of the block is ``step(ops, weights, x, past, cell)``: ``past`` has the
block's own states, and ``cell(read)`` calls the cell inside, once, with what it reads in the place of x by the sources
of its maps. It returns the output, the block's own states and its own gates.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from holdfast.blocks import both, free_letters, merged
from holdfast.core.cell import CONSTANT, Cell, Initialise, Map, Step, StepFunction
from holdfast.core.errors import BadValue
from holdfast.core.ops import Reading, Value

WIDE = "inner"
"""The axis of the units of a cell that is wider than the block around it."""

Axes = tuple[str, ...]
Around = tuple[Value, tuple[Value, ...], tuple[Value, ...]]


@dataclass(frozen=True)
class Block:
    """What a block adds to the cell inside it; ``letters`` has its gates, ``title`` is put before the cell's."""

    title: str
    source: str
    states: tuple[str, ...]
    letters: Mapping[str, str]
    maps: tuple[Map, ...]
    step: Callable[..., Around]
    axes: Mapping[str, Axes]
    sizes: Mapping[str, int | tuple[int, str]] = field(default_factory=dict[str, int | tuple[int, str]])
    initialise: Initialise | None = None
    given: tuple[str, ...] = ()
    """The block's gates that the cell reads, by the sources of its maps."""


def around(name: str, block: Block, cell: Cell) -> Cell:
    """The cell called ``name``. Raises ``BadValue`` where both have a state, gate, axis or map of one name."""
    taken = {*cell.states, *cell.gates, *cell.letters.values(), *(m.source for m in cell.maps), *cell.sizes}
    added = {*block.states, *block.letters, *(m.source for m in block.maps), *block.sizes}
    if found := sorted(taken & added - {CONSTANT, *block.given}):
        raise BadValue(
            f"the block {name.partition('(')[0]} and the cell {cell.name} both name {', '.join(found)}.",
            "Take another block or cell, or rename these in one of the two files.",
        )
    states: Any = namedtuple("State", (*cell.states, *block.states))
    gates: Any = namedtuple("Gates", (*cell.gates, *block.letters))
    return replace(
        cell,
        name=name,
        title=f"{block.title}, around this cell: {cell.title}",
        source=f"{block.source}; {cell.source}",
        maps=merged((*block.maps, *cell.maps)),
        letters={**cell.letters, **free_letters(block.letters, cell)},
        states=states._fields,
        gates=gates._fields,
        state_type=states,
        step=_step(block, cell, states, gates),
        axes={**cell.axes, **block.axes},
        sizes={**cell.sizes, **block.sizes},
        keeps=cell.memory or block.states[0],
        initialise=both(cell.initialise, block.initialise),
    )


def _step(block: Block, cell: Cell, states: Any, gates: Any) -> StepFunction:
    past: Any = namedtuple("Past", block.states)

    def step(ops: Reading, weights: Mapping[str, Any], x: Value, state: Any) -> Step:
        called: list[Step] = []

        def inside(read: Mapping[str, Value]) -> Value:
            before = cell.state_type(*(getattr(state, name) for name in cell.states))
            apart: Any = _Apart(ops, weights, read)
            ((source, value), *more) = read.items()
            given = (apart, {**weights, "x": apart}) if more else (ops, {**weights, "x": weights[source]})
            called.append(cell.step(*given, value, before))
            return called[-1].output

        own = past(*(getattr(state, name) for name in block.states))
        output, after, opened = block.step(ops, weights, x, own, inside)
        (found,) = called
        return Step(output, states(*found.state, *after), gates(*found.gates, *opened))

    return step


@dataclass(frozen=True)
class _Apart:
    """The reading of a cell whose gates read several values in the place of x, by the sources of their maps. It stands
    for the cell's map of x, too."""

    ops: Reading
    weights: Mapping[str, Any]
    read: Mapping[str, Value]

    def linear(self, weights: Any, source: Value) -> Mapping[str, Value]:
        if weights is not self:
            return self.ops.linear(weights, source)
        found = [self.ops.linear(self.weights[name], value) for name, value in self.read.items()]
        return {gate: value for gates in found for gate, value in gates.items()}

    def __getattr__(self, name: str) -> Callable[..., Value]:
        return getattr(self.ops, name)


def reading(cell: Cell, source: str, times: int = 1, apart: Mapping[str, str] | None = None) -> Cell:
    """The cell that reads ``source`` in the place of x, and by each gate of ``apart`` another source, with units that
    are ``times`` as many as those of the network."""
    apart = {gate: other for gate, other in (apart or {}).items() if gate in cell.gates}
    sources = tuple(dict.fromkeys((source, *apart.values())))
    maps = tuple(part for m in cell.maps for part in (_parted(m, sources, apart) if m.source == "x" else [m]))
    axes, sizes = {name: axes for name, axes in cell.axes.items() if name != "x"}, dict(cell.sizes)
    if times > 1:
        sizes = dict[str, int | tuple[int, str]]()
        known = (*cell.states, *cell.gates, *(m.source for m in cell.maps if m.source not in ("x", CONSTANT)))
        axes = {name: tuple(_wide(cell, axis, times, sizes) for axis in cell.axes_of(name)) for name in known}
    start = cell.initialise if cell.initialise is None or sources == ("x",) else _started(cell.initialise, sources)
    return replace(cell, maps=maps, axes=axes, sizes=sizes, initialise=start)


def wide_axes(cell: Cell, axes: Axes, times: int) -> Axes:
    """What the axes of a value of a cell become where it has ``times`` as many units."""
    return tuple(_wide(cell, axis, times, {}) for axis in axes)


def _wide(cell: Cell, axis: str, times: int, sizes: dict[str, int | tuple[int, str]]) -> str:
    """The name of an axis of a wider cell, whose size is added to ``sizes``."""
    size = cell.sizes.get(axis)
    if axis == "head" or isinstance(size, int):
        sizes.update({} if size is None else {axis: size})
        return axis
    name = WIDE if axis == "unit" else f"{WIDE}_{axis}"
    sizes.setdefault(name, (times, axis) if size is None else (size[0], _wide(cell, size[1], times, sizes)))
    return name


def _parted(m: Map, sources: tuple[str, ...], apart: Mapping[str, str]) -> list[Map]:
    of = {source: tuple(gate for gate in m.gates if apart.get(gate, sources[0]) == source) for source in sources}
    return [replace(m, source=source, gates=gates) for source, gates in of.items() if gates]


@dataclass(frozen=True)
class _Maps:
    """Several linear maps as the one of x that a cell's first weights are put into."""

    maps: Mapping[str, Any]

    def put(self, gate: str, **values: Any) -> _Maps:
        source, linear = self._of(gate)
        return replace(self, maps={**self.maps, source: linear.put(gate, **values)})

    def of(self, gate: str) -> Any:
        return self._of(gate)[1].of(gate)

    def shape(self, gate: str) -> tuple[int, ...]:
        return self._of(gate)[1].shape(gate)

    def _of(self, gate: str) -> tuple[str, Any]:
        return next((source, linear) for source, linear in self.maps.items() if gate in linear.gates)


def _started(initialise: Initialise, sources: tuple[str, ...]) -> Initialise:
    """The first weights of a cell whose map of x is that of these sources."""

    def start(layer: Mapping[str, Any], random: Any) -> Mapping[str, Any]:
        own = {source: layer[source] for source in sources if source in layer}
        found = dict(initialise({**layer, "x": _Maps(own)}, random))
        return {**found, "x": layer["x"], **found["x"].maps}

    return start
