"""What a cell is: one time step, with named gates and named states.

A file under ``cells/`` *is* a cell. Its module docstring has the sentence, equation and source; the module
has the names below, which ``registry`` checks and hands on as one ``Cell``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from holdfast.core.errors import BadValue
from holdfast.core.ops import Reading, Value

SOURCES = ("x", "h", "c", "k")
"""What the linear maps of a cell may read."""


class Step(NamedTuple):
    """What one time step gives: the hidden output, the state that is carried on, and every gate by name."""

    output: Value
    state: Any
    gates: Any


@dataclass(frozen=True)
class Map:
    """One linear map of a cell: for every gate a matrix from ``source`` features to the units, and a bias or none.

    ``source`` is the input x, the states h or c, or k, a layer of units inside the step. A ``diagonal`` map has one
    weight for every unit, with which it reads that unit alone.
    """

    gates: tuple[str, ...]
    source: str
    bias: bool
    diagonal: bool = False

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise BadValue(f"a map reads one of {', '.join(SOURCES)}, not {self.source!r}.")
        if self.diagonal and self.source == "x":
            raise BadValue("a diagonal map reads x, and a unit has no input of its own.")

    def rows(self, inputs: int, units: int) -> int:
        """How many weights of one gate lead to one unit."""
        return 1 if self.diagonal else inputs if self.source == "x" else units


StepFunction = Callable[[Reading, Mapping[str, Any], Value, Any], Step]


@dataclass(frozen=True)
class Cell:
    """A cell, read from its file.

    ``letters`` are the symbols that the literature uses for the gates (``{"forget": "f"}``). ``keep`` names the
    gate whose opening keeps the state and ``write`` the one that lets new values in (empty where there is none):
    that is all that an initialisation needs to know to set a time scale. ``identity`` says that the recurrent
    matrix is meant to start as the identity (a name that a cell's file may leave out).
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

    def parameters(self, inputs: int, units: int, steps: int = 1) -> int:
        """How many numbers one layer of this cell holds, or where ``steps`` steps have weights of their own, all of
        them."""
        return steps * sum(len(m.gates) * units * (m.rows(inputs, units) + m.bias) for m in self.maps)
