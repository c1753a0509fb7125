"""A program run step by step, as it is written: exact registers, no cell, no weights.

This is what a construction promises before anything is laid out. ``interpret`` also holds the program to what it says
of its inputs and registers, since the error budget rests on that.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from holdfast.construction.program import RegisterProgram, StepContext, Sum
from holdfast.core.errors import BadValue, refuse

ROUNDED = 1e-6
"""How far a float32 input may be outside the range that a program was written for, relative to its size."""


def interpret(program: RegisterProgram, inputs: np.ndarray) -> np.ndarray:
    """The outputs [time, output] after every step of one sequence ``inputs`` [time, input], in float64.

    Raises ``BadValue`` where an input is none that the program declares, where a register is written more often than
    it says, or holds a larger number.
    """
    inputs = np.asarray(inputs, np.float64)
    if inputs.shape[1] != len(program.channels):
        raise BadValue(f"the program has {len(program.channels)} channels, but the inputs have {inputs.shape[1]}.")
    _declared(program, inputs)
    held = {kept.name: 0.0 for kept in (*program.registers, *program.bits)}
    written, seen, outputs = dict.fromkeys(held, 0), set[str](), []
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
        seen |= {name for name, channel in program.events.items() if marks[channel] == 1}
        held = after
        outputs.append([_of(value, held) for value in program.outputs])
        _promised(program, held, written, elapsed + 1)
    return np.array(outputs).reshape(len(inputs), len(program.outputs))


def _of(value: Sum, known: Mapping[str, float]) -> float:
    return value.constant + sum(by * known[name] for name, by in value.terms.items())


def _declared(program: RegisterProgram, inputs: np.ndarray) -> None:
    """Whether every input is one that its channel may have. Raises ``BadValue`` with every channel where one is not."""
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
