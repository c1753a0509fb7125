"""Every row of a task at once: a finite automaton whose edges read sets of inputs, and what is asked for where.

A scenario is what a proof about a task quantifies over. A row is a path: it begins at ``start``, each step takes
an edge out of where it is and reads one input vector from one of the edge's boxes, and at a node with an answer
the answer may be asked for. Numbers that have to be remembered have names (``x1``): an edge that *remembers* binds
one of its input channels to a name, and an answer is linear in the names bound before. Paths that are no row of
the task do no harm to a proof: what holds on every path holds on every row.

``Lengths`` says which paths are meant: the rows of exactly the task's length, all lengths up to it, or every length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from holdfast.core.errors import BadValue, refuse


@dataclass(frozen=True)
class Box:
    """Input vectors: ``low[i] <= x[i] <= high[i]`` for each feature i. A point has low == high.

    Raises ``BadValue`` where there is no such vector.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.low) != len(self.high):
            raise BadValue(f"a box has {len(self.low)} lower and {len(self.high)} upper ends.")
        for low, high in zip(self.low, self.high, strict=True):
            if not low <= high:
                raise BadValue(f"a box goes from {low:g} to {high:g}, expected the smaller number first.")


def point(*features: float) -> Box:
    return Box(features, features)


def one_hot(size: int, *places: int) -> tuple[Box, ...]:
    """The unit vectors of these places."""
    return tuple(point(*(float(i == place) for i in range(size))) for place in places)


def drawn(low: float, high: float) -> tuple[float, float]:
    """The range in which float32 numbers drawn from ``low`` to ``high`` lie: an end may be rounded outwards."""
    return min(low, float(np.float32(low))), max(high, float(np.float32(high)))


@dataclass(frozen=True)
class Edge:
    """One step from ``source`` to ``target``, reading a vector from any of ``boxes``.

    ``remember`` = (channel, name): what this channel reads is called ``name`` from here on. ``steps`` = (first, last):
    the steps, from 1, at which a row of exactly the task's length may take this edge; None: any.
    """

    source: str
    target: str
    boxes: tuple[Box, ...]
    remember: tuple[int, str] | None = None
    steps: tuple[int, int] | None = None


@dataclass(frozen=True)
class Value:
    """One output's right answer, a real number: ``constant`` + the sum of ``names[n]`` * n over remembered numbers."""

    names: Mapping[str, float]
    constant: float = 0.0


@dataclass(frozen=True)
class Class:
    """The right answer is a symbol: this output has to be the largest."""

    output: int


Answer = tuple[Value | None, ...] | Class
"""A real answer for every output (None: not asked for on this path, since another path asks for it), or the one
output that has to be the largest."""


@dataclass(frozen=True)
class Scenario:
    """The automaton. ``answers`` by node: what is right after the step that leads there. All times are steps.

    ``steps`` is the length of the task's longest row; the automaton itself may go on for ever, and then a proof
    may be asked for every length. Raises ``BadValue`` where an edge or an answer stands alone, or a range is missing.
    """

    start: str
    edges: tuple[Edge, ...]
    answers: Mapping[str, Answer]
    ranges: Mapping[str, tuple[float, float]]
    steps: int

    def __post_init__(self) -> None:
        nodes = {self.start, *(e.target for e in self.edges)}
        reasons = [
            f"an edge leaves '{node}', to which none leads" for node in _beyond({e.source for e in self.edges}, nodes)
        ]
        reasons += [f"'{node}' has an answer, and no edge leads there" for node in _beyond(set(self.answers), nodes)]
        named, ranges = {e.remember[1] for e in self.edges if e.remember}, set(self.ranges)
        reasons += [f"'{name}' is remembered and has no range" for name in _beyond(named, ranges)]
        reasons += [f"'{name}' has a range and is never remembered" for name in _beyond(ranges, named)]
        refuse(reasons, "the scenario is malformed")

    def leaving(self, node: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == node)


LengthKind = Literal["exactly", "up to", "any"]
"""Rows of exactly the task's length or lengths; of all lengths up to its longest; of every length."""


@dataclass(frozen=True)
class Lengths:
    """Which rows are meant: an answer is judged from step ``first`` to step ``last`` (None: for ever), from 1.

    ``exactly``: only paths that take every edge at its own steps. The other kinds: every path of the automaton.
    """

    kind: LengthKind
    first: int
    last: int | None

    def __post_init__(self) -> None:
        assert (self.last is None) == (self.kind == "any"), "only rows of every length have no last step"

    def judged(self, step: int) -> bool:
        """Whether an answer after this step is one of the question."""
        return self.first <= step and (self.last is None or step <= self.last)

    def takes(self, edge: Edge, step: int) -> bool:
        """Whether a path may take this edge at this step."""
        return self.kind != "exactly" or edge.steps is None or edge.steps[0] <= step <= edge.steps[1]

    def steady_from(self, scenario: Scenario) -> int:
        """The step from which on every step may take the same edges."""
        windows = [edge.steps for edge in scenario.edges if edge.steps is not None]
        return max((max(a, b + 1) for a, b in windows), default=1) if self.kind == "exactly" else 1

    def cover(self, other: Lengths) -> bool:
        """Whether every answer that ``other`` judges is judged here too, on at least the same paths."""
        if self.kind == "exactly" and other.kind != "exactly":
            return False
        ends = self.last is None or (other.last is not None and other.last <= self.last)
        return self.first <= other.first and ends


def _beyond(names: set[str], known: set[str]) -> list[str]:
    return sorted(names - known)
