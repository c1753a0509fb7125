"""What is asked of the registers of a program, and where the error of a construction comes from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from holdfast.construction.program import RegisterProgram, Sum
from holdfast.core.formats import Format


@dataclass(frozen=True)
class Budget:
    """The largest error of an output, term by term, in units of the output.

    ``write``: gates not wholly open while a value is written, and the curvature of its tanh. ``hold``: what the
    gate that keeps lets go. ``leak``: what comes through the gate that is closed. ``read_out``: the output gate and
    the curvature of the last tanh. ``rounding``: IEEE arithmetic; zero terms are zero in exact arithmetic too.
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
    """What every register has to do: hold ``size`` within ``tolerance`` for ``steps`` (None: for ever).

    ``hops``: through how many registers a value passes; ``writes``: how many values one register adds up;
    ``gain``: by how much the read-out multiplies a register's error.
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
        """Whether only gates that are exactly 0 and 1 will do."""
        return self.steps is None

    def underflow(self, scale: float) -> Budget:
        """All that a memory loses whose gates are exactly 0 and 1 and whose tanh is the identity: what is stored at
        ``scale`` may be subnormal, and become 0, once on the way in and once on the way out."""
        return Budget(rounding=2 * math.ldexp(1.0, self.format.least_normal) / scale)

    def hold(self, each: float) -> float:
        """An error made at every step, in all."""
        return each * (self.steps or 0) if each else 0.0


def demand(program: RegisterProgram, steps: int | None, tolerance: float, format: Format) -> Demand:
    """The demand on each register, so that every output (or the lead of the right symbol) is good enough."""
    names = {r.name for r in (*program.registers, *program.bits)}

    def gain(value: Sum) -> float:
        return sum(abs(c) for name, c in value.terms.items() if name in names)

    if program.gap is not None:
        pairs = [gain(a - b) for a in program.outputs for b in program.outputs]
        # Half of the lead may be lost; the other half is the margin with which the right symbol wins.
        gains, tolerance = max(pairs), program.gap / 2
    else:
        gains = max((gain(value) for value in program.outputs), default=0.0)
    gains, size = gains or 1.0, max((r.size for r in program.registers), default=1.0) or 1.0
    return Demand(
        steps=steps,
        # An error as large as what is held is that of 0: nothing is gained by allowing more.
        tolerance=min(tolerance / gains, size),
        size=size,
        hops=max((_hops(program, r.name) for r in program.registers), default=0),
        writes=max((r.writes or 1 for r in program.registers if r.adds), default=1),
        gain=gains,
        format=format,
    )


def combining(program: RegisterProgram, format: Format) -> Budget:
    """What is rounded where values and outputs are put together, in units of the output (for symbols: of a lead).

    One term times a power of two rounds nothing. In every other sum each coefficient, product and addition rounds,
    at most by one unit of roundoff of all that may be added up.
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
    """Through how many registers a value passes on its way into this one, itself counted."""
    depth: dict[str, int] = {}
    for register in program.registers:
        depth[register.name] = 1 + max((depth.get(source, 0) for source in register.value.terms), default=0)
    return depth[name]


def power_of_two(limit: float) -> float:
    """The largest power of two that is at most ``limit``: multiplying by it, and dividing, rounds nothing."""
    return 2.0 ** math.floor(math.log2(limit))


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def opening(missing: float) -> float:
    """The pre-activation at which a gate lacks this much of being wholly open: log((1 - m) / m)."""
    return math.log((1 - missing) / missing)
