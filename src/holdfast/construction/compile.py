"""Compile a program to a network with a claim: the demand, the layout on a cell, the weights, the error budget.

``compile_program`` reports all reasons for a refusal together: a condition that no gate can follow, a copy that the
cell cannot make, too few units, a tolerance below what the number format allows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from holdfast.construction import associative, backends, machine, turning
from holdfast.construction.budget import Budget, combining, demand
from holdfast.construction.layout import Realisation
from holdfast.construction.program import RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.core.claim import Claim, Semantics
from holdfast.core.errors import BadValue, refuse
from holdfast.core.formats import FORMATS
from holdfast.engine.network import Network

COARSEST = 64
"""The largest number of times that the tolerance is doubled to find one that is possible."""
LISTED = 6
"""The largest number of units that a message lists."""
COUNTS = "irnn"
"""The cell whose units count: those of others are bounded."""
BOTH: tuple[Semantics, ...] = ("real", "ieee")
FOREVER: dict[str, tuple[Semantics, ...]] = {"irnn": BOTH, "lstm1997_forever": ("real",), **associative.FOREVER}
"""The arithmetics in which a network for every length is valid, for backends where this is not IEEE alone. In IEEE
arithmetic, rounding closes gates exactly."""


@dataclass(frozen=True)
class Construction:
    """A constructed network, its claim, its error budget, and the sheet with its units and weights by name. For an
    automaton ``known_units`` has bounds from the literature on the number of units, ``at_least`` and ``at_most``. Where
    units count, ``counts_to`` is the largest count that these weights keep in the network's number format. Where errors
    add up, ``horizon`` is a number of steps within which the right symbol leads."""

    network: Network
    claim: Claim
    budget: Budget
    sheet: Sheet
    gap: float | None
    known_units: Mapping[str, int] | None = None
    counts_to: int | None = None
    horizon: int | None = None


def compile_program(
    program: RegisterProgram,
    cell: str,
    *,
    units: int | None,
    steps: int | None,
    tolerance: float,
    dtype: str = "float32",
    task: str = "program",
    axes: Mapping[str, object] | None = None,
    form: str = "",
) -> Construction:
    """Weights of ``cell`` for ``program``, within ``tolerance`` at every length up to ``steps`` (None: every length).

    ``units`` None means as many as are needed.

    ``form`` selects another backend of the cell by the rest of its name: "pytorch" for ``gru_pytorch.py``.

    Raises ``UnknownName`` for a cell without a backend, and ``BadValue`` with every reason why it is not possible.
    """
    reasons = [] if tolerance > 0 else [f"--tolerance is {tolerance:g}, expected a positive number"]
    reasons += [] if units is None or units >= 1 else [f"--units is {units}, expected at least 1"]
    reasons += [] if steps is None or steps >= 1 else [f"--steps is {steps}, expected at least 1 or 'any'"]
    if dtype not in FORMATS:
        reasons.append(f"--dtype is '{dtype}', expected one of {', '.join(FORMATS)}")
    refuse(reasons, f"construct {task}")
    backend = f"{cell}_{form}" if form else cell
    realised, budget = _realise(program, backend, steps, tolerance, dtype)
    names, reasons = realised.sheet.units, list(realised.reasons)
    if units is None:
        units = max(1, len(names))
    if len(names) > units:
        listed = ", ".join(names[:LISTED]) + (", ..." if len(names) > LISTED else "")
        reasons.append(f"it needs {len(names)} units ({listed}), but there are {units}; give --units {len(names)}")
    reasons += _unfit(realised.sheet, dtype)
    if not reasons and budget.total > _bound(program, tolerance):
        reasons.append(
            f"--tolerance {tolerance:g} is below what {cell} reaches in {dtype}"
            + (f" at {steps} steps" if steps is not None else "")
            + _coarser(program, backend, steps, tolerance, dtype)
        )
    refuse(reasons, f"construct {task} on {cell}", "Change the program, the cell or the requirements.")
    claim = Claim(
        task,
        dict(axes or {}),
        budget.total if program.gap is None else 0.0,
        steps,
        _semantics(program, backend, steps),
        dtype,
        least_steps=1 + realised.late,
    )
    known = machine.known_units(program.machine) if program.machine and cell not in turning.LAYOUTS else None
    counts_to = FORMATS[dtype].counts_to if program.tallies else None
    network = realised.sheet.network(units, dtype)
    return Construction(network, claim, budget, realised.sheet, program.gap, known, counts_to, realised.horizon)


def _semantics(program: RegisterProgram, backend: str, steps: int | None) -> tuple[Semantics, ...]:
    """The arithmetics in which a network is valid."""
    if steps is not None:
        return BOTH
    corrects = program.machine is not None and backend not in turning.LAYOUTS
    kept = program.registers or program.memory or program.machine
    return BOTH if corrects or not kept else FOREVER.get(backend, ("ieee",))


def _bound(program: RegisterProgram, tolerance: float) -> float:
    """The limit of the budget: the tolerance or, for symbols, half of the lead of the right one."""
    return tolerance if program.gap is None else program.gap / 2


def _realise(
    program: RegisterProgram, backend: str, steps: int | None, tolerance: float, dtype: str
) -> tuple[Realisation, Budget]:
    """The layout, and the budget of the outputs. The division of the tolerance neglects higher orders; if these matter,
    the layout is repeated with a smaller tolerance."""
    asked, combined = demand(program, steps, tolerance, FORMATS[dtype]), combining(program, FORMATS[dtype])
    for share in (1.0, 0.75, 0.5, 0.25):
        demanded = replace(asked, tolerance=share * asked.tolerance)
        if program.machine is not None:
            realised = (turning if backend in turning.LAYOUTS else machine).realise(program, backend, demanded)
        elif program.tallies and backend != COUNTS:
            why = f"'{program.tallies[0].name}' counts, for which only {COUNTS} has a unit, not {backend}"
            sheet = Sheet(backend.partition("_")[0], [channel.name for channel in program.channels])
            realised = Realisation(sheet, Budget(), [why])
        elif program.memory is not None:
            realised = associative.realise(program, backend, demanded)
        else:
            realised = backends.get(backend)(program, demanded)
        budget = realised.budget * asked.gain + combined
        if realised.reasons or budget.total <= _bound(program, tolerance):
            break
    return realised, budget


def _unfit(sheet: Sheet, dtype: str) -> list[str]:
    """Reasons why the weights cannot be represented in this number format."""
    limits, sizes = np.finfo(dtype), [abs(w) for w in sheet.weights() if w]
    if not sizes or (max(sizes) <= float(limits.max) and min(sizes) >= float(limits.smallest_normal)):
        return []
    return [
        f"its weights are between {min(sizes):.1e} and {max(sizes):.1e} in size, and {dtype} goes from "
        f"{limits.smallest_normal:.1e} to {limits.max:.1e}"
    ]


def _coarser(program: RegisterProgram, backend: str, steps: int | None, tolerance: float, dtype: str) -> str:
    """Advice in a message: a tolerance that is possible."""
    if program.gap is not None:
        return ""
    for doubling in range(1, COARSEST):
        coarse = tolerance * 2**doubling
        try:
            realised, budget = _realise(program, backend, steps, coarse, dtype)
        except (BadValue, ValueError, OverflowError):
            break
        if not realised.reasons and budget.total <= coarse:
            return f"; {_up(coarse):g} would do" + ("" if dtype == "float64" else ", or --dtype float64")
    return ""


def _up(value: float) -> float:
    """The value rounded up to one significant digit."""
    one = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.ceil(value / one) * one:.0e}")
