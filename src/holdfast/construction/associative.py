"""An associative memory on a cell with a matrix memory: key j is the j-th unit vector, and so is value j.

    read      k2   v7            k5   v1            k2
    p         .    k2            v7   k5            v1      what was read at the step before
    write     .    e7 under e2   .    e1 under e5   .       where p is a key and a value is read
    read out  0    .             0    .             e7      where a key is read: what is stored under it

Keys are made of p, which the block ``shift`` keeps, values and queries of x. Keys that differ are orthogonal, so that
no write changes what is stored under another key, and as many pairs are held as a key has components.

deltanet          the writing strength is 1 where a value is read, else 0; a new value replaces the old one
linear_attention  elu(a) + 1 is 1 at a = 0, and 0 at a = -G. At the first step, where p is 0, the key is (1, ..., 1) and
                  the value 0, so that no sum of keys is 0 when it is divided by; a value is read as a half
mlstm             the input gate is exp(0) = 1 where a value is read, else exp(-G); the forget gate keeps everything

With G = 1024 these are 1 and 0 in float32 and float64, and within 1e-400 of it in exact arithmetic. Pre-activations are
sums of powers of two, which are not rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from holdfast.construction.budget import Budget, Demand
from holdfast.construction.layout import Realisation
from holdfast.construction.program import KeyValueMemory, RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.core.claim import Semantics

DRIVE = 1024.0
"""G: the pre-activation of a gate that is open or shut."""
PREVIOUS = "p"
"""The state of the block ``shift``."""
ROUNDINGS = 32
"""A bound on the roundings of a value, each relative, between write and read-out: of the key's norm or scale, of what a
write leaves of the old value, of the quotient."""
FOREVER: dict[str, tuple[Semantics, ...]] = {"shift(deltanet)": ("real", "ieee")}
"""The cells that hold pairs at every length, and in which arithmetics. Others add up all that they write."""


def realise(program: RegisterProgram, cell: str, demand: Demand) -> Realisation:
    """The units of a program whose one memory is associative. Its refusals are in the ``reasons`` of the result."""
    memory = program.memory
    assert memory is not None
    if reasons := _reasons(program, memory, cell, demand.latched):
        return Realisation(Sheet("elman", []), Budget(), reasons)
    sheet = Sheet(cell, [channel.name for channel in program.channels], recurrent=PREVIOUS)
    scale = LAYOUTS[cell](sheet, memory)
    for output in program.outputs:
        shown = {name: output.terms.get(name, 0.0) for name in memory.shown}
        weights = {unit: scale * share for unit, share in zip(units(memory), shown.values(), strict=False) if share}
        sheet.read(output.constant, weights)
    return Realisation(sheet, Budget(rounding=ROUNDINGS * demand.format.roundoff), [])


def _reasons(program: RegisterProgram, memory: KeyValueMemory, cell: str, forever: bool) -> list[str]:
    reasons = []
    if f"shift({cell})" in LAYOUTS:
        reasons.append(
            f"a value is read one step after its key, and the gates of {cell} read a single step: give "
            f"--cell 'shift({cell})'"
        )
    elif cell not in LAYOUTS:
        reasons.append(f"an associative memory is compiled to {', '.join(LAYOUTS)}, not {cell}")
    if memory.replaces and cell != "shift(deltanet)" and cell in LAYOUTS:
        reasons.append(
            f"{cell} adds a new value to the old one, where shift(deltanet) replaces it, and a key may get several"
        )
    if forever and cell in LAYOUTS and cell not in FOREVER:
        reasons.append(f"{cell} adds up all that it writes, without an end at every length: give --steps")
    if program.registers or program.bits or program.flags or program.events:
        reasons.append("an associative memory stands alone: its program has no registers, bits or flags")
    return reasons


def units(memory: KeyValueMemory) -> list[str]:
    """The names of the units: unit n has component n of keys, queries and values."""
    return [f"component {n}" for n in range(1, max(len(memory.keys), len(memory.values)) + 1)]


def _deltanet(sheet: Sheet, memory: KeyValueMemory) -> float:
    writing = (-DRIVE, dict.fromkeys(memory.values, 2 * DRIVE))
    _vectors(sheet, memory, first={"strength": writing})
    return 1.0


def _linear_attention(sheet: Sheet, memory: KeyValueMemory) -> float:
    """p is -1 for the key that was read before, -2 for the others, and 0 at the first step. In units of G, it is the
    pre-activation of the key; where a value is read, 1 is added. Where no key is read, the query is the first unit
    vector, since it must not be 0."""
    sheet.idle = {"query": -DRIVE, "key": -DRIVE}
    reading = dict.fromkeys(memory.values, DRIVE)
    for place, (unit, key, value) in enumerate(_rows(memory)):
        others = dict.fromkeys((name for name in memory.keys if name != key), -DRIVE)
        sheet.unit(
            unit,
            "pair",
            shifted=(-2.0, _weight(key, 1.0)),
            query=(-DRIVE, _weight(key, DRIVE)) if place else (0.0, others),
            key=(0.0, {unit: DRIVE, **reading}),
            value=(0.0, _weight(value, 1.0)),
        )
    return 2.0


def _mlstm(sheet: Sheet, memory: KeyValueMemory) -> float:
    """Keys are divided by the root of their size, by which their weight makes up for it. With a large query the
    normaliser n q is at least 1, as long as there are less than G^2 units."""
    writing = (-DRIVE, dict.fromkeys(memory.values, DRIVE))
    scale = 2.0 ** math.ceil(math.log2(len(units(memory))) / 2)
    _vectors(sheet, memory, {"input": writing, "forget": (DRIVE, {})}, scale, query=DRIVE, more={"output": (DRIVE, {})})
    return 1.0


Gate = tuple[float, dict[str, float]]


def _vectors(
    sheet: Sheet,
    memory: KeyValueMemory,
    first: dict[str, Gate],
    key: float = 1.0,
    query: float = 1.0,
    more: dict[str, Gate] | None = None,
) -> None:
    """Values that are 0 or unit vectors, keys and queries that are multiples of them, and the gates of the head at the
    first unit."""
    for place, (unit, named, value) in enumerate(_rows(memory)):
        sheet.unit(
            unit,
            "pair",
            shifted=(0.0, _weight(named, 1.0)),
            query=(0.0, _weight(named, query)),
            key=(0.0, {unit: key}),
            value=(0.0, _weight(value, 1.0)),
            **(more or {}),
            **({} if place else first),
        )


def _weight(channel: str, weight: float) -> dict[str, float]:
    return {channel: weight} if channel else {}


def _rows(memory: KeyValueMemory) -> list[tuple[str, str, str]]:
    """Every unit with the key and the value whose component it has, "" where there is none."""
    named = units(memory)
    keys, values = ([*some, *[""] * (len(named) - len(some))] for some in (memory.keys, memory.values))
    return list(zip(named, keys, values, strict=True))


LAYOUTS: dict[str, Callable[[Sheet, KeyValueMemory], float]] = {
    "shift(deltanet)": _deltanet,
    "shift(linear_attention)": _linear_attention,
    "shift(mlstm)": _mlstm,
}
"""By cell the function that lays out its gates, and returns by what the read-out multiplies what is read."""
