"""Registers on a plain tanh network: a large input L saturates the writer unless the value is to be written.

    flag     p = tanh(20)
    writer   s = tanh(w v + K L),  q = tanh(K L)      L = 0 when written, at least 1 otherwise
    memory   m = tanh(m + kappa (s_before - q_before))
    read     (m + kappa (s - q)) / (kappa w)

While L is on, s and q are both saturated, so s - q is small: at most g = w V sech^2(K - w V). The memory sums s - q at
a small scale kappa, where tanh is nearly the identity. With M = kappa (w V + n g),

    |y - v| <= c w^2 v^3 / 3  +  n M^3 / (3 kappa w)  +  n g / w          for c values added up

Rounding: if s and q saturate to the same float, m + kappa s - kappa q is rounded only once, on the grid of kappa: the
result is a fixed point of the same sum in the same order. Otherwise each step rounds s - q, and this error is divided
by w. If n such errors would be too large, K is chosen so large that s and q saturate. The read-out rounds on the grid
of 1/w.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from holdfast.construction.bits import bistable
from holdfast.construction.budget import Budget, Demand, power_of_two
from holdfast.construction.gains import ROUNDINGS_PER_HOP
from holdfast.construction.layout import Layout, Realisation, drive_name, last_flag, minus
from holdfast.construction.program import ALWAYS, RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range

FULL = 20.0
"""tanh(20) = 1 - 8e-18."""
GRID_ROUNDINGS = 1.5
"""Units of roundoff, on the grid of 1/w, for each of: a write, the first step of holding, and the read-out. Each is a
sum m + K - K, which rounds once; the rest is a margin."""
STEP_ROUNDINGS = 20
"""Units of roundoff for each step in which s and q are not saturated: two tanh of up to eight each, and the sum."""
CURVE, LEAK = 3 / 4, 1 / 8
"""Fractions of the tolerance for the curvature of tanh and for s - q while holding."""


def realise(program: RegisterProgram, demand: Demand) -> Realisation:
    """Compile ``program`` to tanh units: three for each register and one for every step up to the last flag."""
    sheet = Sheet("elman", [c.name for c in program.channels])
    layout = Layout(program, demand, sheet, _chain(program, sheet))
    gains = _gains(demand)
    scale, kappa, drown, grid = gains.scale, gains.kappa, gains.drown, 1.0
    for register in program.registers:
        if register.when is ALWAYS:
            layout.no_sources(register, but="copy")
            sheet.unit(register.name, "copy", candidate=layout.value(register.value, scale))
            continue
        layout.no_sources(register)
        if not register.adds and register.writes != 1:
            layout.refuse(f"'{register.name}' is overwritten, but a plain recurrent unit cannot be cleared on demand")
        held = layout.gate(register.name, register.when, 0.0, -drown, exact=True)
        bias, weights = layout.value(register.value, scale)
        grid = max(grid, layout.grid(held))
        writer, shadow = f"{register.name} in", f"{register.name} shadow"
        sheet.unit(writer, "writer", candidate=(bias - held.bias, minus(weights, held.weights)))
        sheet.unit(shadow, "shadow", candidate=(-held.bias, minus({}, held.weights)))
        sheet.unit(register.name, "memory", candidate=(0.0, {register.name: 1.0, writer: kappa, shadow: -kappa}))
    layout.no_events()
    span = bistable(layout, lambda kept, x: math.tanh(kept + x))
    for bit in program.bits:
        bias, weights = layout.value(bit.value, span.write)
        sheet.unit(bit.name, "bit", candidate=(bias, {**weights, bit.name: span.feedback}))

    def carriers(name: str) -> dict[str, float]:
        match sheet.roles[name]:
            case "bit":
                return {name: span.read}
            case "copy":
                return {name: 1 / scale}
            case _:
                return {name: 1 / (kappa * scale), f"{name} in": 1 / scale, f"{name} shadow": -1 / scale}

    layout.read(carriers)
    held = _budget(demand, gains, grid) if program.registers else Budget()
    return Realisation(sheet, held + span.budget(demand.format), layout.reasons)


@dataclass(frozen=True)
class _Gains:
    """The gains: w (``scale``), ``kappa`` and K (``drown``). ``exact``: s and q saturate to exactly 1 in the number
    format."""

    scale: float
    kappa: float
    drown: float
    exact: bool


def _gains(demand: Demand) -> _Gains:
    """Choose the gains. kappa is so small that tanh is the identity on the held value in the number format, and close
    to it in exact arithmetic. For unlimited length, w balances curvature against rounding."""
    v, n, format = demand.size, demand.steps, demand.format
    if n is None:
        w = power_of_two((3 * format.roundoff * GRID_ROUNDINGS * (demand.writes + 2) / v**3) ** (1 / 3))
        return _Gains(w, _small(format.identity / (2 * w * v)), w * v + format.saturated, True)
    w = power_of_two(min(math.sqrt(3 * CURVE / 1.1 * demand.tolerance / (demand.writes * v**3)), 0.25 / v))
    kappa = _small(format.identity / (2 * w * v))
    drown = 0.5 * math.log(4 * v * max(n - 1, 1) / (LEAK * demand.tolerance))
    exact = n * STEP_ROUNDINGS * format.roundoff / w > demand.tolerance / 100
    return _Gains(w, kappa, w * v + (max(drown, format.saturated) if exact else drown), exact)


def _small(limit: float) -> float:
    return power_of_two(min(limit, 0.5))


def _budget(demand: Demand, gains: _Gains, coarsest: float) -> Budget:
    v, c, w, kappa = demand.size, demand.writes, gains.scale, gains.kappa
    grow = w * v / math.cosh(gains.drown * (1 - 1e-5) - w * v) ** 2
    held = kappa * (w * v + demand.hold(grow))
    grid = coarsest * demand.format.roundoff / w
    return Budget(
        write=max(demand.hops, 1) * w**2 * v**3 / (3 * c**2),
        hold=demand.hold(held**3 / (3 * kappa * w)),
        leak=demand.hold(grow / w),
        rounding=(c + 2) * GRID_ROUNDINGS * grid
        + ROUNDINGS_PER_HOP * demand.format.roundoff * v
        + (0.0 if gains.exact else demand.hold(STEP_ROUNDINGS * grid)),
    )


def _chain(program: RegisterProgram, sheet: Sheet) -> list[dict[str, Range]]:
    last = last_flag(program)
    names = [drive_name(program) if last == 1 else f"after {j}" for j in range(1, last + 1)]
    for j, name in enumerate(names):
        sheet.unit(name, "flag", candidate=(0.0, {names[j - 1]: FULL}) if j else (FULL, {}))
    full = (1.0, 1.0)
    return [{n: full if elapsed > j else (0.0, 0.0) for j, n in enumerate(names)} for elapsed in range(last + 1)]
