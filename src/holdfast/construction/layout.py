"""The functions that all backends share: gates for conditions, collected reasons, the read-out, ranges of the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.construction.budget import Budget, Demand
from holdfast.construction.program import ALWAYS, Condition, Register, RegisterProgram, Sum
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Gate, Range, separate, situations

PAD = 1e-5
"""The relative margin with which weights are solved for, because they are rounded to float32 later."""


@dataclass
class Layout:
    """A program that is being compiled to a cell: the sheet of weights, and the reasons why it is not possible.

    ``clock`` has the ranges of the units that measure time before each step, ``events`` those of the units for watched
    marks.
    """

    program: RegisterProgram
    demand: Demand
    sheet: Sheet
    clock: Sequence[Mapping[str, Range]]
    events: Mapping[str, tuple[Range, Range]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def gate(self, register: str, condition: Condition, high: float, low: float, exact: bool = False) -> Gate:
        """The gate that follows a condition. If there is none, the reason is recorded and a constant gate returned."""
        found = separate(
            situations(self.program, self.clock, self.events),
            condition,
            high=high if exact else high + PAD * abs(high),
            low=low - PAD * abs(low),
            exact=exact,
        )
        if found is None:
            self.refuse(
                f"'{register}' is written when {condition.words}, which is not linearly separable: no gate, a "
                f"threshold on a weighted sum, follows it on {self.sheet.cell}"
            )
            return Gate(high, {})
        return found

    def refuse(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    def value(self, value: Sum, scale: float) -> tuple[float, dict[str, float]]:
        """The pre-activation for ``scale`` * value, as a bias and weights. Registers are already stored scaled, so only
        the weights of channels are multiplied by ``scale``."""
        registers = {r.name for r in self.program.registers}
        for bit in self.program.bits:
            if bit.name in value.terms:
                self.refuse(f"'{bit.name}' is a bit, which only outputs can read")
        weights = {name: c if name in registers else scale * c for name, c in value.terms.items()}
        return scale * value.constant, weights

    def at_first(self, condition: Condition) -> bool:
        """Whether a condition holds at the first step, for all marks, and at no other step."""
        told_apart = last_flag(self.program) + 2
        met = situations(self.program, [{}] * told_apart, dict.fromkeys(self.program.events, ((0.0, 0.0), (1.0, 1.0))))
        return all(condition.holds(situation.now) == (situation.now.elapsed == 0) for situation in met)

    def no_events(self) -> None:
        """Record a refusal of units that watch for a mark, for backends without them."""
        for name, channel in self.program.events.items():
            self.refuse(f"'{name}' is set by '{channel}', for which {self.sheet.cell} has no unit")

    def grid(self, gate: Gate) -> float:
        """The largest intermediate sum for a gate, before its terms cancel; the sum is rounded on the grid of this
        value. It is the sum of the positive or of the negative terms, with one mark of each group. 1 if a flag is still
        0 and nothing cancels."""
        if not gate.bias:
            return 1.0
        groups = {c.name: c.group for c in self.program.channels if c.group}
        sizes = {(sign, ""): max(sign * gate.bias, 0.0) for sign in (1, -1)}
        for name, weight in gate.weights.items():
            key = (1 if weight > 0 else -1, groups.get(name, name))
            sizes[key] = max(sizes.get(key, 0.0), abs(weight))
        return max(1.0, *(sum(size for (s, _), size in sizes.items() if s == sign) for sign in (1, -1)))

    def no_sources(self, register: Register, but: str | None = None) -> None:
        """Record a refusal if this register is written from another one, for cells that cannot copy. Registers with the
        role ``but`` are allowed."""
        roles = {r.name: "copy" if r.when is ALWAYS else "memory" for r in self.program.registers}
        names = sorted(name for name in register.value.terms if roles.get(name, but) != but)
        if names:
            self.refuse(
                f"'{register.name}' is written from '{names[0]}', and {self.sheet.cell} has no gate with "
                "which a number is copied from unit to unit on demand"
            )

    def read(self, weights: Callable[[str], Mapping[str, float]]) -> None:
        """Write the read-out. ``weights(register)`` are the weights of the units that carry the register's value."""
        for output in self.program.outputs:
            total: dict[str, float] = {}
            for name, coefficient in output.terms.items():
                for unit, weight in weights(name).items():
                    total[unit] = total.get(unit, 0.0) + coefficient * weight
            self.sheet.read(output.constant, total)


@dataclass(frozen=True)
class Realisation:
    """A finished layout with its budget per register, in units of the register. ``late`` is the number of steps between
    a write and the first step at which it can be read; ``horizon`` that within which errors that add up do not use up
    the lead of a symbol, None if they do not add up."""

    sheet: Sheet
    budget: Budget
    reasons: list[str]
    late: int = 0
    horizon: int | None = None


def ranges(heights: Sequence[float], name: str, ceiling: float = 1.0) -> list[dict[str, Range]]:
    """The range of an increasing unit before each step: ``heights[e]`` after e steps, with a margin for rounding. The
    last range is from the last height to ``ceiling``."""
    padded = [(h * (1 - PAD), h * (1 + PAD)) for h in heights[:-1]]
    return [{name: r} for r in (*padded, (heights[-1] * (1 - PAD), ceiling))]


def drive_name(program: RegisterProgram) -> str:
    """The name of the unit that drives the clock: the name of the flag if there is only one."""
    return next(iter(program.flags)) if len(set(program.flags.values())) == 1 else "clock"


def last_flag(program: RegisterProgram) -> int:
    """The number of steps after which the last flag is true (0: there is no flag)."""
    return max(program.flags.values(), default=0)


def minus(weights: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The difference of two linear combinations, given as weights by name, in the order of the names."""
    return {n: weights.get(n, 0.0) - other.get(n, 0.0) for n in (*weights, *(n for n in other if n not in weights))}
