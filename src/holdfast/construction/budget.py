"""The demand on the registers of a program, and the error budget of a construction."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from holdfast.construction.program import RegisterProgram, Sum
from holdfast.core.formats import Format


@dataclass(frozen=True)
class Budget:
    """The bound on the error of an output, term by term, in units of the output.

    ``write``: gates that are not fully open while a value is written, and the curvature of its tanh. ``hold``: the loss
    through the gate that keeps. ``leak``: the input through the closed gate. ``read_out``: the output gate and the
    curvature of the last tanh. ``rounding``: errors of IEEE arithmetic. The other terms hold in exact arithmetic too.
    """

    write: float = 0.0
    hold: float = 0.0
    leak: float = 0.0
    read_out: float = 0.0
    rounding: float = 0.0

    @property
    def total(self) -> float:
        return self.write + self.hold + self.leak + self.read_out + self.rounding

    def __add__(self, other: Budget) -> Budget:
        both = asdict(other)
        return Budget(**{name: value + both[name] for name, value in asdict(self).items()})

    def __mul__(self, factor: float) -> Budget:
        return Budget(**{name: factor * value for name, value in asdict(self).items()})

    def as_json(self) -> dict[str, float]:
        return {name.replace("read_out", "read-out"): value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Demand:
    """The demand on every register: hold values up to ``size`` within ``tolerance`` for ``steps`` steps (None:
    unlimited).

    ``hops``: the number of registers that a value passes through; ``writes``: the number of values that one register
    adds up; ``gain``: the factor by which the read-out multiplies the error of a register.
    """

    steps: int | None
    tolerance: float
    size: float
    hops: int
    writes: int
    gain: float
    format: Format

    @property
    def latched(self) -> bool:
        """Whether gates of exactly 0 and 1 are required."""
        return self.steps is None

    def underflow(self, scale: float) -> Budget:
        """The only error of a memory whose gates are exactly 0 and 1 and whose tanh is the identity: a value stored at
        ``scale`` may be subnormal and be flushed to 0, once when written and once when read."""
        return Budget(rounding=2 * math.ldexp(1.0, self.format.least_normal) / scale)

    def hold(self, each: float) -> float:
        """The total of an error ``each`` per step."""
        return each * (self.steps or 0) if each else 0.0


def demand(program: RegisterProgram, steps: int | None, tolerance: float, format: Format) -> Demand:
    """The demand on each register such that every output is within ``tolerance``, or the right symbol keeps its
    lead."""
    names = {r.name for r in (*program.registers, *program.bits, *program.tallies)} | {*program.one_hot}

    def gain(value: Sum) -> float:
        return sum(abs(c) for name, c in value.terms.items() if name in names)

    if program.gap is not None:
        pairs = [gain(a - b) for a in program.outputs for b in program.outputs]
        # Half of the lead may be lost to errors; the other half is the margin of the right symbol.
        gains, tolerance = max(pairs), program.gap / 2
    else:
        gains = max((gain(value) for value in program.outputs), default=0.0)
    gains, size = gains or 1.0, max((r.size for r in program.registers), default=1.0) or 1.0
    return Demand(
        steps=steps,
        # An error as large as the held value is that of the constant 0: a larger tolerance is pointless.
        tolerance=min(tolerance / gains, size),
        size=size,
        hops=max((_hops(program, r.name) for r in program.registers), default=0),
        writes=max((r.writes or 1 for r in program.registers if r.adds), default=1),
        gain=gains,
        format=format,
    )


def combining(program: RegisterProgram, format: Format) -> Budget:
    """The rounding errors of linear combinations of values and of outputs, in units of the output (for symbols: of the
    lead).

    A single term times a power of two is not rounded. In every other sum each coefficient, product and addition rounds,
    by at most one unit of roundoff of the largest possible sum of absolute values.
    """
    lost: dict[str, float] = {}

    def rounded(value: Sum) -> float:
        groups = {c.name: c.group for c in program.channels if c.group}
        added = len({groups.get(name, name) for name, c in value.terms.items() if c}) + (value.constant != 0)
        plain = added <= 1 and all(
            math.frexp(c)[0] in (0.5, 0.0, -0.5) for c in (*value.terms.values(), value.constant)
        )
        own = 0.0 if plain else (added + 2) * format.roundoff * program.size(value)
        return own + sum(abs(c) * lost.get(name, 0.0) for name, c in value.terms.items())

    for register in program.registers:
        lost[register.name] = rounded(register.value) * (register.writes or 1 if register.adds else 1)
    worst = max((rounded(value) for value in program.outputs), default=0.0)
    return Budget(rounding=worst if program.gap is None else 2 * worst)


def _hops(program: RegisterProgram, name: str) -> int:
    """The number of registers that a value passes through to reach this one, including this one."""
    depth: dict[str, int] = {}
    for register in program.registers:
        depth[register.name] = 1 + max((depth.get(source, 0) for source in register.value.terms), default=0)
    return depth[name]


def power_of_two(limit: float) -> float:
    """The largest power of two that is at most ``limit``. Multiplication and division by it do not round."""
    return 2.0 ** math.floor(math.log2(limit))


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def opening(missing: float) -> float:
    """The pre-activation at which a gate is 1 - ``missing``: log((1 - m) / m)."""
    return math.log((1 - missing) / missing)
