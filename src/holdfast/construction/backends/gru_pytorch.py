"""Registers on a GRU that are bit-exact in PyTorch too: the candidate of the memory is exactly 0 while it holds.

PyTorch computes h' = n + z (h - n), which rounds twice at every step even if z is exactly 1, so that the latch of
``gru.py`` drifts there. With n exactly 0, nothing is rounded in either form: 0 + 1 (h - 0) = h.

    writer   S = tanh(w v + K L),  Q = tanh(K L)      L = 0 when written, at least 1 otherwise
    memory   n = tanh(S_before - Q_before),  z closed when Q_before is 0, else open

S and Q saturate to exactly 1 unless a value is written, so S - Q is exactly 0 while the memory holds. A written value
reaches the memory one step later. For unlimited length, only the memory is read, bit for bit, from the second step on.
For a limited number of steps, S - Q is read too: this is correct from the first step on, but rounds on the grid of 1/w.
"""

from __future__ import annotations

import math

from holdfast.construction.backends._gru_clock import clock
from holdfast.construction.budget import Budget, Demand, power_of_two
from holdfast.construction.gains import ROUNDINGS_PER_HOP, Gains
from holdfast.construction.layout import PAD, Layout, Realisation, minus
from holdfast.construction.program import RegisterProgram
from holdfast.construction.sheet import Sheet

CURVE = 3 / 4
"""The fraction of the tolerance for curvature; the rest is for rounding."""
GRID_ROUNDINGS = 2
"""Units of roundoff, on the grid of 1/w, of the read-out's sum x + 1/w - 1/w in any order: one, plus a margin."""


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to GRU units, three for each register."""
    format, v = demand.format, demand.size
    far, scale = format.closed, power_of_two(format.identity / v)
    if not demand.latched:
        scale = power_of_two(min(math.sqrt(3 * CURVE * demand.tolerance / (2 * v**3)), 0.25 / v))
    gains = Gains(far, far, far, scale, overwrites=True, exact=True, bit_exact=True)
    sheet = Sheet("gru", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, clock(program, sheet, gains))
    layout.no_events()
    drown, grid = scale * v + format.saturated, 1.0
    for register in program.registers:
        layout.no_sources(register)
        if register.adds:
            layout.refuse(f"'{register.name}' accumulates, which this form of the GRU does not support")
        if register.writes != 1:
            layout.refuse(f"'{register.name}' is overwritten, which this form of the GRU does not support")
        held = layout.gate(register.name, register.when, 0.0, -drown, exact=True)
        grid = max(grid, layout.grid(held))
        if demand.latched and not layout.at_first(register.when):
            layout.refuse(
                f"'{register.name}' is written when {register.when.words}, and this form of the GRU's memory "
                "is written for ever at the first step alone"
            )
        bias, weights = layout.value(register.value, scale)
        name, writer, shadow = register.name, f"{register.name} in", f"{register.name} shadow"
        fresh, heard = (-far, {}), (far, {})
        sheet.unit(
            writer, "writer", update=fresh, reset=heard, candidate=(bias - held.bias, minus(weights, held.weights))
        )
        sheet.unit(shadow, "shadow", update=fresh, reset=heard, candidate=(-held.bias, minus({}, held.weights)))
        sheet.unit(
            name,
            "latch",
            update=(-far, {shadow: 2 * far * (1 + PAD)}),
            candidate=(0.0, {writer: 1.0, shadow: -1.0}),
            reset=heard,
        )
    for bit in program.bits:
        layout.refuse(f"'{bit.name}': a bistable unit does not need this form; leave --form out")
    if demand.latched:
        layout.read(lambda name: {name: 1 / scale})
        return Realisation(sheet, demand.underflow(scale), layout.reasons, late=1)
    layout.read(lambda name: {name: 1 / scale, f"{name} in": 1 / scale, f"{name} shadow": -1 / scale})
    rounding = format.roundoff * (GRID_ROUNDINGS * grid / scale + ROUNDINGS_PER_HOP * v)
    # The curvature occurs twice: in the tanh of the writer and of the memory.
    return Realisation(sheet, Budget(write=2 * scale**2 * v**3 / 3, rounding=rounding), layout.reasons)
