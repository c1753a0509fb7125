"""The language for constructions: a program states with registers and conditions what is to be remembered.

    program = RegisterProgram()
    x = program.real("x", -1, 1)
    started = program.flag("started", after=1)
    first = program.latch("first", x, when=~started)
    program.output(first)

A program does not mention gates, units or weights: ``compile.py`` compiles it to a cell, or refuses with all reasons.
At each step a register is written from the *current* inputs and from the values of other registers *before* the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.core.errors import BadValue


@dataclass(frozen=True)
class Sum:
    """A linear combination of channels and registers by name: ``constant`` + the sum of coefficient * value."""

    terms: Mapping[str, float]
    constant: float = 0.0

    def __add__(self, other: Sum | float) -> Sum:
        if not isinstance(other, Sum):
            return Sum(self.terms, self.constant + other)
        names = self.terms.keys() | other.terms.keys()
        return Sum(
            {n: self.terms.get(n, 0.0) + other.terms.get(n, 0.0) for n in sorted(names)},
            self.constant + other.constant,
        )

    def __mul__(self, factor: float) -> Sum:
        return Sum({name: factor * c for name, c in self.terms.items()}, factor * self.constant)

    def __sub__(self, other: Sum | float) -> Sum:
        return self + other * -1.0

    __radd__, __rmul__ = __add__, __mul__


@dataclass(frozen=True)
class StepContext:
    """The values that a condition may depend on: the number of steps before this one, the current marks, and the
    watched marks that were read before."""

    elapsed: int
    marks: Mapping[str, float]
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Condition:
    """A condition, true or false at each step. ``~``, ``&`` and ``|`` combine conditions; ``words`` is its text."""

    words: str
    holds: Callable[[StepContext], bool]

    def __invert__(self) -> Condition:
        return Condition(f"not {self.words}", lambda now: not self.holds(now))

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"({self.words} and {other.words})", lambda now: self.holds(now) and other.holds(now))

    def __or__(self, other: Condition) -> Condition:
        return Condition(f"({self.words} or {other.words})", lambda now: self.holds(now) or other.holds(now))


ALWAYS = Condition("always", lambda now: True)


@dataclass(frozen=True)
class Channel:
    """One input feature: a real number between ``low`` and ``high``, or a mark with one of ``values``.

    Marks of the same ``group`` are one-hot: exactly one of them is 1.
    """

    name: str
    low: float
    high: float
    values: tuple[float, ...] = ()
    group: str = ""

    @property
    def size(self) -> float:
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class Register:
    """A register holds one number. If ``when`` is true it becomes ``value`` (``adds``: increases by it), otherwise it
    does not change.

    ``writes`` is the largest number of writes in one sequence (None: no limit); ``size`` is the largest absolute value
    that it holds.
    """

    name: str
    value: Sum
    when: Condition
    adds: bool
    writes: int | None
    size: float


@dataclass(frozen=True)
class Bit:
    """A sign that is kept despite noise. The first step sets it with a ``value`` of at least 1 in absolute value; later
    values are noise of at most ``noise``."""

    name: str
    value: Sum
    noise: float


@dataclass(frozen=True)
class Tally:
    """A count that starts at 0, rises by 1 whenever the mark ``up`` is 1 and falls by 1 whenever ``down`` is 1. It is
    at least 0 and at most ``most``."""

    name: str
    up: str
    down: str
    most: int


@dataclass(frozen=True)
class StateMachine:
    """A finite automaton that reads the one-hot channels ``symbols``: ``table`` maps (state, symbol) to the next state.
    The first of ``states`` is that before the first step. A pair that is missing is one that no sequence has."""

    symbols: tuple[str, ...]
    states: tuple[str, ...]
    table: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class KeyValueMemory:
    """An associative memory that reads the one-hot channels ``keys`` and ``values``, first a key: a value that is read
    right after a key is stored under that key. ``shown`` are registers, one for each value: while a key is read, that
    of the value stored under it is 1.

    ``replaces``: a key may get another value before it is read again, and the last one counts. Otherwise what is read
    under a key to which two values were stored is not defined."""

    keys: tuple[str, ...]
    values: tuple[str, ...]
    shown: tuple[str, ...]
    replaces: bool


@dataclass
class RegisterProgram:
    """Channels in the order of the input's features, registers, and the linear read-out. At most one automaton, whose
    states count as registers that are 0 or 1, or one associative memory.

    Raises ``BadValue`` for a name that is already used, or unknown.
    """

    channels: list[Channel] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    registers: list[Register] = field(default_factory=list)
    bits: list[Bit] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    machine: StateMachine | None = None
    memory: KeyValueMemory | None = None
    outputs: list[Sum] = field(default_factory=list)
    gap: float | None = None

    def real(self, name: str, low: float, high: float) -> Sum:
        """An input feature: a real number in this range."""
        if not -math.inf < low < high < math.inf:
            raise BadValue(
                f"'{name}' ranges from {low:g} to {high:g}, expected a bounded range, the smaller number first."
            )
        return self._channel(Channel(name, low, high))

    def mark(self, name: str, *values: float) -> Sum:
        """An input feature with one of these values."""
        return self._channel(Channel(name, min(values), max(values), values))

    def symbols(self, *names: str) -> list[Sum]:
        """One-hot input features: exactly one is 1, the others are 0."""
        return [self._channel(Channel(name, 0.0, 1.0, (0.0, 1.0), group=names[0])) for name in names]

    def reads(self, channel: str, value: float = 1.0) -> Condition:
        """The condition that the mark ``channel`` has this value at the current step."""
        self._mark(channel, value)
        return Condition(channel if value == 1 else f"{channel} = {value:g}", lambda now: now.marks[channel] == value)

    def flag(self, name: str, after: int) -> Condition:
        """A condition that is false at the first ``after`` steps, and true at every later step."""
        if after < 1:
            raise BadValue(f"flag '{name}' is set after {after} steps, expected at least 1.")
        self._free(name)
        self.flags[name] = after
        return Condition(name, lambda now: now.elapsed >= after)

    def seen(self, name: str, channel: str) -> Condition:
        """A condition that is true at every step after one at which the mark ``channel`` was 1."""
        self._mark(channel, 1.0)
        self._free(name)
        self.events[name] = channel
        return Condition(name, lambda now: name in now.seen)

    def counter(self, name: str) -> Callable[[int], Condition]:
        """A counter of steps: ``counter(k)`` is a condition that is true from the step after the k-th on."""
        return lambda reached: self.flag(f"{name} >= {reached}", after=reached)

    def latch(self, name: str, value: Sum, when: Condition = ALWAYS, writes: int | None = None) -> Sum:
        """A register that becomes ``value`` when the condition is true, and otherwise does not change."""
        return self._register(Register(name, value, when, False, writes, self.size(value)))

    def accumulate(self, name: str, value: Sum, when: Condition, writes: int) -> Sum:
        """A register that increases by ``value`` when the condition is true, at most ``writes`` times in a sequence."""
        return self._register(Register(name, value, when, True, writes, writes * self.size(value)))

    def delay(self, name: str, value: Sum, steps: int) -> Sum:
        """The ``value`` of ``steps`` steps ago (0: the current one)."""
        if steps < 0:
            raise BadValue(f"delay '{name}' is of {steps} steps, expected at least 0.")
        for age in range(steps + 1):
            value = self.latch(f"{name}{age}" if age < steps else name, value)
        return value

    def bit(self, name: str, value: Sum, noise: float) -> Sum:
        """The sign of ``value`` at step 1, kept at all later steps despite noise of at most ``noise``."""
        self._free(name)
        self.bits.append(Bit(name, value, noise))
        return Sum({name: 1.0})

    def tally(self, name: str, up: str, down: str, most: int) -> Sum:
        """A count of the symbols ``up`` less the symbols ``down``, from 0 to ``most``. The sum is 1 after a step that
        read ``down`` and left the count at 0, otherwise 0."""
        if most < 1:
            raise BadValue(f"'{name}' counts to {most}, expected at least 1.")
        for symbol in (up, down):
            self._mark(symbol, 1.0)
        self._free(name)
        self.tallies.append(Tally(name, up, down, most))
        return Sum({name: 1.0})

    def automaton(self, states: Sequence[str], table: Mapping[tuple[str, str], str]) -> list[Sum]:
        """A finite automaton; for each of ``states`` a sum that is 1 if that is the state after the step, else 0.

        ``table`` maps (state, name of a symbol) to the next state. The first of ``states`` is that before the first
        step."""
        symbols = tuple(c.name for c in self.channels if c.group)
        if self.machine is not None or self.memory is not None:
            raise BadValue("the program has two automata or associative memories, expected at most one.")
        for (state, symbol), target in table.items():
            if state not in states or target not in states or symbol not in symbols:
                raise BadValue(
                    f"the automaton goes from '{state}' by '{symbol}' to '{target}', one of which is unknown."
                )
        for state in states:
            self._free(state)
        self.machine = StateMachine(symbols, tuple(states), dict(table))
        return [Sum({state: 1.0}) for state in states]

    def pairs(self, keys: Sequence[str], values: Sequence[str], replaces: bool = False) -> list[Sum]:
        """An associative memory of the symbols ``keys`` and ``values``; for each value a sum that is 1 while a key is
        read under which it is stored, else 0. A value is stored under a key that is read at the step before it."""
        symbols = {c.name for c in self.channels if c.group}
        if self.machine is not None or self.memory is not None:
            raise BadValue("the program has two automata or associative memories, expected at most one.")
        if unknown := sorted({*keys, *values} - symbols):
            raise BadValue(f"the associative memory reads '{unknown[0]}', which is no symbol of the program.")
        shown = tuple(f"stored {value}" for value in values)
        for name in shown:
            self._free(name)
        self.memory = KeyValueMemory(tuple(keys), tuple(values), shown, replaces)
        return [Sum({name: 1.0}) for name in shown]

    def output(self, value: Sum) -> None:
        """Add an output feature: this sum of registers and bits, which must be within the tolerance."""
        self.outputs.append(self._kept(value))

    def choose(self, scores: list[Sum], gap: float) -> None:
        """Add one output feature for each symbol. Without errors, the right score exceeds all others by at least
        ``gap``."""
        self.outputs, self.gap = [self._kept(score) for score in scores], gap

    def size(self, value: Sum) -> float:
        """The largest absolute value of a sum. Of one-hot features only one is counted at a time."""
        total, groups = abs(value.constant), {}
        sizes = {c.name: c.size for c in self.channels} | {r.name: r.size for r in self.registers}
        sizes |= {kept.name: 1.0 for kept in (*self.bits, *self.tallies)}
        group = {c.name: c.group for c in self.channels}
        for state in self.one_hot:
            sizes[state], group[state] = 1.0, "the state"
        for name, coefficient in value.terms.items():
            part = abs(coefficient) * sizes[self._known(name)]
            if group.get(name):
                groups[group[name]] = max(groups.get(group[name], 0.0), part)
            else:
                total += part
        return total + sum(groups.values())

    def _channel(self, channel: Channel) -> Sum:
        self._free(channel.name)
        self.channels.append(channel)
        return Sum({channel.name: 1.0})

    def _register(self, register: Register) -> Sum:
        self._free(register.name)
        self.registers.append(register)
        return Sum({register.name: 1.0})

    def _names(self) -> list[str]:
        kept = (r.name for r in (*self.registers, *self.bits, *self.tallies))
        return [*(c.name for c in self.channels), *self.flags, *self.events, *kept, *self.one_hot]

    @property
    def one_hot(self) -> tuple[str, ...]:
        """The registers of which at most one is 1, all others 0: the automaton's states, or what the memory shows."""
        return self.machine.states if self.machine else self.memory.shown if self.memory else ()

    def _known(self, name: str) -> str:
        if name not in self._names():
            raise BadValue(f"the program has no '{name}'; it has {', '.join(self._names())}.")
        return name

    def _mark(self, name: str, value: float) -> None:
        self._known(name)
        values = next((c.values for c in self.channels if c.name == name), ())
        if value not in values:
            has = f"has the values {', '.join(f'{v:g}' for v in values)}" if values else "is no mark"
            raise BadValue(f"a condition compares '{name}' with {value:g}, but it {has}.")

    def _kept(self, value: Sum) -> Sum:
        kept = {r.name for r in (*self.registers, *self.bits, *self.tallies)} | {*self.one_hot}
        for name in value.terms:
            if self._known(name) not in kept:
                raise BadValue(
                    f"an output reads '{name}', which is not in a register.", "Latch it first: outputs read units."
                )
        return value

    def _free(self, name: str) -> None:
        if name in self._names():
            raise BadValue(f"the program uses the name '{name}' twice.", "Use different names.")
