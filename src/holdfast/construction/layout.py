"""What every backend does alike: conditions to gates, reasons collected, outputs read, the clock's situations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.construction.budget import Budget, Demand
from holdfast.construction.program import ALWAYS, Condition, Register, RegisterProgram, Sum
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Gate, Range, separate, situations

PAD = 1e-5
"""Weights are solved for with this much more margin, relative, than needed: they are rounded to float32 later."""


@dataclass
class Layout:
    """A program being laid out on a cell: the sheet, the reasons why it cannot be, the budget when it can."""

    program: RegisterProgram
    demand: Demand
    sheet: Sheet
    clock: Sequence[Mapping[str, Range]]
    events: Mapping[str, tuple[Range, Range]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def gate(self, register: str, condition: Condition, high: float, low: float, exact: bool = False) -> Gate:
        """The gate that follows a condition; where there is none the reason is noted and a constant returned."""
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
        """The pre-activation ``scale`` * value: channels are multiplied, registers are stored scaled already."""
        registers = {r.name for r in self.program.registers}
        for bit in self.program.bits:
            if bit.name in value.terms:
                self.refuse(f"'{bit.name}' is a bit, which only outputs can read")
        weights = {name: c if name in registers else scale * c for name, c in value.terms.items()}
        return scale * value.constant, weights

    def at_first(self, condition: Condition) -> bool:
        """Whether it holds at the first step, whatever the marks, and at no other."""
        told_apart = last_flag(self.program) + 2
        met = situations(self.program, [{}] * told_apart, dict.fromkeys(self.program.events, ((0.0, 0.0), (1.0, 1.0))))
        return all(condition.holds(situation.now) == (situation.now.elapsed == 0) for situation in met)

    def no_events(self) -> None:
        """Refuse units that watch for a mark, where the backend has none."""
        for name, channel in self.program.events.items():
            self.refuse(f"'{name}' is set by '{channel}', for which {self.sheet.cell} has no unit")

    def grid(self, gate: Gate) -> float:
        """How large what is added up for a gate gets before it cancels, on whose grid it is rounded: the sum of its
        positive or of its negative parts, one mark of a group at a time. 1 where a flag is still 0 and nothing cancels.
        """
        if not gate.bias:
            return 1.0
        groups = {c.name: c.group for c in self.program.channels if c.group}
        sizes = {(sign, ""): max(sign * gate.bias, 0.0) for sign in (1, -1)}
        for name, weight in gate.weights.items():
            key = (1 if weight > 0 else -1, groups.get(name, name))
            sizes[key] = max(sizes.get(key, 0.0), abs(weight))
        return max(1.0, *(sum(size for (s, _), size in sizes.items() if s == sign) for sign in (1, -1)))

    def no_sources(self, register: Register, but: str | None = None) -> None:
        """Refuse a register that is written from another one, but from one in this role, where the cell cannot copy."""
        roles = {r.name: "copy" if r.when is ALWAYS else "memory" for r in self.program.registers}
        names = sorted(name for name in register.value.terms if roles.get(name, but) != but)
        if names:
            self.refuse(
                f"'{register.name}' is written from '{names[0]}', and {self.sheet.cell} has no gate with "
                "which a number is copied from unit to unit on demand"
            )

    def read(self, weights: Callable[[str], Mapping[str, float]]) -> None:
        """Write the read-out: ``weights(register)`` are those of the units that carry a register's value."""
        for output in self.program.outputs:
            total: dict[str, float] = {}
            for name, coefficient in output.terms.items():
                for unit, weight in weights(name).items():
                    total[unit] = total.get(unit, 0.0) + coefficient * weight
            self.sheet.read(output.constant, total)


@dataclass(frozen=True)
class Realisation:
    """A layout with its budget per register, in the register's units; ``late``: steps between a write and its being
    read."""

    sheet: Sheet
    budget: Budget
    reasons: list[str]
    late: int = 0


def ranges(heights: Sequence[float], name: str, ceiling: float = 1.0) -> list[dict[str, Range]]:
    """A rising unit's range before each step: ``heights[e]`` after e steps, padded for rounding; at last, anything
    between the last height and ``ceiling``."""
    padded = [(h * (1 - PAD), h * (1 + PAD)) for h in heights[:-1]]
    return [{name: r} for r in (*padded, (heights[-1] * (1 - PAD), ceiling))]


def drive_name(program: RegisterProgram) -> str:
    """A single flag gives its unit its name."""
    return next(iter(program.flags)) if len(set(program.flags.values())) == 1 else "clock"


def last_flag(program: RegisterProgram) -> int:
    """After how many steps the last flag rises (0: there is none)."""
    return max(program.flags.values(), default=0)


def minus(weights: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The difference of two sums of weights * names, in the order in which the names come."""
    return {n: weights.get(n, 0.0) - other.get(n, 0.0) for n in (*weights, *(n for n in other if n not in weights))}
