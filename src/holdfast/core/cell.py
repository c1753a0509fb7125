"""What a cell is: one time step, with named gates and named states.

A file under ``cells/`` *is* a cell. Its module docstring has the sentence, equation and source; the module
has the names below, which ``registry`` checks and hands on as one ``Cell``.

States and gates are arrays over named axes. Most have one, the unit. A matrix memory declares
``axes = {"C": ("head", "value", "key"), "m": ("head",)}``, and the network supplies the sizes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from holdfast.core.errors import BadValue
from holdfast.core.ops import Reading, Value

CONSTANT = "constant"
"""The source of a map that reads nothing: its bias is all it gives."""
SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
VECTOR = ("unit",)
"""The axes of a state or gate that declares none."""


class Step(NamedTuple):
    """What one time step gives: the hidden output, the state that is carried on, and every gate by name."""

    output: Value
    state: Any
    gates: Any


@dataclass(frozen=True)
class Map:
    """One linear map of a cell: for every gate a matrix from ``source`` features to the units, and a bias or none.

    ``source`` names what it reads: the input x, a state, a gate, or another value inside the step; of a map that reads
    nothing it is ``constant``. A ``diagonal`` map has one weight for every unit, with which it reads that unit alone. A
    map ``per_head`` has a matrix for every head, which reads the source of that head alone: the first axis of its
    source and of its gates is ``head``.
    """

    gates: tuple[str, ...]
    source: str
    bias: bool
    diagonal: bool = False
    per_head: bool = False

    def __post_init__(self) -> None:
        if not SOURCE.fullmatch(self.source):
            raise BadValue(
                f"a map reads {self.source!r}, expected the name of a value, such as x, a state or {CONSTANT}.",
                "Use letters, digits and underscores, starting with a letter.",
            )
        if self.diagonal and self.source == "x":
            raise BadValue("a diagonal map cannot read x, since x has no unit axis.")
        if self.per_head and (self.diagonal or self.source in ("x", CONSTANT)):
            raise BadValue("a map per head reads a state or another value of heads, and cannot be diagonal.")
        if self.source == CONSTANT and (self.diagonal or not self.bias):
            raise BadValue("a map of a constant needs a bias and cannot be diagonal.")


StepFunction = Callable[[Reading, Mapping[str, Any], Value, Any], Step]
Initialise = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]
"""A layer's weights by source, and a NumPy generator, to the weights with the cell's own in their place."""


@dataclass(frozen=True)
class Part:
    """One cell of several in one step. ``names``: by the cell's own name for each of its states, gates and sources of
    maps, what the whole calls it."""

    cell: Cell
    names: Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """A cell, read from its file.

    ``letters`` are the symbols that the literature uses for the gates (``{"forget": "f"}``). ``keep`` names the
    gate whose opening keeps the state and ``write`` the one that lets new values in (empty where there is none):
    that is all that an initialisation needs to know to set a time scale.

    A cell's file may leave out what follows. ``axes`` has the axes of each state, gate or source of a map that is no
    vector over units; of ``x`` it says that what is read are the values of units, of whose number the inputs then have
    to be. ``sizes`` has the size of each axis that the network does not supply: a number, or how many times as large as
    another axis it is (``(4, "unit")``). ``keeps`` names the state that is the memory, the
    last one where nothing is said. ``identity`` says that the recurrent matrix is meant to start as the identity;
    ``initialise(layer, random)`` changes a layer's first weights, drawn by the scheme asked for, to the cell's own.
    ``parts`` are the cells of which a stack is made.
    """

    name: str
    title: str
    source: str
    maps: tuple[Map, ...]
    letters: Mapping[str, str]
    keep: str
    write: str
    states: tuple[str, ...]
    gates: tuple[str, ...]
    state_type: type
    step: StepFunction
    identity: bool = False
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    sizes: Mapping[str, int | tuple[int, str]] = field(default_factory=dict[str, int | tuple[int, str]])
    keeps: str = ""
    initialise: Initialise | None = None
    parts: tuple[Part, ...] = ()

    def own_name(self, name: str) -> str:
        """What the cell that has this state, gate or source of a map calls it: of a stack, ``h2`` is the ``h`` of its
        second cell."""
        for part in self.parts:
            for own, here in part.names.items():
                if here == name:
                    return part.cell.own_name(own)
        return name

    @property
    def innermost(self) -> tuple[Cell, ...]:
        """The cells of a stack from the lowest; of any other cell itself."""
        return tuple(cell for part in self.parts for cell in part.cell.innermost) or (self,)

    def axes_of(self, name: str) -> tuple[str, ...]:
        """The axes of a state, a gate or what a map reads, by name."""
        return self.axes.get(name, VECTOR)

    @property
    def memory(self) -> str:
        """The state that keeps what is remembered, by name: ``keeps`` or the last one; "" where there is none."""
        return self.keeps or (self.states[-1] if self.states else "")

    @property
    def reads_units(self) -> bool:
        """Whether a layer reads the values of as many units as it has itself, as the block of a residual network."""
        return self.axes.get("x") == VECTOR

    @property
    def has_heads(self) -> bool:
        return any("head" in axes for axes in self.axes.values())

    @property
    def is_vector(self) -> bool:
        """Whether every state and gate is a vector over the units."""
        return all(axes == VECTOR for axes in self.axes.values())

    def shape(self, name: str, units: int, heads: int = 1) -> tuple[int, ...]:
        """The shape of a state or gate in a layer of these sizes.

        ``unit`` is the number of units and ``head`` of heads, among which the units are divided: every other axis that
        the cell gives no size has units / heads.
        """
        return self.sizes_of(self.axes_of(name), units, heads)

    def sizes_of(self, axes: tuple[str, ...], units: int, heads: int = 1) -> tuple[int, ...]:
        """The sizes of these axes, by name, in a layer of these sizes."""
        known = {"unit": units, "head": heads, **{a: n for a, n in self.sizes.items() if isinstance(n, int)}}
        for axis, size in self.sizes.items():
            if not isinstance(size, int):
                known[axis] = size[0] * known.get(size[1], units // heads)
        return tuple(known.get(axis, units // heads) for axis in axes)

    def mistakes(self, units: int, heads: int) -> list[str]:
        """Why a layer of this cell cannot have these sizes, as clauses; none where it can."""
        if heads > 1 and not self.has_heads:
            return [f"heads is {heads}, but {self.name} has no heads: expected 1"]
        fits = heads < 1 or units % heads == 0  # below 1 it is out of its limits, which is told elsewhere
        return [] if fits else [f"heads is {heads}, expected a divisor of {units} units"]

    def input_mistakes(self, inputs: int, units: int) -> list[str]:
        """Why the first layer of a network cannot read so many inputs, as clauses; none where it can."""
        if not self.reads_units or inputs == units:
            return []
        return [
            f"{self.name} adds what it reads to the values of its {units} units, but there are {inputs} inputs: "
            f"expected {units}, or an embedding below the first layer"
        ]

    def rows(self, m: Map, inputs: int, units: int, heads: int = 1) -> int:
        """How many rows the matrix of one gate of a map has."""
        if m.diagonal:
            return 1
        if m.per_head:
            return prod(self.sizes_of(self.axes_of(m.source)[1:], units, heads))
        return {"x": inputs, CONSTANT: 0}.get(m.source, prod(self.shape(m.source, units, heads)))

    def parameters(self, inputs: int, units: int, steps: int = 1, heads: int = 1) -> int:
        """How many numbers one layer of this cell holds, or where ``steps`` steps have weights of their own, all of
        them."""
        return steps * sum(
            prod(self.shape(gate, units, heads)) * (self.rows(m, inputs, units, heads) + m.bias)
            for m in self.maps
            for gate in m.gates
        )

    def state_size(self, units: int, heads: int = 1) -> int:
        """How many numbers one layer carries from step to step."""
        return sum(prod(self.shape(state, units, heads)) for state in self.states)
