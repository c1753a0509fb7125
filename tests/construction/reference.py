"""What a program means, step by step in exact-enough numbers: the outside oracle of whatever it is compiled to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from holdfast.construction.program import RegisterProgram, StepContext, Sum


def run(program: RegisterProgram, inputs: np.ndarray) -> np.ndarray:
    """The program's outputs [row, time, output] in float64 for inputs [row, time, channel]."""
    return np.stack([_row(program, row) for row in np.asarray(inputs, np.float64)])


def _row(program: RegisterProgram, row: np.ndarray) -> np.ndarray:
    kept = {**{r.name: 0.0 for r in program.registers}, **{b.name: 0.0 for b in program.bits}}
    seen: set[str] = set()
    outputs = []
    for elapsed, x in enumerate(row):
        read = {channel.name: float(value) for channel, value in zip(program.channels, x, strict=True)}
        now = StepContext(elapsed, {c.name: read[c.name] for c in program.channels if c.values}, frozenset(seen))
        before = {**read, **kept}
        for register in program.registers:
            if register.when.holds(now):
                kept[register.name] = _value(register.value, before) + (before[register.name] if register.adds else 0)
        for bit in program.bits:
            if elapsed == 0:
                kept[bit.name] = float(np.sign(_value(bit.value, before)))
        seen |= {name for name, channel in program.events.items() if read[channel] == 1}
        outputs.append([_value(value, kept) for value in program.outputs])
    return np.array(outputs)


def _value(value: Sum, known: Mapping[str, float]) -> float:
    return value.constant + sum(c * known[name] for name, c in value.terms.items())


def rows(program: RegisterProgram, steps: int, count: int, draw: np.random.Generator, mark: float = 0.5) -> np.ndarray:
    """Inputs [row, time, channel] in float32: reals anywhere or at the ends of their ranges, marks as they come."""
    found = np.zeros((count, steps, len(program.channels)), np.float32)
    for place, channel in enumerate(program.channels):
        if not channel.values:
            low, high = (np.float32(end) for end in (channel.low, channel.high))
            anywhere = draw.uniform(low, high, (count, steps)).astype(np.float32).clip(low, high)
            ends = np.where(draw.integers(0, 2, (count, steps)) == 1, high, low)
            constant = np.where(draw.integers(0, 2, (count, 1)) == 1, high, low) + np.zeros((count, steps), np.float32)
            kind = (np.arange(count) % 3)[:, None]
            found[..., place] = np.where(kind == 0, anywhere, np.where(kind == 1, ends, constant))
        elif not channel.group:
            found[..., place] = np.where(
                draw.random((count, steps)) < mark, channel.values[-1], draw.choice(channel.values, (count, steps))
            )
    for group in sorted({c.group for c in program.channels if c.group}):
        places = [place for place, c in enumerate(program.channels) if c.group == group]
        hot = draw.choice(places, (count, steps))
        found[..., places] = np.arange(found.shape[-1])[places] == hot[..., None]
    return found
