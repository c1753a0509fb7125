"""Every task's scenario, kept small; parts of the remembered range; ways to follow sets; concrete paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from holdfast.certify.propagate import Method
from holdfast.core.formats import FORMATS
from holdfast.core.scenario import Box, Edge, Scenario
from holdfast.core.task import Task
from holdfast.tasks.adding import Adding
from holdfast.tasks.bits import Bits
from holdfast.tasks.copy import Copy
from holdfast.tasks.echo import Echo
from holdfast.tasks.order import Order
from holdfast.tasks.recall import Recall

RANGES = ((-1.0, 1.0), (0.9, 0.91), (4.0, 5.0), (0.0, 1.0), (-1e-3, 1e-3), (-3e-38, 3e-38), (-1000.0, 1000.0))
"""Around 0 and away from it, narrow, and around the least normal number of float32."""

SIZES = ((1, 1), (2, 1), (2, 2), (3, 3), (4, 2), (4, 4), (8, 4), (8, 8))
"""(inputs, outputs) of the tasks below."""


def unchecked(kind: type[Task], **axes: Any) -> Task:
    """A task of fewer rows than training needs: its scenario is built as that of any other."""
    task = object.__new__(kind)
    for f in fields(kind):
        object.__setattr__(task, f.name, axes.get(f.name, f.default))
    return task


@cache
def tasks(inputs: int, outputs: int) -> tuple[tuple[str, Scenario], ...]:
    """The scenarios with so many inputs and outputs, each with the words that name it."""
    ranges = [{"range": limits} for limits in RANGES]
    made: dict[tuple[int, int], list[Task]] = {
        (1, 1): [Recall(steps=8, position=p, **r) for p in (1, 2, 3) for r in ranges]
        + [Bits(steps=8, bits=1, noise=noise) for noise in (0.2, 1e-3)],
        (2, 1): [Adding(steps=24, variant=variant) for variant in ("halves", "anywhere", "1997")]
        + [Copy(steps=n, lag=1, variant="reals", **r) for n in (1, 2) for r in ranges],
        (2, 2): [Bits(steps=8, bits=2, noise=noise) for noise in (0.2, 0.9)],
        (3, 3): [Bits(steps=8, bits=3, noise=noise) for noise in (0.2, 1e-3)],
        (4, 2): [unchecked(Copy, steps=n, lag=1, symbols=2) for n in (1, 2)],
        (4, 4): [Echo(lag=10, symbols=2, distractors=2), Echo(lag=10, symbols=4, variant="shared")]
        + [Echo(sequences=(("a", "b", "c", "a"), ("d", "b", "c", "d")))],
        (8, 4): [Order(steps=8)],
        (8, 8): [Order(steps=8, variant="three")],
    }
    return tuple((_words(task), task.scenario()) for task in made[inputs, outputs])


def _words(task: Task) -> str:
    changed = {f.name: getattr(task, f.name) for f in fields(task) if getattr(task, f.name) != f.default}
    return " ".join([task.name, *(f"{name}={value}" for name, value in changed.items())])


Piece = Mapping[str, tuple[Fraction, Fraction]]


def piece(scenario: Scenario, dtype: str, draw: np.random.Generator) -> tuple[Piece, dict[str, np.ndarray]]:
    """For every remembered number the part of its range that is looked at, and numbers of this format that lie in it:
    both ends, some between, the smallest."""
    parts, numbers = {}, {}
    for name, (low, high) in scenario.ranges.items():
        middle = inside(draw.uniform(low, high), low, high, dtype)
        width = (high - low) * float(draw.choice([0, 1e-6, 1e-3, 0.1, 0.5, 2]))
        ends = Fraction(middle) - Fraction(width), Fraction(middle) + Fraction(width)
        if width and draw.random() < 0.3:
            ends = ends[0] / 3 * 3 - Fraction(width) / 7, ends[1] + Fraction(width) / 3
        ends = max(ends[0], Fraction(low)), min(ends[1], Fraction(high))
        parts[name] = ends
        tiny = 2.0 ** FORMATS[dtype].least_normal
        wanted = [float(ends[0]), float(ends[1]), *draw.uniform(float(ends[0]), float(ends[1]), 4)]
        wanted += [0.0, tiny, -tiny * 0.75, tiny * 2.0**-9, middle * (1 + 2.0**-20)]
        found = [inside(value, *ends, dtype) for value in wanted if ends[0] <= Fraction(value) <= ends[1]]
        numbers[name] = np.array([middle, *(value for value in found if ends[0] <= Fraction(value) <= ends[1])])
    return parts, numbers


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
    )


@dataclass(frozen=True)
class Path:
    """Edges and boxes taken from the start on, the inputs read [time, input] and the numbers remembered, by name."""

    taken: tuple[tuple[Edge, Box], ...]
    inputs: np.ndarray
    numbers: Mapping[str, float]


def path(
    scenario: Scenario, numbers: Mapping[str, np.ndarray], steps: int, dtype: str, draw: np.random.Generator
) -> Path:
    """A random path of at most so many steps; a box is read at a corner, at a random point, or near 0."""
    node, taken, rows = scenario.start, [], []
    remembered = {name: float(draw.choice(there)) for name, there in numbers.items()}
    for _ in range(steps):
        leaving = scenario.leaving(node)
        if not leaving:
            break
        edge = leaving[draw.integers(len(leaving))]
        box = edge.boxes[draw.integers(len(edge.boxes))]
        row = [_point(low, high, dtype, draw) for low, high in zip(box.low, box.high, strict=True)]
        if edge.remember:
            row[edge.remember[0]] = remembered[edge.remember[1]]
        node = edge.target
        taken.append((edge, box))
        rows.append(row)
    return Path(tuple(taken), np.array(rows), remembered)


def _point(low: float, high: float, dtype: str, draw: np.random.Generator) -> float:
    if low == high:
        return low
    tiny = 2.0 ** FORMATS[dtype].least_normal
    wanted = [low, high, draw.uniform(low, high), draw.uniform(low, high), 0.0, tiny * 0.75, -tiny * 2.0**-9]
    value = float(wanted[draw.integers(len(wanted))])
    return inside(min(max(value, low), high), low, high, dtype)
