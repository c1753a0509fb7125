"""Paths through a scenario as arrays: sequences for a search, with the data that determine their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.scenario import Box, Class, Edge, Lengths, Scenario, Value

Taken = Sequence[tuple[Edge, Box]]


@dataclass(frozen=True)
class Paths:
    """A batch of paths. The inputs are low + place * (high - low), with place in [0, 1]; all are [row, time, input].

    ``present`` [row, time] is false in padding. ``last`` [row] is the step (from 0) after which an answer is required.
    Where asked[row, o], the answer of output o is constant[row, o] + the sum over k of
    weight[row, o, k] * inputs[row, when[row, k], channel[row, k]]. For symbols, ``right`` [row] is the output that must
    be the largest; it is -1 for answers that are numbers. ``taken`` [row] is the list of (edge, box) of the path.
    """

    low: np.ndarray
    high: np.ndarray
    place: np.ndarray
    present: np.ndarray
    last: np.ndarray
    constant: np.ndarray
    weight: np.ndarray
    when: np.ndarray
    channel: np.ndarray
    asked: np.ndarray
    right: np.ndarray
    taken: np.ndarray

    def take(self, rows: np.ndarray) -> Paths:
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    def put(self, place: np.ndarray) -> Paths:
        return replace(self, place=place)

    @property
    def free(self) -> np.ndarray:
        """The inputs that can vary, [row, time, input]."""
        return self.low < self.high


class PathSampler:
    """Draws random paths of these ``lengths`` that end at a step with an answer."""

    def __init__(self, scenario: Scenario, lengths: Lengths, outputs: int, draw: np.random.Generator) -> None:
        self.scenario, self.question, self.outputs, self.draw = scenario, lengths, outputs, draw
        nodes = sorted({scenario.start, *(e.target for e in scenario.edges)})
        self.number = {node: k for k, node in enumerate(nodes)}
        self.leaving = {node: scenario.leaving(node) for node in nodes}
        self.features = len(scenario.edges[0].boxes[0].low)
        self.names = sorted(scenario.ranges)
        self._exactly = lengths.kind == "exactly"
        self._ends: dict[int, np.ndarray] = {}
        self._ways: dict[tuple[str, int, int], list[Edge]] = {}
        start, last = self.number[scenario.start], min(lengths.last or scenario.steps, scenario.steps)
        judged = range(lengths.first, last + 1)
        self.lengths = np.array([length for length in judged if self._reaches(length)[0, start]])
        if not len(self.lengths):
            raise BadValue(
                f"no row of the task has an answer between step {lengths.first} and step {last}.",
                "Use longer sequences.",
            )

    def some(self, rows: int) -> Paths:
        """This many random rows: half of them of the greatest length, the others of random length."""
        paths = _stacked([self._row(self._walk(self._length())) for _ in range(rows)])
        return paths.put(self._places(paths))

    def like(self, paths: Paths) -> Paths:
        """Variations of these rows: another box at a few steps, another end of the path, or other ends of some
        boxes."""
        rows = [self._row(self._varied(taken)) for taken in paths.taken]
        found = _stacked(rows)
        share = self.draw.choice([0.0, 1 / paths.place.shape[1], 0.1, 0.5], len(rows))[:, None, None]
        moved = self.draw.random(found.place.shape) < share
        return found.put(np.where(moved, self.draw.integers(0, 2, moved.shape), paths.place))

    def _reaches(self, length: int) -> np.ndarray:
        """[step, node]: whether an answer at step ``length`` can be reached from this node after this many steps."""
        if self._exactly:
            if length not in self._ends:
                self._ends[length] = self._backwards(length)
            return self._ends[length]
        longest = self.scenario.steps
        if longest not in self._ends:  # edges do not depend on the step: shorter rows use the last part of this array
            self._ends[longest] = self._backwards(longest)
        return self._ends[longest][longest - length :]

    def _backwards(self, length: int) -> np.ndarray:
        found = np.zeros((length + 1, len(self.number)), bool)
        found[length, [self.number[node] for node in self.scenario.answers]] = True
        for step in range(length, 0, -1):
            for edge in self.scenario.edges:
                if self.question.takes(edge, step):
                    found[step - 1, self.number[edge.source]] |= found[step, self.number[edge.target]]
        return found

    def _length(self) -> int:
        return int(self.lengths[-1] if self.draw.random() < 0.5 else self.draw.choice(self.lengths))

    def _walk(self, length: int, begun: Taken = ()) -> Taken:
        """A random path of this length that begins with ``begun``."""
        taken = list(begun)
        node = taken[-1][0].target if taken else self.scenario.start
        for step in range(len(taken) + 1, length + 1):
            edge, box = self._step(node, step, length)
            taken.append((edge, box))
            node = edge.target
        return taken

    def _varied(self, taken: Taken) -> Taken:
        if self.draw.random() < 0.5:
            return self._walk(len(taken), taken[: int(self.draw.integers(len(taken)))])
        other = list(taken)
        for t in self.draw.integers(len(taken), size=self.draw.integers(1, 4)):
            boxes = other[t][0].boxes
            other[t] = other[t][0], boxes[self.draw.integers(len(boxes))]
        return other

    def _row(self, taken: Taken) -> tuple:
        """The arrays of one path, in the order of ``Paths``."""
        steps, length = self.scenario.steps, len(taken)
        low, high = np.zeros((2, steps, self.features))
        low[:length] = [box.low for _, box in taken]
        high[:length] = [box.high for _, box in taken]
        when, channel = np.zeros((2, max(len(self.names), 1)), int)
        for t, (edge, _) in enumerate(taken):
            if edge.remember is not None:
                place = self.names.index(edge.remember[1])
                when[place], channel[place] = t, edge.remember[0]
        answer = self.scenario.answers[taken[-1][0].target]
        constant, asked = np.zeros(self.outputs), np.zeros(self.outputs, bool)
        weight = np.zeros((self.outputs, len(when)))
        values: Sequence[Value | None] = [] if isinstance(answer, Class) else answer
        for output, value in enumerate(values):
            if value is not None:
                asked[output], constant[output] = True, value.constant
                for name, coefficient in value.names.items():
                    weight[output, self.names.index(name)] = coefficient
        right = answer.output if isinstance(answer, Class) else -1
        present, place = np.arange(steps) < length, np.zeros_like(low)
        arrays = (low, high, place, present, length - 1, constant, weight, when, channel, asked, right)
        return (*arrays, taken)

    def _step(self, node: str, step: int, length: int) -> tuple[Edge, Box]:
        edges = self._edges(node, step, length)
        edge = edges[0 if len(edges) == 1 else int(self.draw.integers(len(edges)))]
        return edge, edge.boxes[0 if len(edge.boxes) == 1 else int(self.draw.integers(len(edge.boxes)))]

    def _edges(self, node: str, step: int, length: int) -> list[Edge]:
        """The edges from a node that may be taken at this step of a path of this length. Only rows of exactly one
        length tell the steps with as many steps to go apart."""
        key = (node, length - step, step if self._exactly else 0)
        if key not in self._ways:
            ends, takes = self._reaches(length)[step], self.question.takes
            self._ways[key] = [e for e in self.leaving[node] if takes(e, step) and ends[self.number[e.target]]]
        return self._ways[key]

    def _places(self, paths: Paths) -> np.ndarray:
        """The positions in the boxes, by one of four rules: remembered numbers at one end and the others at one end,
        alternating ends, random ends, or random positions."""
        rows, steps, features = paths.low.shape
        ends = self.draw.integers(0, 2, (rows, 2)).astype(float)
        kept = np.zeros((rows, steps, features), bool)
        for k in range(len(self.names)):
            kept[np.arange(rows), paths.when[:, k], paths.channel[:, k]] = True
        plain = np.where(kept, ends[:, :1, None], ends[:, 1:, None])
        waves = np.where(kept, ends[:, :1, None], (np.arange(steps)[:, None] + ends[:, 1:, None]) % 2)
        corners = self.draw.integers(0, 2, plain.shape).astype(float)
        kinds = self.draw.choice(4, rows, p=(0.4, 0.1, 0.3, 0.2))[:, None, None]
        return np.choose(kinds, [plain, np.broadcast_to(waves, plain.shape), corners, self.draw.random(plain.shape)])


def _stacked(rows: list[tuple]) -> Paths:
    columns = list(zip(*rows, strict=True))
    taken = np.empty(len(rows), object)
    taken[:] = columns.pop()
    arrays = {axis.name: np.stack(column) for axis, column in zip(fields(Paths), columns, strict=False)}
    return Paths(**arrays, taken=taken)
