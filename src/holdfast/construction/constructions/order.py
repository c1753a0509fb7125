"""Temporal order: a shift register that moves on X and Y alone.

    read        E  a  X  d  b  Y  c  B
    register 1  0  0  X  X  X  Y  Y  Y      the last mark: X is -1, Y is +1
    register 2  0  0  0  0  0  X  X  X      the one before

The gate is open when X or Y is read, which the input itself says; so no flag is needed. The score of a class is the
sum of its signs times the registers: 2 (or 3) for the right one, at most 0 (or 1) for any other, so it leads by 2, and
each register may be wrong by just under a half.
"""

from __future__ import annotations

import itertools

from holdfast.construction.program import RegisterProgram, Sum
from holdfast.tasks.order import LETTERS, Order


def program(task: Order, cell: str) -> RegisterProgram:
    """A program with a shift register of one register for each mark."""
    made = RegisterProgram()
    features = dict(zip(LETTERS, made.symbols(*LETTERS), strict=True))
    marks = len(task.classes[0])
    value = features["Y"] - features["X"]
    moving = made.reads("X") | made.reads("Y")
    registers = []
    for age in range(1, marks + 1):
        value = made.latch(f"mark {age}", value, when=moving)
        registers.append(value)
    classes = itertools.product((-1.0, 1.0), repeat=marks)
    made.choose(
        [sum((r * s for r, s in zip(reversed(registers), signs, strict=True)), Sum({})) for signs in classes], gap=2.0
    )
    return made
