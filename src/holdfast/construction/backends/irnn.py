"""Registers on a ReLU network: exact, in real arithmetic too.

    flag     p = relu(1), then a chain of copies
    writers  s+ = relu(v - K L),  s- = relu(-v - K L)      L = 0 when written, at least 1 otherwise; K >= V
    memory   m+ = relu(m+ + s+_before),  m- alike
    read     m+ - m- + s+ - s-

    count    c = relu(c + up - down)
    emptied  e = relu(2 down - c_before): 1 if c falls from 1 to 0, and 0 if it was larger or ``down`` is not read

A count is exact as long as c + 1 is a number of the format: in float32 up to 2^24, in float64 up to 2^53. There c + 1
is rounded to c, and the network cannot tell one more symbol from none.

Of the positive and negative part of a number, one is always 0; relu is the identity on both, and L blocks them exactly.
The recurrent weights among the memory units are the identity matrix, as in the IRNN.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.construction.budget import Budget, Demand, power_of_two
from holdfast.construction.layout import Layout, Realisation, drive_name, last_flag, minus
from holdfast.construction.program import ALWAYS, RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range

SIDES = ((1.0, "+"), (-1.0, "-"))


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to ReLU units: four for each register and one for every step up to the last flag."""
    sheet = Sheet("irnn", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, _chain(program, sheet))
    drown, rounded = 4 * power_of_two(demand.size), 0.0
    for register in program.registers:
        if register.when is ALWAYS:
            for sign, side in SIDES:
                bias, weights = layout.value(register.value, sign)
                sheet.unit(f"{register.name}{side}", "copy", candidate=(bias, _sides(program, weights, sign)))
            layout.no_sources(register, but="copy")
            continue
        layout.no_sources(register)
        if not register.adds and register.writes != 1:
            layout.refuse(f"'{register.name}' is overwritten, but a unit with identity recurrence cannot be cleared")
        held = layout.gate(register.name, register.when, 0.0, -drown, exact=True)
        rounded = max(rounded, 4 * layout.grid(held) * demand.writes if held.bias else 0.0)
        for sign, side in SIDES:
            bias, weights = layout.value(register.value, sign)
            into = minus(weights, minus({}, held.weights))
            sheet.unit(f"{register.name} in{side}", "writer", candidate=(bias + held.bias, into))
            memory = f"{register.name}{side}"
            sheet.unit(memory, "memory", candidate=(0.0, {memory: 1.0, f"{register.name} in{side}": 1.0}))
    for tally in program.tallies:
        count, limit, format = f"{tally.name} count", demand.format.counts_to, demand.format.name
        if tally.most > limit:
            layout.refuse(f"'{tally.name}' counts to {tally.most:,}, but {format} rounds {limit:,} + 1 to {limit:,}")
        sheet.unit(count, "count", candidate=(0.0, {count: 1.0, tally.up: 1.0, tally.down: -1.0}))
        sheet.unit(tally.name, "count", candidate=(0.0, {count: -1.0, tally.down: 2.0}))
    layout.no_events()
    for bit in program.bits:
        layout.refuse(f"'{bit.name}' must tolerate noise, but identity recurrence accumulates it")
    layout.read(
        lambda name: (
            {
                f"{name}{stage}{side}": sign
                for sign, side in SIDES
                for stage in ("", " in")
                if f"{name}{stage}{side}" in sheet.units
            }
            or {name: 1.0}
        )
    )
    added = max((len(r.value.terms) for r in program.registers), default=1) * demand.writes
    rounded += 0.0 if added == 1 else 4 * added * demand.size
    return Realisation(sheet, Budget(rounding=rounded * demand.format.roundoff), layout.reasons)


def _sides(program: RegisterProgram, weights: Mapping[str, float], sign: float) -> dict[str, float]:
    """The weights on units for weights on registers, each of which is two units (positive and negative part), for the
    part of this sign."""
    registers = {register.name for register in program.registers}
    channels = {name: w for name, w in weights.items() if name not in registers}
    return channels | {f"{n}{side}": sign * s * w for n, w in weights.items() if n in registers for s, side in SIDES}


def _chain(program: RegisterProgram, sheet: Sheet) -> list[dict[str, Range]]:
    last = last_flag(program)
    names = [drive_name(program) if last == 1 else f"after {j}" for j in range(1, last + 1)]
    for j, name in enumerate(names):
        sheet.unit(name, "flag", candidate=(0.0, {names[j - 1]: 1.0}) if j else (1.0, {}))
    return [{n: (1.0, 1.0) if elapsed > j else (0.0, 0.0) for j, n in enumerate(names)} for elapsed in range(last + 1)]
