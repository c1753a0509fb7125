"""Registers on a GRU: the hidden state is w * value, the update gate keeps, the candidate writes.

    unit        update gate (keeps)    candidate          reset gate
    drive       closed (or slow)       1                  any
    latch       closed when written    tanh(w v)          open where v has registers in it
    sum         closed when written    tanh(w v + h)      open

h' = z h + (1 - z) n is between h and n, so a gate's deviation from 0 or 1 moves h by at most that fraction of
|h - n| <= 2 w V'. With the deviations alpha, delta and rho of the open, the closed and the reset gate, the error of a
read value is at most

    H (2 alpha V' + rho V' + w^2 V^3/3)  +  2 n delta V'
"""

from __future__ import annotations

import math

from holdfast.construction.backends import gru_pytorch
from holdfast.construction.backends._gru_clock import FULL, clock
from holdfast.construction.bits import bistable
from holdfast.construction.budget import Budget, Demand, sigmoid
from holdfast.construction.gains import ROUNDINGS_PER_HOP, Gains, gated
from holdfast.construction.layout import PAD, Layout, Realisation
from holdfast.construction.program import Register, RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range

PER_STEP = 12
"""Units of roundoff per step while a value is held: the error of the gate (up to four for sigmoid) times
|h - n| <= 2 w V, both products, 1 - z, and the sum. PyTorch's form of the GRU rounds less."""


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to GRU units. If rounding at every step would be too large, gates of exactly 0 and 1 are
    used, with which the state is not rounded."""
    gains = gated(demand, curves=demand.writes, overwrites=True, per_step=PER_STEP)
    if gains.exact and not demand.latched:
        unrounded = gru_pytorch.realise(program, demand)
        if not unrounded.reasons:
            return unrounded
    sheet = Sheet("gru", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, clock(program, sheet, gains), _events(program, sheet, gains, demand))
    for register in program.registers:
        _register(layout, gains, register)
    shut, wide = sigmoid(-gains.open), sigmoid(gains.open)
    span = bistable(layout, lambda kept, x: (1 - shut) * math.tanh(wide * kept + x))
    for bit in program.bits:
        bias, weights = layout.value(bit.value, span.write)
        sheet.unit(
            bit.name,
            "bit",
            update=(-gains.open, {}),
            reset=(gains.open, {}),
            candidate=(bias, {**weights, bit.name: span.feedback}),
        )
    layout.read(lambda name: {name: span.read if any(b.name == name for b in program.bits) else 1 / gains.scale})
    held = budget(demand, gains) if program.registers else Budget()
    return Realisation(sheet, held + span.budget(demand.format), layout.reasons)


def budget(demand: Demand, gains: Gains) -> Budget:
    """The bound in the module's docstring. For a register that is written only once, from 0, 2 alpha becomes alpha."""
    v, hops, w = demand.size, demand.hops, gains.scale
    if gains.bit_exact and demand.latched:
        return demand.underflow(w)
    write = hops * (3 * gains.lacks * v + demand.writes * w**2 * v**3 / 3)
    each = 2 * gains.shut * v
    reach = v + write + demand.hold(each)
    # Not zero for exact gates either: PyTorch's form, n + z (h - n), rounds at every step.
    per_step = 0.0 if demand.latched else PER_STEP * demand.format.roundoff * reach
    per_hop = 0.0 if gains.bit_exact else ROUNDINGS_PER_HOP * demand.format.roundoff * reach
    return Budget(
        write=write * reach / v,
        leak=demand.hold(each * reach / v),
        rounding=demand.hold(per_step) + hops * demand.writes * per_hop,
    )


def _register(layout: Layout, gains: Gains, register: Register) -> None:
    keep = layout.gate(register.name, ~register.when, gains.closed, -gains.open)
    bias, weights = layout.value(register.value, gains.scale)
    sources = weights.keys() - {c.name for c in layout.program.channels}
    if register.adds:
        weights = {**weights, register.name: 1.0}
    layout.sheet.unit(
        register.name,
        "sum" if register.adds else "latch",
        update=(keep.bias, keep.weights),
        candidate=(bias, weights),
        **({"reset": (gains.open, {})} if sources or register.adds else {}),
    )


def _events(program: RegisterProgram, sheet: Sheet, gains: Gains, demand: Demand) -> dict[str, tuple[Range, Range]]:
    """A unit for every watched mark: it is 1 from the step that reads the mark."""
    leaked = min(demand.hold(gains.shut), 0.1)
    for name, channel in program.events.items():
        rise = (gains.open + gains.closed) * (1 + PAD)
        sheet.unit(name, "event", update=(gains.closed, {channel: -rise}), candidate=(FULL, {}))
    return dict.fromkeys(program.events, ((0.0, leaked), ((1 - gains.lacks) * (1 - PAD), 1.0)))
