"""Copy of n numbers or symbols: a shift register whose gates all open together.

    read      x1 x2 x3  .  .  .  signal .  .
    register3 x1 x2 x3 x3 x3 x3   x3    0  0
    register2 0  x1 x2 x2 x2 x2   x2    x3 0
    register1 0  0  x1 x1 x1 x1   x1    x2 x3      the read-out
    shift     y  y  y  n  n  n    n     y  y

A register becomes its neighbour's old value when it shifts, and stays otherwise. Symbols tell by themselves when to
shift: on a letter, or after the signal (a register that the signal sets). Blank and zero look alike among reals, so
a clock counts to n. A value passes at most n registers, each of which bends it by two (GRU: one) thirds of
w^2 a^3, and is then held for the rest of the steps.
A symbol s of S is stored as its level -1 + 2 s/(S-1); the score of level l is 2 l m - l^2, the largest of which is the
nearest level's, and leads by the square of the distance between levels.
"""

from __future__ import annotations

from holdfast.construction.program import Condition, RegisterProgram, Sum
from holdfast.core.scenario import drawn
from holdfast.tasks.copy import Copy


def program(task: Copy, cell: str) -> RegisterProgram:
    """A program with a shift register for all numbers or symbols."""
    made = RegisterProgram()
    value, shifting = (_reals if task.variant == "reals" else _symbols)(made, task)
    for place in range(task.steps, 0, -1):
        value = made.latch(f"register {place}", value, when=shifting)
    if task.variant == "reals":
        made.output(value)
    else:
        levels = _levels(task.symbols)
        made.choose([value * (2 * level) - level**2 for level in levels], gap=(levels[1] - levels[0]) ** 2)
    return made


def _reals(made: RegisterProgram, task: Copy) -> tuple[Sum, Condition]:
    low, high = drawn(*task.range)
    value = made.real("value", min(low, 0.0), max(high, 0.0))
    made.mark("signal", 0.0, 1.0)
    answering = made.seen("answering", "signal")
    return value, ~made.flag(f"{task.steps} read", after=task.steps) | answering


def _symbols(made: RegisterProgram, task: Copy) -> tuple[Sum, Condition]:
    *letters, _, _ = made.symbols(*(f"symbol {s}" for s in range(task.symbols)), "blank", "signal")
    answering = made.seen("answering", "signal")
    level = Sum({})
    reads = answering
    for s, (letter, at) in enumerate(zip(letters, _levels(task.symbols), strict=True)):
        level = level + letter * at
        reads = reads | made.reads(f"symbol {s}")
    return level, reads


def _levels(symbols: int) -> list[float]:
    return [-1 + 2 * s / (symbols - 1) for s in range(symbols)]
