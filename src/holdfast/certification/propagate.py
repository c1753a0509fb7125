"""Propagate sets of states through a scenario: after every step, the set of a node contains all states possible there.

Where paths meet, their sets are merged into one that contains them. If all sets that a step produces are contained in
those of an earlier step, then all later states are in the sets since then, by induction over steps, and the outputs
since then bound all later outputs. Such a *settled* run proves its bound for every length.

*Widening* makes runs settle: after a given step, the set of a node only grows, and every growth adds a margin.
"""

from __future__ import annotations

import math
from collections import deque
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
"""A set of vectors: one form for each number."""
Limits = tuple[Fraction, Fraction]
Input = tuple[int, int]
"""An input number: (step from 1, channel)."""


@dataclass(frozen=True)
class PathPiece:
    """A part of the set of all paths: limits for every remembered number, and for some of the inputs that are not
    remembered."""

    numbers: Mapping[str, Limits]
    inputs: Mapping[Input, Limits] = field(default_factory=dict)

    def until(self, step: int) -> tuple:
        """A key of the limits that affect the sets after this many steps."""
        read = sorted((place, limits) for place, limits in self.inputs.items() if place[0] <= step)
        return step, tuple(self.numbers.items()), tuple(read)


MARGINS, PERIOD = 8, 32
"""The number of steps with margins, after which a bound that still grows is set to ``widen_to``; and of earlier steps
whose sets are kept: the nodes that can be reached may take turns."""


@dataclass(frozen=True)
class Method:
    """The parameters of the propagation: ``symbols`` error terms that are tracked separately, and the precision in
    bits. ``inputs``: every input has its own symbol, as remembered numbers have.

    After step ``widen_after``, the set of a node only grows: a new set that is not contained in it extends it, with a
    margin of ``widen_by``. Bounds that still grow ``MARGINS`` steps later are set to ``widen_to`` (unless it is None).
    """

    symbols: int = 0
    widen_after: int | None = None
    widen_by: Fraction = Fraction(0)
    widen_to: Fraction | None = None

    precision_bits: int = 128
    inputs: bool = False


@dataclass(frozen=True)
class Bound:
    """What was proved for every path: |output - answer| <= ``error`` (None: there was no real answer; infinite: no
    bound), and the output of the right symbol exceeds all others by at least ``margin`` (None and infinite likewise).
    ``settled`` is the step from which the bound holds for all later steps, None if there is none. ``unbounded`` is the
    reason if there is no bound."""

    error: float | None
    margin: float | None
    settled: int | None
    steps: int
    unbounded: str = field(default="", compare=False)

    @property
    def right(self) -> bool:
        """Whether all symbols that were asked for are proved to be right."""
        return self.margin is None or self.margin > 0

    @property
    def judged(self) -> bool:
        """Whether there was any answer to compare with."""
        return not (self.error is None and self.margin is None)


NOTHING_KNOWN = Bound(float("inf"), float("-inf"), None, 0)


@dataclass(frozen=True, eq=False)
class StateSet:
    """The set of states of all layers, one form for each number. Sets are compared by identity: cells without state
    have equal sets but different outputs."""

    forms: Set


Memory = dict[tuple, tuple[Mapping[str, StateSet], Bound]]
"""The sets of all nodes after a step and the bound until then, by ``PathPiece.until``."""


@dataclass(frozen=True)
class Passage:
    """A step along one edge with one of its boxes, from one occupied node: the sets of states after it and of
    outputs."""

    edge: Edge
    box: Box
    before: StateSet
    image: StateSet
    outputs: Set


@dataclass(frozen=True)
class StepPassages:
    """All passages of one step; its ``number`` counts from 1."""

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
    """Propagate for up to ``steps`` steps, or until the run settles. Answers are compared at the steps that ``lengths``
    includes. Stops early when ``enough(bound)`` is false.

    ``memory`` caches the sets of other pieces of the same question, for the same method with ``symbols`` = 0. A piece
    that differs from a cached one only in a late input continues from there.
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
            sets, worst = found
            propagation.go_on_from(sets, known)
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
    """One time step through all layers, on sets, as ``engine/advance.py`` does on numbers: the next state, the
    outputs."""
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
    """The propagation of one piece by one method. ``now`` has the set of every node that is reachable after ``done``
    steps."""

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
        self.go_on_from({scenario.start: StateSet(start(weights))}, 0)

    def go_on_from(self, now: Mapping[str, StateSet], done: int) -> None:
        """Begin with these sets after ``done`` steps."""
        self.now, self.done, self.earlier = now, done, deque([now], maxlen=PERIOD)

    def step(self) -> StepPassages:
        """One step along every edge out of every occupied node: the sets of states and outputs.

        The result is computed only once for nodes that share a set (paths that have not yet separated).
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
        """Whether all sets of this step are contained in those of an earlier one. The sets of the steps since then
        contain those of all later steps, if they all took the edges that every later one takes, and were judged."""
        steady = max(self.steady_from, self.lengths.first)
        return any(
            step.number - ago >= (steady if ago else self.steady_from)
            and all(
                node in sets and all(_contains(sets[node].forms, image.forms) for image in there)
                for node, there in step.images.items()
            )
            for ago, sets in enumerate(self.earlier)
        )

    def merge(self, step: StepPassages) -> None:
        """Replace ``now`` with one set for every node, which contains all sets that arrived there."""
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
        self.earlier.appendleft(found)

    def judged(self, step: StepPassages, so_far: Bound) -> Bound:
        """The worse of ``so_far`` and the bound for all answers after this step."""
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
        """The inputs that this edge reads in this piece; None if the box and the piece are disjoint."""
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
        """The name of the symbol of an input; "" if its error has no symbol of its own."""
        name = f"{step}.{channel}" if self.method.inputs else ""
        while name in self.scenario.ranges:  # a remembered number may have any name
            name += "'"
        return name

    def _wider(self, old: Form, new: Form, step: int) -> Form:
        """The old form if it contains the new one; otherwise a form that contains both and a margin."""
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
        """Upper bounds on |output - answer|, for every output with an answer."""
        if isinstance(answer, Class):
            return []
        asked = [(y, value) for y, value in zip(outputs, answer, strict=True) if value is not None]
        return [upper_float(forms.plus(y, forms.scaled(self._right(value), arb(-1))).size) for y, value in asked]

    def _margins(self, answer: Answer, outputs: Set) -> list[float]:
        """Lower bounds on (right output - other output), for every other output."""
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
    """The state without the symbol of a remembered number that this edge replaces by a new number."""
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
    """A float that is at least ``value``, as close as ``value`` is known; infinite if ``value`` is not finite."""
    if not value.is_finite():
        return math.inf
    above = value.upper()
    near = float(above)
    return near if above <= arb(near) else math.nextafter(near, math.inf)


def _worst(which: Callable[..., float], so_far: float | None, new: Iterable[float]) -> float | None:
    return which([*([] if so_far is None else [so_far]), *new], default=None)
