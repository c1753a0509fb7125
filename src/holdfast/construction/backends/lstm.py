"""Registers on an LSTM: the cell state holds w * value, the input gate writes, the forget gate keeps.

    unit        input gate           forget gate         candidate     output gate
    drive       open                 closed (or slow)    1             open
    register    open when written,   open when held,     tanh(w v)     open
                else closed          closed when overwritten

With the deviations alpha, gamma, delta and omega of the open input gate, the gate that keeps, the closed gate and the
output gate from 1 or 0, H registers that a value passes through, n steps and values up to V, the error of a read value
is at most

    H (alpha V [+ alpha V' overwritten] + w^2 V^3/3)  +  n gamma V'  +  n delta V'  +  H (omega V' + w^2 V'^3/3)

since |tanh z| <= |z|, 0 <= z - tanh z <= z^3/3 for z >= 0, and every gate is between 0 and 1; V' = V + the error so
far.
"""

from __future__ import annotations

import math

from holdfast.construction.bits import bistable
from holdfast.construction.budget import Budget, Demand, sigmoid
from holdfast.construction.gains import ROUNDINGS_PER_HOP, ROUNDINGS_PER_STEP, Gains, gated
from holdfast.construction.layout import PAD, Layout, Realisation, drive_name, last_flag, ranges
from holdfast.construction.program import Register, RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range

FULL = 20.0
"""A candidate's pre-activation with tanh(20) = 1 - 8e-18: the constant 1."""


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to LSTM units."""
    gains = gated(demand, curves=2, overwrites=any(not r.adds and r.writes != 1 for r in program.registers))
    sheet = Sheet("lstm", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, _clock(program, sheet, gains), events(program, sheet, gains, demand))
    for register in program.registers:
        _register(layout, gains, register)
    wide = sigmoid(gains.open)
    span = bistable(layout, lambda kept, x: wide * math.tanh(wide * math.tanh(kept + x)), wide * math.tanh(1.0))
    for bit in program.bits:
        bias, weights = layout.value(bit.value, span.write)
        sheet.unit(
            bit.name,
            "bit",
            input=(gains.open, {}),
            forget=(-gains.closed, {}),
            candidate=(bias, {**weights, bit.name: span.feedback}),
            output=(gains.open, {}),
        )
    layout.read(lambda name: {name: span.read if any(b.name == name for b in program.bits) else 1 / gains.scale})
    held = budget(demand, gains) if program.registers else Budget()
    return Realisation(sheet, held + span.budget(demand.format), layout.reasons)


def budget(demand: Demand, gains: Gains, forgets: bool = True) -> Budget:
    """The bound in the module's docstring. Without a forget gate there is no loss while a value is held."""
    v, hops, w = demand.size, demand.hops, gains.scale
    if gains.bit_exact and demand.latched:
        return demand.underflow(w)
    lacks, shut, lets_go = gains.lacks, gains.shut, gains.lets_go if forgets else 0.0
    write = hops * (lacks * v * (2 if gains.overwrites else 1) + demand.writes * w**2 * (v / demand.writes) ** 3 / 3)
    hold, leak = demand.hold(lets_go * v), demand.hold(shut * v)
    reach = v + write + hold + leak
    read = hops * (lacks * reach + w**2 * reach**3 / 3)
    per_step = 0.0 if gains.exact else ROUNDINGS_PER_STEP * demand.format.roundoff * reach
    per_hop = 0.0 if gains.bit_exact else ROUNDINGS_PER_HOP * demand.format.roundoff * reach
    return Budget(write, hold, leak, read, demand.hold(per_step) + hops * demand.writes * per_hop)


def _register(layout: Layout, gains: Gains, register: Register) -> None:
    write = layout.gate(register.name, register.when, gains.open, -gains.closed)
    keep = (gains.keep, {})
    if gains.overwrites and not register.adds and register.writes != 1:
        held = layout.gate(register.name, ~register.when, gains.keep, -gains.open)
        keep = (held.bias, held.weights)
    layout.sheet.unit(
        register.name,
        "sum" if register.adds else "latch",
        input=(write.bias, write.weights),
        forget=keep,
        candidate=layout.value(register.value, gains.scale),
        output=(gains.open, {}),
    )


def _clock(program: RegisterProgram, sheet: Sheet, gains: Gains) -> list[dict[str, tuple[float, float]]]:
    """A unit that measures time. For a flag after one step it reaches 1 in that step; for a flag after k steps
    c = 2 (1 - (1 - 1/k)^t), which increases without end."""
    last, name = last_flag(program), drive_name(program)
    if not last:
        return [{}]
    step, kept = (1.0, sigmoid(-gains.open)) if last == 1 else (2 / last, 1 - 1 / last)
    drive = FULL if step == 1 else math.atanh(step)
    sheet.unit(
        name,
        "flag" if last == 1 else "clock",
        input=(gains.open, {}),
        forget=(-gains.open if last == 1 else math.log(kept / (1 - kept)), {}),
        candidate=(drive, {}),
        output=(gains.open, {}),
    )
    heights, c = [0.0], 0.0
    for _ in range(last):
        c = kept * c + sigmoid(gains.open) * math.tanh(drive)
        heights.append(sigmoid(gains.open) * math.tanh(c))
    return ranges(heights, name)


def events(
    program: RegisterProgram, sheet: Sheet, gains: Gains, demand: Demand, forgets: bool = True
) -> dict[str, tuple[Range, Range]]:
    """A unit for every watched mark: c increases by 1 each time the mark is read."""
    found = {}
    for name, channel in program.events.items():
        gates = {"forget": (gains.keep, {})} if forgets else {}
        rise = (gains.open + gains.closed) * (1 + PAD)
        write = (-gains.closed, {channel: rise})
        sheet.unit(name, "event", input=write, **gates, candidate=(FULL, {}), output=(gains.open, {}))
        kept = 1 - min(demand.hold(gains.lets_go), 0.5)
        lowest = sigmoid(gains.open) * math.tanh(kept * sigmoid(gains.open) * math.tanh(FULL))
        found[name] = ((0.0, min(demand.hold(gains.shut), 0.1)), (lowest * (1 - PAD), 1.0))
    return found
