"""Every row of a task at once: a finite automaton whose edges read sets of inputs, and what is asked for where.

A scenario is what a proof about a task quantifies over. A row is a path: it begins at ``start``, each step takes
an edge out of where it is and reads one input vector from one of the edge's boxes, and at a node with an answer
the answer may be asked for. Numbers that have to be remembered have names (``x1``): an edge that *remembers* binds
one of its input channels to a name, and an answer is linear in the names bound before. Paths that are no row of
the task do no harm to a proof: what holds on every path holds on every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Box:
    """Input vectors: ``low[i] <= x[i] <= high[i]`` for each feature i. A point has low == high."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        assert len(self.low) == len(self.high)
        assert all(a <= b for a, b in zip(self.low, self.high, strict=True)), "a box is the smaller number first"


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

    ``remember`` = (channel, name): what this channel reads is called ``name`` from here on.
    """

    source: str
    target: str
    boxes: tuple[Box, ...]
    remember: tuple[int, str] | None = None


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
    may be asked for every length.
    """

    start: str
    edges: tuple[Edge, ...]
    answers: Mapping[str, Answer]
    ranges: Mapping[str, tuple[float, float]]
    steps: int

    def __post_init__(self) -> None:
        nodes = {self.start, *(e.target for e in self.edges)}
        assert {e.source for e in self.edges} <= nodes, "an edge leaves a node that is never reached"
        assert set(self.answers) <= nodes, "an answer is asked for at a node that is never reached"
        assert {e.remember[1] for e in self.edges if e.remember} == set(self.ranges), "a remembered number has a range"

    def leaving(self, node: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == node)

    def answered_from(self, step: int) -> Scenario:
        """The same paths, with no answer asked for before this step."""
        if step <= 1:
            return self
        edges, here = [], {self.start}
        for read in range(step):
            leaving = [edge for edge in self.edges if edge.source in here]
            edges += [
                replace(e, source=_early(e.source, read), target=_early(e.target, read + 1, step)) for e in leaving
            ]
            here = {edge.target for edge in leaving}
        # From here on the nodes are the old ones.
        while more := {edge.target for edge in self.edges if edge.source in here} - here:
            here |= more
        edges += [edge for edge in self.edges if edge.source in here]
        answers = {node: answer for node, answer in self.answers.items() if node in here}
        return replace(self, start=_early(self.start, 0), edges=tuple(edges), answers=answers)


def _early(node: str, read: int, last: int | None = None) -> str:
    """A node after so many steps, named apart from the same node later on."""
    return node if read == last else f"{node}, step {read}"
