"""Run a program step by step as it is written: with exact registers, without a cell or weights.

This is the specification that a compiled network approximates. ``interpret`` also checks the program's declarations of
its inputs and registers, because the error budget relies on them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from holdfast.construction.program import KeyValueMemory, RegisterProgram, StateMachine, StepContext, Sum
from holdfast.core.errors import BadValue, refuse

ROUNDED = 1e-6
"""The relative amount by which a float32 input may exceed the range that a program declares."""


def interpret(program: RegisterProgram, inputs: np.ndarray) -> np.ndarray:
    """The outputs [time, output] after every step of one sequence ``inputs`` [time, input], in float64.

    Raises ``BadValue`` if an input is outside its declaration, or if a register is written more often, or holds a
    larger number, than declared.
    """
    inputs = np.asarray(inputs, np.float64)
    if inputs.shape[1] != len(program.channels):
        raise BadValue(f"the program has {len(program.channels)} channels, but the inputs have {inputs.shape[1]}.")
    _declared(program, inputs)
    held = {kept.name: 0.0 for kept in (*program.registers, *program.bits)}
    written, seen, outputs = dict.fromkeys(held, 0), set[str](), []
    counts = dict.fromkeys((tally.name for tally in program.tallies), 0)
    machine, memory = program.machine, program.memory and _Pairs(program.memory)
    state = machine.states[0] if machine else ""
    for elapsed, x in enumerate(inputs.tolist()):
        marks = {channel.name: value for channel, value in zip(program.channels, x, strict=True)}
        now, known, after = StepContext(elapsed, marks, frozenset(seen)), held | marks, dict(held)
        for register in program.registers:
            if register.when.holds(now):
                after[register.name] = _of(register.value, known) + (held[register.name] if register.adds else 0.0)
                written[register.name] += 1
        for bit in program.bits:
            value = _of(bit.value, known)
            if elapsed == 0:
                after[bit.name] = 1.0 if value > 0 else -1.0
            elif abs(value) > bit.noise * (1 + ROUNDED):
                raise BadValue(
                    f"the bit '{bit.name}' reads {value:g} at step {elapsed + 1}, its noise is {bit.noise:g}."
                )
        emptied = _counted(program, counts, marks, elapsed + 1)
        seen |= {name for name, channel in program.events.items() if marks[channel] == 1}
        held, of_state = after, dict[str, float]()
        if machine:
            state = _next(machine, state, marks, elapsed + 1)
            of_state = {name: float(name == state) for name in machine.states}
        if memory:
            of_state = memory.read(marks, elapsed + 1)
        outputs.append([_of(value, held | emptied | of_state) for value in program.outputs])
        _promised(program, held, written, elapsed + 1)
    return np.array(outputs).reshape(len(inputs), len(program.outputs))


def _counted(
    program: RegisterProgram, counts: dict[str, int], marks: Mapping[str, float], step: int
) -> dict[str, float]:
    """Whether each count has fallen to 0 in this step. Changes ``counts``."""
    emptied = dict[str, float]()
    for tally in program.tallies:
        count = counts[tally.name] + (marks[tally.up] == 1) - (marks[tally.down] == 1)
        if not 0 <= count <= tally.most:
            raise BadValue(f"'{tally.name}' is {count} at step {step}, expected 0 to {tally.most}.")
        counts[tally.name] = count
        emptied[tally.name] = float(count == 0 and marks[tally.down] == 1)
    return emptied


def _next(machine: StateMachine, state: str, marks: Mapping[str, float], step: int) -> str:
    read = next(symbol for symbol in machine.symbols if marks[symbol] == 1)
    if (state, read) not in machine.table:
        raise BadValue(f"the automaton reads '{read}' in the state '{state}' at step {step}, which has no next state.")
    return machine.table[state, read]


class _Pairs:
    """The content of an associative memory while a sequence is read."""

    def __init__(self, memory: KeyValueMemory) -> None:
        self.memory, self.before = memory, ""
        self.stored = dict[str, list[str]]()

    def read(self, marks: Mapping[str, float], step: int) -> dict[str, float]:
        """The registers that show what is stored under the symbol that is read, after this step."""
        memory, now = self.memory, next((name for name, value in marks.items() if value == 1), "")
        if not self.before and now not in memory.keys:
            raise BadValue(f"the associative memory reads '{now}' at step {step}, expected a key first.")
        if self.before in memory.keys and now in memory.values:
            self.stored.setdefault(self.before, []).append(memory.shown[memory.values.index(now)])
        self.before, there = now, self.stored.get(now, [])
        if len(there) > 1 and not memory.replaces:
            raise BadValue(f"'{now}' is read at step {step}, under which {len(there)} values were stored.")
        return {name: float(name in there[-1:]) for name in memory.shown}


def _of(value: Sum, known: Mapping[str, float]) -> float:
    return value.constant + sum(by * known[name] for name, by in value.terms.items())


def _declared(program: RegisterProgram, inputs: np.ndarray) -> None:
    """Raise ``BadValue``, with every affected channel, unless every input is one that its channel may have."""
    reasons, groups = [], dict[str, np.ndarray]()
    for channel, column in zip(program.channels, inputs.T, strict=True):
        room = ROUNDED * channel.size
        if channel.values:
            odd = column[~np.isin(column, channel.values)]
        else:
            odd = column[(column < channel.low - room) | (column > channel.high + room)]
        if len(odd):
            reasons.append(f"the channel '{channel.name}' reads {odd[0]:g}, which is outside its declared values")
        if channel.group:
            groups[channel.group] = groups.get(channel.group, 0.0) + column
    reasons += [
        f"more or less than one of the symbols with '{name}' is 1" for name, of in groups.items() if (of != 1).any()
    ]
    refuse(reasons, "the inputs do not match the program")


def _promised(program: RegisterProgram, held: Mapping[str, float], written: Mapping[str, int], step: int) -> None:
    for register in program.registers:
        name, value = register.name, held[register.name]
        if register.writes is not None and written[name] > register.writes:
            raise BadValue(f"the register '{name}' is written {written[name]} times by step {step}, at most "
                           f"{register.writes} are declared.")  # fmt: skip
        if abs(value) > register.size * (1 + ROUNDED):
            raise BadValue(f"the register '{name}' holds {value:g} at step {step}, its size is {register.size:g}.")
