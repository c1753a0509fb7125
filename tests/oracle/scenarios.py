"""Every task's scenario, kept small; parts of the remembered range; ways to follow sets; concrete paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from holdfast.certification.propagate import Method, PathPiece
from holdfast.core.formats import FORMATS
from holdfast.core.scenario import Box, Edge, Lengths, Scenario
from holdfast.core.task import Task
from holdfast.tasks.adding import Adding
from holdfast.tasks.bits import Bits
from holdfast.tasks.copy import Copy
from holdfast.tasks.echo import Echo
from holdfast.tasks.order import Order
from holdfast.tasks.recall import Recall

RANGES = ((-1.0, 1.0), (0.9, 0.91), (4.0, 5.0), (0.0, 1.0), (-1e-3, 1e-3), (-3e-38, 3e-38), (-1000.0, 1000.0))
"""Around 0 and away from it, narrow, and around the least normal number of float32."""

UNIT_RANGES = ((-1.0, 1.0), (0.9, 0.91), (0.0, 1.0))

SIZES = ((1, 1), (2, 1), (2, 2), (3, 3), (4, 2), (4, 4), (8, 4), (8, 8))
"""(inputs, outputs) of the tasks below."""


def unchecked(kind: type[Task], **axes: Any) -> Task:
    """A task of fewer rows than training needs: its scenario is built as that of any other."""
    task = object.__new__(kind)
    for f in fields(kind):
        object.__setattr__(task, f.name, axes.get(f.name, f.default))
    return task


@cache
def tasks(inputs: int, outputs: int) -> tuple[tuple[str, Scenario, tuple[Lengths, ...]], ...]:
    """The scenarios with so many inputs and outputs, each with the words that name it and the lengths to be asked."""
    ranges = [{"range": limits} for limits in RANGES]
    made: dict[tuple[int, int], list[Task]] = {
        (1, 1): [
            *[Recall(steps=3, position=p, **r) for p in (1, 2, 3) for r in ranges],
            *[Bits(steps=3, bits=1, noise=noise) for noise in (0.2, 1e-3)],
        ],
        (2, 1): [
            *[unchecked(Adding, steps=n, variant=v) for n, v in ((4, "halves"), (3, "anywhere"), (24, "1997"))] * 2,
            *[Copy(steps=1, lag=2, variant="reals", range=limits) for limits in UNIT_RANGES * 2],
            *[Copy(steps=2, lag=1, variant="reals", range=limits) for limits in UNIT_RANGES],
        ],
        (2, 2): [Bits(steps=3, bits=2, noise=noise) for noise in (0.2, 0.9)],
        (3, 3): [Bits(steps=2, bits=3, noise=noise) for noise in (0.2, 1e-3)],
        (4, 2): [unchecked(Copy, steps=n, lag=1, symbols=2) for n in (1, 2)],
        (4, 4): [
            unchecked(Echo, lag=3, symbols=2, distractors=2),
            unchecked(Echo, lag=3, symbols=4, variant="shared"),
            Echo(sequences=(("a", "b", "c", "a"), ("d", "b", "c", "d"))),
        ],
        (8, 4): [Order(steps=6)],
        (8, 8): [Order(steps=8, variant="three")],
    }
    kinds = ("any", "any", "up to", "exactly")
    return tuple((_words(t), t.scenario(), tuple(t.lengths(kind) for kind in kinds)) for t in made[inputs, outputs])


def _words(task: Task) -> str:
    changed = {f.name: getattr(task, f.name) for f in fields(task) if getattr(task, f.name) != f.default}
    return " ".join([task.name, *(f"{name}={value}" for name, value in changed.items())])


def piece(
    scenario: Scenario, steps: int, dtype: str, draw: np.random.Generator
) -> tuple[PathPiece, dict[str, np.ndarray]]:
    """For every remembered number the part of its range that is looked at, with limits for some other inputs; and
    numbers of this format that lie in each part: both ends, some between, the smallest."""
    parts, numbers = {}, {}
    for name, (low, high) in scenario.ranges.items():
        parts[name] = ends = _part(low, high, dtype, draw)
        middle = inside(float((ends[0] + ends[1]) / 2), *ends, dtype)
        tiny = 2.0 ** FORMATS[dtype].least_normal
        wanted = [float(ends[0]), float(ends[1]), *draw.uniform(float(ends[0]), float(ends[1]), 4)]
        wanted += [0.0, tiny, -tiny * 0.75, tiny * 2.0**-9, middle * (1 + 2.0**-20)]
        found = [inside(value, *ends, dtype) for value in wanted if ends[0] <= Fraction(value) <= ends[1]]
        numbers[name] = np.array([middle, *(value for value in found if ends[0] <= Fraction(value) <= ends[1])])
        assert ends[0] <= Fraction(middle) <= ends[1]
    low, high = np.array([(box.low, box.high) for edge in scenario.edges for box in edge.boxes]).transpose(1, 2, 0)
    cuts = {}
    for _ in range(int(draw.choice([0, 0, 1, 3]))):
        step, channel = int(draw.integers(1, steps + 1)), int(draw.integers(len(low)))
        cuts[step, channel] = _part(float(low[channel].min()), float(high[channel].max()), dtype, draw)
    return PathPiece(parts, cuts), numbers


def _part(low: float, high: float, dtype: str, draw: np.random.Generator) -> tuple[Fraction, Fraction]:
    """Limits from low to high around a number of this format: one point, a narrow range, a wide one, all."""
    middle = inside(draw.uniform(low, high), low, high, dtype)
    width = Fraction((high - low) * float(draw.choice([0, 1e-6, 1e-3, 0.1, 0.5, 2])))
    third = Fraction(1, 3) if draw.random() < 0.3 else Fraction(1)
    return max(Fraction(middle) - width, Fraction(low)), min(Fraction(middle) + width * third, Fraction(high))


def inside(value: float, low: float | Fraction, high: float | Fraction, dtype: str) -> float:
    """A number of this format near ``value`` from low to high, where there is one."""
    kind = np.dtype(dtype).type
    near = kind(value)
    if float(near) < low:
        near = np.nextafter(near, kind(np.inf))
    if float(near) > high:
        near = np.nextafter(near, kind(-np.inf))
    return float(near)


def method(draw: np.random.Generator) -> Method:
    return Method(
        symbols=int(draw.choice([0, 0, 0, 4, 64])),
        widen_after=[None, None, None, 0, 1, 2][int(draw.integers(6))],
        widen_by=Fraction([0, 0, Fraction(1, 1000), Fraction(1, 7)][int(draw.integers(4))]),
        widen_to=[None, Fraction(1), Fraction(10)][int(draw.integers(3))],
        precision_bits=int(draw.choice([4, 8, 16, 24, 53, 64, 128, 128, 128])),
        inputs=bool(draw.random() < 0.3),
    )


@dataclass(frozen=True)
class Path:
    """Edges and boxes taken from the start on, the inputs read [time, input], the numbers remembered, by name, and for
    every step the limits of its inputs: those of the box, and of the piece."""

    taken: tuple[tuple[Edge, Box], ...]
    inputs: np.ndarray
    numbers: Mapping[str, float]
    limits: tuple[tuple[tuple[Fraction, Fraction], ...], ...]


def path(
    scenario: Scenario,
    lengths: Lengths,
    part: PathPiece,
    numbers: Mapping[str, np.ndarray],
    steps: int,
    dtype: str,
    draw: np.random.Generator,
) -> Path:
    """A random path of at most so many steps; a box is read at a corner, at a random point, or near 0."""
    node, taken, rows, limits = scenario.start, [], [], []
    remembered = {name: float(draw.choice(there[: draw.choice([3, len(there)])])) for name, there in numbers.items()}
    for step in range(1, steps + 1):
        edges = [edge for edge in scenario.leaving(node) if lengths.takes(edge, step)]
        passage = _passage(edges, part, step, remembered, dtype, draw)
        if passage is None:
            break
        edge, box, ends, row = passage
        node = edge.target
        taken.append((edge, box))
        rows.append(row)
        limits.append(ends)
    return Path(tuple(taken), np.array(rows), remembered, tuple(limits))


def _passage(
    edges: list[Edge],
    part: PathPiece,
    step: int,
    remembered: Mapping[str, float],
    dtype: str,
    draw: np.random.Generator,
) -> tuple[Edge, Box, tuple[tuple[Fraction, Fraction], ...], list[float]] | None:
    """One edge, one of its boxes, and a number of this format for every input; None where the piece leaves none."""
    for edge in draw.permutation(np.array(edges, object)) if edges else ():
        box = edge.boxes[draw.integers(len(edge.boxes))]
        channel, name = edge.remember or (None, "")
        ends, row = [], []
        for k, (low, high) in enumerate(zip(box.low, box.high, strict=True)):
            cut = part.numbers[name] if k == channel else part.inputs.get((step, k), (Fraction(low), Fraction(high)))
            ends.append((max(Fraction(low), cut[0]), min(Fraction(high), cut[1])))
            row.append(remembered[name] if k == channel else _point(*ends[-1], dtype, draw))
        if all(low <= Fraction(value) <= high for value, (low, high) in zip(row, ends, strict=True)):
            return edge, box, tuple(ends), row
    return None


def _point(low: Fraction, high: Fraction, dtype: str, draw: np.random.Generator) -> float:
    """A number near one end, between, or near 0; it may lie outside where the format has none between."""
    tiny = 2.0 ** FORMATS[dtype].least_normal
    below, above = float(low), float(high)
    wanted = [below, above, *draw.uniform(below, max(below, above), 2), 0.0, tiny * 0.75, -tiny * 2.0**-9]
    value = float(wanted[draw.integers(len(wanted))])
    return inside(min(max(value, below), above), low, high, dtype)
