"""A condition as one gate: weights on signals that separate the situations where it is true from the others.

A gate is a threshold on a weighted sum, so it can follow exactly the conditions that are linearly separable in its
signals. Signals are not exact: each has a range in every situation (a flag may be anywhere from 0.76 to 1), and the sum
must be right in the worst corner of these ranges. The smallest such weights are the solution of a linear program.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from holdfast.construction.program import Condition, RegisterProgram, StepContext
from holdfast.core import cache

Range = tuple[float, float]


@dataclass(frozen=True)
class Situation:
    """A situation of a gate: the range of every signal, and the context that determines the condition."""

    signals: Mapping[str, Range]
    now: StepContext


@dataclass(frozen=True)
class Gate:
    """The pre-activation of a gate: ``bias`` + the sum of weight * signal."""

    bias: float
    weights: Mapping[str, float]


def situations(
    program: RegisterProgram, clock: Sequence[Mapping[str, Range]], events: Mapping[str, tuple[Range, Range]]
) -> list[Situation]:
    """Every combination of marks, time and events. ``clock[e]`` has the ranges of the units that measure time after e
    steps; the last entry applies to all later steps. ``events`` has the range of a unit before and after its mark."""
    found = []
    for elapsed, ranges in enumerate(clock):
        for happened in itertools.product((False, True), repeat=len(events) if elapsed else 0):
            seen = frozenset(name for name, yes in zip(events, happened, strict=False) if yes)
            known = {name: after if name in seen else before for name, (before, after) in events.items()}
            for marks in _marks(program):
                clean = {name: (value, value) for name, value in marks.items()}
                found.append(Situation({**ranges, **known, **clean}, StepContext(elapsed, marks, seen)))
    if len(clock) == 1 and events:  # no flag depends on time: later situations equal the first
        return found + situations(program, [clock[0], clock[0]], events)
    return found


def _marks(program: RegisterProgram) -> Iterator[dict[str, float]]:
    single = [c for c in program.channels if c.values and not c.group]
    groups = sorted({c.group for c in program.channels if c.group})
    choices = [[{c.name: value} for value in c.values] for c in single]
    for group in groups:
        members = [c.name for c in program.channels if c.group == group]
        choices.append([{name: float(name == hot) for name in members} for hot in members])
    for combination in itertools.product(*choices):
        yield {name: value for part in combination for name, value in part.items()}


def separate(
    where: list[Situation], condition: Condition, *, high: float, low: float, exact: bool = False
) -> Gate | None:
    """The smallest weights with pre-activation >= ``high`` where the condition is true and <= ``low`` elsewhere.

    ``exact``: exactly ``high`` where it is true. None if the condition is not linearly separable.
    """
    names = sorted({name for situation in where for name in situation.signals})
    # A weight is written as up - down with up, down >= 0. The smallest contribution of a signal in [lo, hi] is then
    # up * lo - down * hi, which is linear, so that the corners of the ranges need not be enumerated.
    limits: dict[tuple[float, ...], float] = {}
    equal: dict[tuple[float, ...], float] = {}
    for situation in where:
        low_end = [situation.signals[name][0] for name in names]
        high_end = [situation.signals[name][1] for name in names]
        if not condition.holds(situation.now):
            limits[(1.0, *high_end, -1.0, *(-v for v in low_end))] = low
        elif exact:
            equal[(1.0, *high_end, -1.0, *(-v for v in low_end))] = high
            equal[(1.0, *low_end, -1.0, *(-v for v in high_end))] = high
        else:
            limits[(-1.0, *(-v for v in low_end), 1.0, *high_end)] = -high
    solution = _solved(
        np.tile([1e-6] + [1.0] * len(names), 2).tolist(),
        list(limits),
        list(limits.values()),
        list(equal),
        list(equal.values()),
    )
    if solution is None:
        return None
    up, down = np.split(np.array(solution), 2)
    bias, *weights = (float(f"{w:.12g}") for w in up - down)
    return Gate(bias, {n: w for n, w in zip(names, weights, strict=True) if w})


Rows = list[tuple[float, ...]]


def _solved(
    cost: list[float], below: Rows, bounds: list[float], equal: Rows, values: list[float]
) -> list[float] | None:
    """The x >= 0 with the least ``cost`` x where ``below`` x <= ``bounds`` and ``equal`` x = ``values``; None if there
    is none. A solution is kept on disk: importing the solver takes longer than all that surrounds it."""
    key = json.dumps([version("scipy"), cost, below, bounds, equal, values])
    if (kept := cache.read("solved", key)) is not None:
        return json.loads(kept)
    from scipy.optimize import linprog

    solved = linprog(
        cost,
        A_ub=below or None,
        b_ub=bounds or None,
        A_eq=equal or None,
        b_eq=values or None,
        bounds=(0, None),
        method="highs",
    )
    solution = [float(x) for x in solved.x] if solved.success else None
    cache.write("solved", key, json.dumps(solution).encode())
    return solution
