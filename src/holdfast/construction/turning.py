"""A finite group on a linear recurrence: the state is turned by an orthogonal matrix for every symbol.

    product   P' = P T(s)      T(s) the matrix of the symbol s, P at first the identity
    point     p = P p0         which goes round the orbit of its start p0
    state     p - p0           of which only what is needed is held; it is 0 at first
    scores    p w + c          linear scores, of which the right one leads; ``representations.py`` has T, p0, w and c

mamba_negative      T(s) is 1 or -1 for each unit: the factor 2 exp(d A) - 1 with d = 0 or G. Parity.
deltanet_negative   T(s) is a reflection 1 - 2 k k^T or 1, by the key k and the strength 2 or 0
deltaproduct        T(s) is a product of two reflections, so a turn of any plane by any angle
lru, s5             T is a turn that does not depend on the symbol: cycles that every symbol leads one further. Two
                    units hold the same complex state, a quarter of a turn apart, and show its real parts

Matrix memories hold S = P - 1, and the query p0 reads S p0 = p - p0. The value of a write under the key k is -k, so
that S k is replaced by -2 k - S k, and the product by P (1 - 2 k k^T).

A linear recurrence does not correct errors: turns keep them as they are, and they add up. Signs, and reflections in the
axes, are exact in IEEE arithmetic, where gates with pre-activations of G = 1024 are exactly 0, 1 and 2, and a number
less itself is 0: these networks are right at every length. All other claims are up to a number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from holdfast.construction.budget import Budget, Demand
from holdfast.construction.layout import Realisation
from holdfast.construction.program import RegisterProgram
from holdfast.construction.representations import Orbit, group_of, orbit
from holdfast.construction.sheet import Sheet
from holdfast.core.errors import BadValue
from holdfast.core.formats import Format

DRIVE = 1024.0
"""G: the pre-activation of a gate that is open or shut, and the step after which exp(-G) is 0."""
REFLECTIONS: dict[str, int | None] = {
    "mamba_negative": None,
    "deltanet_negative": 1,
    "deltaproduct": 2,
    "lru": 2,
    "s5": 2,
}
"""The cells, each with the number of reflections whose product is a turn of one step (None: of signs alone)."""
NAMED = {None: "a sign for each unit", 1: "1 reflection", 2: "2 reflections"}
CONSTANT = ("lru", "s5")
"""Cells whose turn is the same for every symbol."""
RECURRENT: dict[str, str] = dict.fromkeys(CONSTANT, "re")
"""The state that the output of a cell is a map of."""
MOST_LOST = 0.49
"""The part of a lead that errors may take."""
AXES = 1e-9
"""Keys that are closer to an axis are that axis."""
FUNCTIONS = 8
"""A bound on the roundings, each of the size of its result, of exp, cos and sin."""


def realise(program: RegisterProgram, cell: str, demand: Demand) -> Realisation:
    """The units of a program whose one memory is an automaton. Its refusals are in the ``reasons`` of the result."""
    machine = program.machine
    assert machine is not None
    sheet = Sheet(cell, [channel.name for channel in program.channels], recurrent=RECURRENT.get(cell, "h"))
    try:
        group = group_of(machine)
    except BadValue as problem:
        return Realisation(sheet, Budget(), [f"{cell} turns its state: {problem.message.rstrip('.')}"])
    if cell in CONSTANT and len({*group.symbols.values()}) > 1:
        return Realisation(sheet, Budget(), [f"{cell} turns its state by an angle that does not depend on the symbol"])
    answers = np.array([[score.terms.get(state, 0.0) for score in program.outputs] for state in group.states])
    found = orbit(group, answers, REFLECTIONS[cell])
    if found is None:
        each = NAMED[REFLECTIONS[cell]]
        return Realisation(
            sheet, Budget(), [f"{cell} has {each} in a step, of which the symbols of this automaton are no products"]
        )
    shown, drift = LAYOUTS[cell](sheet, found, demand.format.roundoff)
    gap = program.gap or 1.0
    for place in range(len(program.outputs)):
        weights = dict(zip(sheet.units, (gap * found.weights[:, place] * shown).tolist(), strict=True))
        start = found.constants[place] + found.start @ found.weights[:, place]
        sheet.read(gap * float(start), weights)
    return _limited(sheet, found, drift, demand)


@dataclass(frozen=True)
class Drift:
    """A bound on the error of the point after n steps: ``once`` + ``each`` n (1 + ``growth``)^n."""

    once: float = 0.0
    each: float = 0.0
    growth: float = 0.0

    def after(self, steps: int) -> float:
        return self.once + self.each * steps * math.exp(min(self.growth * steps, 100.0)) if self.each else self.once


def _limited(sheet: Sheet, found: Orbit, drift: Drift, demand: Demand) -> Realisation:
    """The budget, and the number of steps within which errors do not use up the lead."""
    read_out = found.steepest * drift.once + _summing(found, demand.format)

    def lost(steps: int) -> float:
        return read_out + found.steepest * (drift.after(steps) - drift.once)

    horizon, reasons = None, list[str]()
    if drift.each:
        horizon = _largest(lambda steps: lost(steps) <= MOST_LOST)
        if demand.steps is None or demand.steps > horizon:
            other = ", or --dtype float64" if demand.format.name == "float32" else ""
            reasons.append(
                f"the errors of {sheet.cell} add up, and may use up the lead after {horizon:,} steps in "
                f"{demand.format.name}: give --steps {horizon} at most{other}"
            )
    total = lost(0 if demand.steps is None or reasons else demand.steps)
    return Realisation(sheet, Budget(rounding=total / demand.gain), reasons, horizon=horizon)


def _summing(found: Orbit, format: Format) -> float:
    """What the rounding of the read-out takes from a lead: of its weights, products and sums, for points up to 2 from
    their start."""
    size = 2 * np.linalg.norm(found.weights, axis=0) + np.abs(found.constants + found.start @ found.weights)
    return 2 * (len(found.start) + 3) * format.roundoff * float(size.max())


def _largest(holds: Callable[[int], bool]) -> int:
    """The largest number for which this holds; it holds for all smaller ones."""
    high = 1
    while holds(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _signs(sheet: Sheet, found: Orbit, roundoff: float) -> tuple[np.ndarray, Drift]:
    """Each unit goes from 0 to 1 and back: h' = T h + (1 - T) / 2. The product of d and the value is 1 at d = G."""
    for place in range(len(found.start)):
        first = {"input": (1.0, {}), "output": (1.0, {})} if place == 0 else {}
        flips = {symbol: 2 * DRIVE for symbol, turn in found.turns.items() if turn[place, place] < 0}
        sheet.unit(f"sign {place + 1}", "sign", step=(-DRIVE, flips), value=(1 / DRIVE, {}), decay=(0.0, {}), **first)
    return -2 * found.start, Drift()


def _reflections(sheet: Sheet, found: Orbit, roundoff: float) -> tuple[np.ndarray, Drift]:
    names = ("key", "second_key")[: REFLECTIONS[sheet.cell]]
    keys = {symbol: reflections(turn) for symbol, turn in found.turns.items()}
    for place, start in enumerate(found.start.tolist()):
        gates: dict[str, tuple[float, dict[str, float]]] = {"query": (start, {})}
        for number, key in enumerate(names):
            own = {s: float(some[number][place]) for s, some in keys.items() if len(some) > number}
            gates[key] = (0.0, {s: size for s, size in own.items() if size})
            gates[key.replace("key", "value")] = (0.0, {s: -size for s, size in own.items() if size})
            if place == 0:
                gates[key.replace("key", "strength")] = (-DRIVE, dict.fromkeys(own, 2 * DRIVE))
        sheet.unit(f"component {place + 1}", "point", **gates)
    size, exact = len(found.start), all(np.count_nonzero(key) == 1 for some in keys.values() for key in some)
    of_key = (size + 6) * roundoff
    once = 0.0 if size == 1 else 2 * of_key + 2 * (size + 1) * math.sqrt(size) * roundoff
    if exact:
        return np.ones(size), Drift(once)
    each = 1.1 * (10 * of_key + 3 * roundoff + math.sqrt(size) * (4 * size + 14) * roundoff)
    return np.ones(size), Drift(once, len(names) * each, len(names) * 5 * of_key)


def reflections(turn: np.ndarray) -> list[np.ndarray]:
    """The keys k, l, ... of an orthogonal matrix (1 - 2 k k^T) (1 - 2 l l^T), none for 1."""
    size = len(turn)
    images, sizes, _ = np.linalg.svd(turn - np.eye(size))
    plane = images[:, sizes > 1e-6]
    if plane.shape[1] == 2:
        inside = plane.T @ turn @ plane
        half = math.atan2(inside[1, 0], inside[0, 0]) / 2
        keys = [plane @ np.array([math.cos(half), math.sin(half)]), plane[:, 0]]
    else:
        keys = [*plane.T]
    keys = [np.where(np.abs(key) < AXES, 0.0, key) for key in keys]
    keys = [np.sign(key) if np.count_nonzero(key) == 1 else key for key in keys]
    product = np.eye(size)
    for key in keys:
        product = product @ (np.eye(size) - 2 * np.outer(key, key))
    assert np.allclose(product, turn, atol=1e-8), "the turn is no product of these reflections"
    return keys


def _constant(sheet: Sheet, found: Orbit, roundoff: float) -> tuple[np.ndarray, Drift]:
    """Unit 1 holds exp(i (a + n t)) - exp(i a), unit 2 the same times -i, with the point (cos a, sin a) at first."""
    turn = next(iter(found.turns.values()))
    angle = math.atan2(turn[1, 0], turn[0, 0]) if len(turn) == 2 else math.pi
    side, angle = math.copysign(1.0, angle), abs(angle)
    first = complex(found.start[0], side * (found.start[1] if len(turn) == 2 else 0.0))
    for place in range(len(turn)):
        own = first * (-1j) ** place
        shown = {"output": (0.0, {f"turn {place + 1}": 1.0})}
        if sheet.cell == "lru":
            pushed = (complex(math.cos(angle), math.sin(angle)) - 1) * own
            constants = {"radius": (-DRIVE, {}), "angle": (math.log(angle), {})}
        else:
            pushed = 1j * angle * own
            constants = {"decay": (-DRIVE, {}), "frequency": (angle, {})}
        sheet.unit(
            f"turn {place + 1}", "turn", real=(pushed.real, {}), imaginary=(pushed.imag, {}), **constants, **shown
        )
    of_angle = (abs(math.log(angle)) + FUNCTIONS) * angle * roundoff if sheet.cell == "lru" else 2 * angle * roundoff
    of_factor = of_angle + 2 * FUNCTIONS * roundoff
    each = 1.1 * (2 * of_factor + 40 * roundoff + 2 * of_angle)
    return np.array([1.0, side])[: len(turn)], Drift(4 * roundoff, each, of_factor)


LAYOUTS: dict[str, Callable[[Sheet, Orbit, float], tuple[np.ndarray, Drift]]] = {
    "mamba_negative": _signs,
    "deltanet_negative": _reflections,
    "deltaproduct": _reflections,
    "lru": _constant,
    "s5": _constant,
}
"""By cell the function that lays out its gates. It returns, for each unit, the change of the point's component when the
output is 1, and the errors of the point."""
