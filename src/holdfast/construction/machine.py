"""A finite automaton on a recurrent network: one unit for every state and the symbol by which it is entered.

    unit (p, s)   on after a step that reads s and leads to p
    drive         G (2 [a unit is on from whose state s leads to p] + 2 [s is read] - 3)
    started       on after the first step: before it all units are 0, and the first state counts as entered

Exactly one unit is on at a time, so that the first bracket is a sum. The drive is G where the unit is to be on and at
most -G elsewhere; tanh(G) is 1 in float32 and float64, and 1 - 3e-28 in exact arithmetic. Every step starts from such
values and leads to such values: errors do not add up, and the network is right at every length.

Units: at most states * symbols + 1, as many as Minsky 1967 (Computation: Finite and Infinite Machines) needs of
threshold units. A network of h units that are on or off has at most 2^h states.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from holdfast.construction.budget import Budget, Demand
from holdfast.construction.layout import Realisation
from holdfast.construction.program import RegisterProgram, StateMachine
from holdfast.construction.sheet import Sheet

DRIVE = 32.0
"""G: a power of two, by which products with units of exactly 1 or -1 do not round, and beyond what makes tanh exactly 1
in float32 and float64 on every machine."""
SHUT = 200.0
"""The pre-activation of a gate that is open or shut: the sigmoid is 1 or 0 in float32, within 1e-86 in float64."""
HEIGHTS = {"elman": 1.0, "gru": 1.0, "gru_pytorch": 1.0, "lstm": math.tanh(1.0)}
"""The absolute value of a unit that is on or off, for each cell with this construction. An LSTM's is the tanh of a cell
state of 1."""
GATES = {
    "elman": {},
    "gru": {"reset": SHUT, "update": -SHUT},
    "gru_pytorch": {"reset": SHUT, "update": -SHUT},
    "lstm": {"input": SHUT, "forget": -SHUT, "output": SHUT},
}
"""The gates that are constant; the candidate has the drive."""
STARTED = "started"


def realise(program: RegisterProgram, backend: str, demand: Demand) -> Realisation:
    """The units of a program whose one memory is an automaton. Its refusals are in the ``reasons`` of the result."""
    machine = program.machine
    assert machine is not None
    cell = backend.removesuffix("_pytorch")
    sheet = Sheet(cell, [channel.name for channel in program.channels])
    reasons = []
    if backend not in HEIGHTS:
        reasons.append(f"an automaton is compiled to {', '.join(sorted(set(HEIGHTS) - {'gru_pytorch'}))}, not {cell}")
    if program.registers or program.bits or program.flags or program.events:
        reasons.append("an automaton stands alone: its program has no registers, bits or flags")
    if reasons:
        return Realisation(sheet, Budget(), reasons)
    height, constant = HEIGHTS[backend], {gate: (bias, {}) for gate, bias in GATES[backend].items()}
    entered = reachable(machine)
    sheet.unit(STARTED, "clock", candidate=(DRIVE, {}), **constant)
    for state, symbol in entered:
        sources = [name(p, s) for p, s in entered if machine.table.get((p, symbol)) == state]
        first = 2.0 * (machine.table.get((machine.states[0], symbol)) == state)
        weights = dict.fromkeys(sources, DRIVE / height)
        weights[STARTED] = DRIVE / height * (len(sources) - first)
        drive = (DRIVE * (first - 3), {symbol: 2 * DRIVE, **weights})
        sheet.unit(name(state, symbol), "state", candidate=drive, **constant)
    for output in program.outputs:
        shares = {name(state, symbol): output.terms.get(state, 0.0) / 2 for state, symbol in entered}
        weights = {unit: share / height for unit, share in shares.items() if share}
        sheet.read(output.constant + sum(shares.values()), weights)
    return Realisation(sheet, _budget(len(entered), demand), [])


def name(state: str, symbol: str) -> str:
    """The name of a unit."""
    return f"{state} by {symbol}"


def reachable(machine: StateMachine) -> list[tuple[str, str]]:
    """Every state that is reached, with every symbol by which it is entered from a state that is reached."""
    found, waiting = dict[tuple[str, str], None](), [machine.states[0]]
    known = {machine.states[0]}
    while waiting:
        state = waiting.pop()
        for symbol in machine.symbols:
            target = machine.table.get((state, symbol))
            if target is None:
                continue
            found[target, symbol] = None
            if target not in known:
                known.add(target)
                waiting.append(target)
    order = {state: place for place, state in enumerate(machine.states)}
    return sorted(found, key=lambda pair: (order[pair[0]], machine.symbols.index(pair[1])))


def _budget(units: int, demand: Demand) -> Budget:
    """The error of the sum over all units: each of them misses its height by 1 - tanh(G) and a few roundings."""
    roundoff = demand.format.roundoff
    return Budget(read_out=units * 2 * math.exp(-2 * DRIVE), rounding=units * (units + 16) * roundoff)


def known_units(machine: StateMachine) -> Mapping[str, int]:
    """The number of units by other results: at least, for units that are on or off, and at most (Minsky 1967)."""
    used = {machine.states[0], *(state for state, _ in reachable(machine))}
    return {"at_least": math.ceil(math.log2(len(used))), "at_most": len(used) * len(machine.symbols) + 1}
