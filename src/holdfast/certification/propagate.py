"""Run a network through a scenario on sets: at every step, for every node, a set that holds all states there.

Where paths meet, one set is made that contains theirs. Once everything that a step makes lies in what was there
before, nothing new can come at any later step (induction over steps: what is in the sets now stays in them), and
the outputs of that step bound those of all later ones. Such a *settled* run proves its bound for every length.

*Widening* helps it along: after a step that is named, a node keeps all that it had, and what is new comes with more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from flint import arb, ctx, fmpq

from holdfast.alphabet.enclosures import forms
from holdfast.alphabet.enclosures.forms import NOTHING, ZERO, Form, Unbounded
from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.certification.weights import Weights
from holdfast.core.scenario import Answer, Box, Class, Edge, Lengths, Scenario, Value
from holdfast.engine.readings.bounds import Bounds, unpacked

Set = tuple[Form, ...]
"""Numbers side by side, one form for each."""
Limits = tuple[Fraction, Fraction]
Input = tuple[int, int]
"""One number that is read: (step from 1, channel)."""


@dataclass(frozen=True)
class PathPiece:
    """A part of all paths: for every remembered number the part of its range that is looked at, and for inputs of some
    steps, where they are not remembered, the limits between which they lie."""

    numbers: Mapping[str, Limits]
    inputs: Mapping[Input, Limits] = field(default_factory=dict)

    def until(self, step: int) -> tuple:
        """What of this piece decides the sets after so many steps."""
        read = sorted((place, limits) for place, limits in self.inputs.items() if place[0] <= step)
        return step, tuple(self.numbers.items()), tuple(read)


MARGINS = 8
"""Steps in which sets are given margins before what grows is taken to its end."""


@dataclass(frozen=True)
class Method:
    """How sets are followed: ``symbols`` errors on their own, and with which precision. ``inputs``: every input keeps a
    symbol of its own, as a remembered number does.

    After step ``widen_after`` a node keeps what it has; whatever leaves it is taken in with a margin of ``widen_by``,
    and what still grows ``MARGINS`` steps later grows to ``widen_to`` at once (where that is named).
    """

    symbols: int = 0
    widen_after: int | None = None
    widen_by: Fraction = Fraction(0)
    widen_to: Fraction | None = None

    precision_bits: int = 128
    inputs: bool = False


@dataclass(frozen=True)
class Bound:
    """What holds on every path: |output - answer| <= ``error`` (None: no real answer was judged, infinite: nothing is
    known), and the right symbol leads by at least ``margin`` (likewise). ``settled``: for every later step too.
    ``unbounded`` says why nothing is known."""

    error: float | None
    margin: float | None
    settled: int | None
    steps: int
    unbounded: str = field(default="", compare=False)

    @property
    def right(self) -> bool:
        """Whether every symbol that was judged is known to be right."""
        return self.margin is None or self.margin > 0

    @property
    def judged(self) -> bool:
        """Whether there was any answer to be judged."""
        return not (self.error is None and self.margin is None)


NOTHING_KNOWN = Bound(float("inf"), float("-inf"), None, 0)


@dataclass(frozen=True, eq=False)
class StateSet:
    """All states of all layers, one form for each number. Two sets are the same only if they are one object: cells
    without state have equal sets and different outputs."""

    forms: Set


Memory = dict[tuple, tuple[Mapping[str, StateSet], Bound]]
"""By ``PathPiece.until``: the sets of all nodes after a step, and what was reached until then."""


@dataclass(frozen=True)
class Passage:
    """One edge, one of its boxes, from one occupied node: the set of states after it and the outputs."""

    edge: Edge
    box: Box
    before: StateSet
    image: StateSet
    outputs: Set


@dataclass(frozen=True)
class StepPassages:
    """All passages of one step, its number from 1, and the images by the node that they lead to."""

    number: int
    passages: tuple[Passage, ...]

    @property
    def images(self) -> Mapping[str, tuple[StateSet, ...]]:
        found: dict[str, dict[StateSet, None]] = {}
        for passage in self.passages:
            found.setdefault(passage.edge.target, {})[passage.image] = None
        return {node: tuple(there) for node, there in found.items()}


def run(
    weights: Weights,
    scenario: Scenario,
    lengths: Lengths,
    piece: PathPiece,
    steps: int,
    rounding: Rounding | None,
    method: Method,
    enough: Callable[[Bound], bool] = lambda reached: True,
    memory: Memory | None = None,
) -> Bound:
    """Up to ``steps`` steps, or until it settles; answers are judged where ``lengths`` says. Stops early once what was
    reached is no longer ``enough``.

    ``memory`` has the sets of other pieces of the same question, by the same method without ``symbols``: a piece that
    differs from one of them at a late input only goes on from there.
    """
    before, ctx.prec = ctx.prec, method.precision_bits
    try:
        propagation = Propagation(weights, scenario, piece, rounding, method, lengths)
        try:
            return _judged(propagation, steps, enough, memory)
        except Unbounded as why:
            return replace(NOTHING_KNOWN, unbounded=f"at step {propagation.done + 1} {why}")
    finally:
        ctx.prec = before


def _judged(propagation: Propagation, steps: int, enough: Callable[[Bound], bool], memory: Memory | None) -> Bound:
    lengths, piece, worst = propagation.lengths, propagation.piece, Bound(None, None, None, 0)
    for known in range(steps - 1, 0, -1) if memory else ():
        found = memory.get(piece.until(known)) if memory else None
        if found is not None:
            propagation.now, worst = found
            propagation.done = known
            break
    for number in range(propagation.done + 1, steps + 1):
        step = propagation.step()
        settled = propagation.settled(step)
        if settled or lengths.judged(number):
            worst = propagation.judged(step, worst)
        reached = Bound(worst.error, worst.margin, number if settled else None, number)
        if settled or not enough(reached):
            return reached
        propagation.merge(step)
        if memory is not None:
            memory[piece.until(number)] = propagation.now, worst
    return Bound(worst.error, worst.margin, None, steps)


def start(weights: Weights) -> Set:
    """The state before the first step: zeros."""
    return (ZERO,) * sum(weights.cell.state_size(units, weights.heads) for units in weights.units)


def advance(weights: Weights, ops: Bounds, state: Set, x: Set) -> tuple[Set, Set]:
    """One time step through all layers, as ``engine/unroll.py`` does it: the next state and the outputs."""
    cell, place, after = weights.cell, 0, []
    if weights.embedding is not None:
        x = ops.linear(weights.embedding, x)[weights.embedding.gates[0]]
    for layer, units in zip(weights.layers, weights.units, strict=True):
        size = cell.state_size(units, weights.heads)
        old = unpacked(cell, units, weights.heads, state[place : place + size])
        place += size
        x, new, _ = cell.step(ops, layer, x, old)
        after += [form for values in new for form in values]
    *hidden, last = weights.readout
    for linear in hidden:
        x = ops.relu(ops.linear(linear, ops.apart(x))[linear.gates[0]])
    outputs = ops.linear(last, ops.apart(x))[last.gates[0]]
    return tuple(ops.carried(after)), ops.sigmoid(ops.apart(outputs)) if weights.sigmoid else outputs


class Propagation:
    """One piece, one method. ``now`` has the set of every node that can be occupied after ``done`` steps."""

    def __init__(
        self,
        weights: Weights,
        scenario: Scenario,
        piece: PathPiece,
        rounding: Rounding | None,
        method: Method,
        lengths: Lengths | None = None,
    ) -> None:
        self.weights, self.scenario, self.piece, self.method = weights, scenario, piece, method
        self.lengths = lengths or Lengths("any", 1, None)
        self.ops = Bounds(rounding, method.symbols)
        self.edges: dict[str, list[Edge]] = {}
        for edge in scenario.edges:
            self.edges.setdefault(edge.source, []).append(edge)
        ends = {name: tuple(_arb(end) for end in limits) for name, limits in piece.numbers.items()}
        self.numbers = {
            name: Form((low + high) / 2, {} if low == high else {name: (high - low) / 2}, NOTHING, low, high)
            for name, (low, high) in ends.items()
        }
        cut = max((step for step, _ in piece.inputs), default=0)
        self.steady_from = max(self.lengths.steady_from(scenario), cut + 1)
        self.now: Mapping[str, StateSet] = {scenario.start: StateSet(start(weights))}
        self.done = 0

    def step(self) -> StepPassages:
        """Along every edge out of every occupied node: the sets that come out, and the outputs.

        Nodes that share a set (paths that have not yet parted) share what is made of it.
        """
        number = self.done + 1
        made: dict[tuple[StateSet, Box, tuple[int, str] | None], tuple[StateSet, Set]] = {}
        passages = []
        for node, here in self.now.items():
            for edge in self.edges.get(node, ()):
                for box in edge.boxes if self.lengths.takes(edge, number) else ():
                    key = (here, box, edge.remember)
                    if key not in made:
                        read = self._inputs(box, edge, number)
                        if read is None:
                            continue
                        after, outputs = advance(self.weights, self.ops, _forget(here.forms, edge), read)
                        made[key] = StateSet(after), outputs
                    passages.append(Passage(edge, box, here, *made[key]))
        return StepPassages(number, tuple(passages))

    def settled(self, step: StepPassages) -> bool:
        """Whether all that this step makes was there before, and every later step takes the same edges."""
        return step.number >= self.steady_from and all(
            node in self.now and all(_contains(self.now[node].forms, image.forms) for image in there)
            for node, there in step.images.items()
        )

    def merge(self, step: StepPassages) -> None:
        """Go on to one set for every node, which holds all that came there."""
        after = self.method.widen_after
        keep = after is not None and step.number > after
        found: dict[str, StateSet] = dict(self.now) if keep else {}
        joined: dict[tuple[StateSet, ...], StateSet] = {}
        for node, there in step.images.items():
            if there not in joined:
                joined[there] = _join(there)
            found[node] = joined[there]
            if keep and node in self.now:
                parts = zip(self.now[node].forms, found[node].forms, strict=True)
                found[node] = StateSet(tuple(self._wider(old, new, step.number) for old, new in parts))
        self.now, self.done = found, step.number

    def judged(self, step: StepPassages, so_far: Bound) -> Bound:
        """The worst of ``so_far`` and of all answers after this step."""
        error, margin, seen = so_far.error, so_far.margin, set()
        for passage in step.passages:
            node = passage.edge.target
            answer, which = self.scenario.answers.get(node), (node, passage.before, passage.box, passage.edge.remember)
            if answer is not None and which not in seen:
                seen.add(which)
                error = _worst(max, error, self._errors(answer, passage.outputs))
                margin = _worst(min, margin, self._margins(answer, passage.outputs))
        return Bound(error, margin, None, step.number)

    def _inputs(self, box: Box, edge: Edge, step: int) -> Set | None:
        """What this edge reads, in this piece; None where no input of the box lies in it."""
        remembered, name = edge.remember or (None, "")
        read = []
        for channel, (low, high) in enumerate(zip(box.low, box.high, strict=True)):
            if channel == remembered:
                assert self.scenario.ranges[name] == (low, high), f"{name} is read from a box that is not its range"
                number = self.numbers[name]
                read.append(self.ops.between(number.low, number.high, name))
                continue
            limits = self.piece.inputs.get((step, channel))
            if limits is None:
                read.append(self.ops.between(arb(low), arb(high), self._input_name(step, channel)))
                continue
            below, above = max(Fraction(low), limits[0]), min(Fraction(high), limits[1])
            if below > above:
                return None
            read.append(self.ops.between(_arb(below), _arb(above), self._input_name(step, channel)))
        return tuple(read)

    def _input_name(self, step: int, channel: int) -> str:
        """The symbol under which an input is followed; none where its error is one of many."""
        name = f"{step}.{channel}" if self.method.inputs else ""
        while name in self.scenario.ranges:  # a remembered number may be called anything
            name += "'"
        return name

    def _wider(self, old: Form, new: Form, step: int) -> Form:
        """The old form where it holds the new one; else one that holds both, and more."""
        method = self.method
        if forms.contains(old, new):
            return old
        if method.widen_to is None or step <= (method.widen_after or 0) + MARGINS:
            return forms.tidied(forms.widened(forms.joined(old, new), _arb(method.widen_by)))
        end = _arb(method.widen_to)
        low = old.low if new.low >= old.low else old.low.min(-end)
        high = old.high if new.high <= old.high else old.high.max(end)
        return forms.tidied(forms.joined(forms.interval(low, high), forms.joined(old, new)))

    def _errors(self, answer: Answer, outputs: Set) -> list[float]:
        """|output - answer| at most, for every output that has one."""
        if isinstance(answer, Class):
            return []
        asked = [(y, value) for y, value in zip(outputs, answer, strict=True) if value is not None]
        return [upper_float(forms.plus(y, forms.scaled(self._right(value), arb(-1))).size) for y, value in asked]

    def _margins(self, answer: Answer, outputs: Set) -> list[float]:
        """right output - other output at least, for every other."""
        if not isinstance(answer, Class):
            return []
        right = outputs[answer.output]
        others = [forms.scaled(y, arb(-1)) for place, y in enumerate(outputs) if place != answer.output]
        return [-upper_float(-forms.plus(right, other).low) for other in others]

    def _right(self, value: Value) -> Form:
        found = forms.number(value.constant)
        for name, coefficient in value.names.items():
            found = forms.plus(found, forms.scaled(self.numbers[name], arb(coefficient)))
        return found


def _forget(state: Set, edge: Edge) -> Set:
    """The state without the old number of a name that this edge gives to a new one."""
    return tuple(forms.without(form, [edge.remember[1]]) for form in state) if edge.remember else state


def _join(there: tuple[StateSet, ...]) -> StateSet:
    if len(there) == 1:
        return there[0]
    found = there[0].forms
    for other in there[1:]:
        found = tuple(forms.tidied(forms.joined(a, b)) for a, b in zip(found, other.forms, strict=True))
    return StateSet(found)


def _contains(outer: Set, inner: Set) -> bool:
    named = all(isinstance(symbol, str) for form in outer for symbol in form.terms)
    return named and all(forms.contains(a, b) for a, b in zip(outer, inner, strict=True))


def _arb(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def upper_float(value: arb) -> float:
    """The least float that is known to be at least ``value``; infinite where that is no number."""
    if not value.is_finite():
        return math.inf
    above = value.upper()
    near = float(above)
    return near if above <= arb(near) else math.nextafter(near, math.inf)


def _worst(which: Callable[..., float], so_far: float | None, new: Iterable[float]) -> float | None:
    return which([*([] if so_far is None else [so_far]), *new], default=None)
