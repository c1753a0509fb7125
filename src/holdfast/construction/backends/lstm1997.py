"""Registers on the LSTM of 1997, which has no forget gate: nothing is lost while holding, and nothing can be cleared.

The bound is that of ``lstm.py`` without the terms n gamma V' and overwriting. A register can be written once, or added
to; a program that overwrites one is refused. Flags are a chain of units, each started by the one before.
"""

from __future__ import annotations

import math

from holdfast.construction.backends.lstm import FULL, budget, events
from holdfast.construction.budget import Demand
from holdfast.construction.gains import Gains, gated
from holdfast.construction.layout import Layout, Realisation, drive_name, last_flag
from holdfast.construction.program import RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to units of the LSTM of 1997."""
    gains = gated(demand, curves=2, overwrites=False)
    sheet = Sheet("lstm1997", [c.name for c in program.channels])
    layout = Layout(
        program, demand, sheet, _chain(program, sheet, gains), events(program, sheet, gains, demand, forgets=False)
    )
    for register in program.registers:
        if not register.adds and register.writes != 1:
            layout.refuse(f"'{register.name}' is overwritten, but lstm1997 has no forget gate")
        write = layout.gate(register.name, register.when, gains.open, -gains.closed)
        sheet.unit(
            register.name,
            "sum" if register.adds else "latch",
            input=(write.bias, write.weights),
            candidate=layout.value(register.value, gains.scale),
            output=(gains.open, {}),
        )
    for bit in program.bits:
        layout.refuse(f"'{bit.name}' must tolerate noise, but lstm1997, which has no forget gate, accumulates it")
    layout.read(lambda name: {name: 1 / gains.scale})
    return Realisation(sheet, budget(demand, gains, forgets=False), layout.reasons)


def _chain(program: RegisterProgram, sheet: Sheet, gains: Gains) -> list[dict[str, Range]]:
    """One unit for every step up to the last flag: unit j is 1 from step j on."""
    last, lowest = last_flag(program), _open(gains) * math.tanh(_open(gains))
    names = [drive_name(program) if last == 1 else f"after {j}" for j in range(1, last + 1)]
    # The weight on the preceding unit: the gate is closed while that is 0, and open from its smallest value on.
    rise = (gains.open + gains.closed) / lowest * 1.001
    for j, name in enumerate(names):
        before = {names[j - 1]: rise} if j else {}
        sheet.unit(
            name,
            "flag",
            input=(-gains.closed if j else gains.open, before),
            candidate=(FULL, {}),
            output=(gains.open, {}),
        )
    # The leakage into a unit before its step.
    little = last * math.exp(-gains.closed) * 1.01
    return [
        {
            name: (lowest * (1 - 1e-5), 1.0) if elapsed > j else (0.0, little if j else 0.0)
            for j, name in enumerate(names)
        }
        for elapsed in range(last + 1)
    ]


def _open(gains: Gains) -> float:
    return 1 / (1 + math.exp(-gains.open))
