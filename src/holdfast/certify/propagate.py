"""Run a network through a scenario on sets: at every step, for every node, a set that holds all states there.

Where paths meet, one set is made that contains theirs. Once everything that a step makes lies in what was there
before, nothing new can come at any later step (induction over steps: what is in the sets now stays in them), and
the outputs of that step bound those of all later ones. Such a *settled* run proves its bound for every length.

*Widening* helps it along: after a step that is named, a node keeps all that it had, and what is new comes with more.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx, fmpq

from holdfast.certify.weights import Weights
from holdfast.core.scenario import Answer, Box, Class, Edge, Scenario, Value
from holdfast.engine.readings import forms
from holdfast.engine.readings.bounds import Bounds
from holdfast.engine.readings.forms import NOTHING, ZERO, Form, Unbounded
from holdfast.engine.readings.rounding import Rounding

Set = tuple[Form, ...]
"""All states of all layers, one form for each number."""
Piece = Mapping[str, tuple[Fraction, Fraction]]
"""For every remembered number the part of its range that is looked at."""


MARGINS = 8
"""Steps in which sets are given margins before what grows is taken to its end."""


@dataclass(frozen=True)
class Method:
    """How sets are followed: ``symbols`` errors on their own, and with which precision.

    After step ``widen_after`` a node keeps what it has; whatever leaves it is taken in with a margin of ``widen_by``,
    and what still grows ``MARGINS`` steps later grows to ``widen_to`` at once (where that is named).
    """

    symbols: int = 0
    widen_after: int | None = None
    widen_by: Fraction = Fraction(0)
    widen_to: Fraction | None = None

    precision_bits: int = 128


@dataclass(frozen=True)
class Reached:
    """What holds on every path: |output - answer| <= ``error`` (None: nothing real was asked for, infinite: nothing is
    known), and the right symbol leads by at least ``margin`` (likewise). ``settled``: for every later step too."""

    error: float | None
    margin: float | None
    settled: int | None
    steps: int

    @property
    def right(self) -> bool:
        """Whether every symbol is known to be right."""
        return self.margin is None or self.margin > 0


NOTHING_KNOWN = Reached(float("inf"), float("-inf"), None, 0)


def run(
    weights: Weights,
    scenario: Scenario,
    piece: Piece,
    steps: int,
    rounding: Rounding | None,
    method: Method,
    enough: Callable[[Reached], bool] = lambda reached: True,
) -> Reached:
    """Up to ``steps`` steps, or until it settles. Stops early once what was reached is no longer ``enough``."""
    before, ctx.prec = ctx.prec, method.precision_bits
    try:
        return _Run(weights, scenario, piece, rounding, method).all(steps, enough)
    except Unbounded:
        return NOTHING_KNOWN
    finally:
        ctx.prec = before


def start(weights: Weights) -> Set:
    """The state before the first step: zeros."""
    return (ZERO,) * (sum(weights.units) * len(weights.cell.states))


def advance(weights: Weights, ops: Bounds, state: Set, x: Set) -> tuple[Set, Set]:
    """One time step through all layers, as ``engine/unroll.py`` does it: the next state and the outputs."""
    cell, place, after = weights.cell, 0, []
    for layer, units in zip(weights.layers, weights.units, strict=True):
        old = [state[place + k * units : place + (k + 1) * units] for k in range(len(cell.states))]
        place += len(old) * units
        x, new, _ = cell.step(ops, layer, x, cell.state_type(*old))
        after += [form for values in new for form in values]
    outputs = ops.linear(weights.readout, ops.apart(x))[weights.readout.gates[0]]
    return tuple(ops.carried(after)), outputs


class _Run:
    """One piece, one method. ``now`` has the set of every node that can be occupied."""

    def __init__(
        self, weights: Weights, scenario: Scenario, piece: Piece, rounding: Rounding | None, method: Method
    ) -> None:
        self.weights, self.scenario, self.method = weights, scenario, method
        self.ops = Bounds(rounding, method.symbols)
        self.edges = {edge.source: scenario.leaving(edge.source) for edge in scenario.edges}
        ends = {name: tuple(_arb(end) for end in limits) for name, limits in piece.items()}
        self.numbers = {
            name: Form((low + high) / 2, {} if low == high else {name: (high - low) / 2}, NOTHING, low, high)
            for name, (low, high) in ends.items()
        }
        self.now: dict[str, Set] = {scenario.start: start(weights)}

    def all(self, steps: int, enough: Callable[[Reached], bool]) -> Reached:
        error, margin = None, None
        for step in range(1, steps + 1):
            images, errors, margins = self.step()
            error, margin = _worst(max, error, errors), _worst(min, margin, margins)
            settled = all(
                node in self.now and all(_contains(self.now[node], image) for image in there)
                for node, there in images.items()
            )
            reached = Reached(error, margin, step if settled else None, step)
            if settled or not enough(reached):
                return reached
            self.now = self._merged(images, step)
        return Reached(error, margin, None, steps)

    def step(self) -> tuple[dict[str, list[Set]], list[float], list[float]]:
        """Along every edge out of every occupied node: the sets that come out, and how right the outputs are.

        Nodes that share a set (paths that have not yet parted) share what is made of it.
        """
        images: dict[str, dict[int, Set]] = {}
        made: dict[tuple[int, Box, tuple[int, str] | None], tuple[Set, Set]] = {}
        errors, margins, asked = [], [], set()
        for node, here in self.now.items():
            for edge in self.edges.get(node, ()):
                for box in edge.boxes:
                    key = (id(here), box, edge.remember)
                    if key not in made:
                        made[key] = advance(self.weights, self.ops, _forget(here, edge), self._inputs(box, edge))
                    image, outputs = made[key]
                    images.setdefault(edge.target, {})[id(image)] = image
                    answer = self.scenario.answers.get(edge.target)
                    if answer is not None and (id(image), edge.target) not in asked:
                        asked.add((id(image), edge.target))
                        margins += self._margins(answer, outputs)
                        errors += self._errors(answer, outputs)
        return {node: list(there.values()) for node, there in images.items()}, errors, margins

    def _inputs(self, box: Box, edge: Edge) -> Set:
        channel, name = edge.remember or (None, "")
        read = [self.ops.between(arb(low), arb(high)) for low, high in zip(box.low, box.high, strict=True)]
        if channel is not None:
            ends = self.scenario.ranges[name]
            assert ends == (box.low[channel], box.high[channel]), f"{name} is read from a box that is not its range"
            number = self.numbers[name]
            read[channel] = self.ops.between(number.low, number.high, name)
        return tuple(read)

    def _merged(self, images: Mapping[str, list[Set]], step: int) -> dict[str, Set]:
        """One set for every node, which holds all that came there."""
        method = self.method
        keep = method.widen_after is not None and step > method.widen_after
        found: dict[str, Set] = dict(self.now) if keep else {}
        joined: dict[tuple[int, ...], Set] = {}
        for node, there in images.items():
            key = tuple(id(image) for image in there)
            if key not in joined:
                joined[key] = _join(there)
            found[node] = joined[key]
            if keep and node in self.now:
                parts = zip(self.now[node], found[node], strict=True)
                found[node] = tuple(self._wider(old, new, step) for old, new in parts)

        return found

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
        return [_up(forms.plus(y, forms.scaled(self._right(value), arb(-1))).size) for y, value in asked]

    def _margins(self, answer: Answer, outputs: Set) -> list[float]:
        """right output - other output at least, for every other."""
        if not isinstance(answer, Class):
            return []
        right = outputs[answer.output]
        others = [forms.scaled(y, arb(-1)) for place, y in enumerate(outputs) if place != answer.output]
        return [-_up(-forms.plus(right, other).low) for other in others]

    def _right(self, value: Value) -> Form:
        found = forms.number(value.constant)
        for name, coefficient in value.names.items():
            found = forms.plus(found, forms.scaled(self.numbers[name], arb(coefficient)))
        return found


def _forget(state: Set, edge: Edge) -> Set:
    """The state without the old number of a name that this edge gives to a new one."""
    return tuple(forms.without(form, [edge.remember[1]]) for form in state) if edge.remember else state


def _join(there: list[Set]) -> Set:
    found = there[0]
    for other in there[1:]:
        found = tuple(forms.tidied(forms.joined(a, b)) for a, b in zip(found, other, strict=True))
    return found


def _contains(outer: Set, inner: Set) -> bool:
    named = all(isinstance(symbol, str) for form in outer for symbol in form.terms)
    return named and all(forms.contains(a, b) for a, b in zip(outer, inner, strict=True))


def _arb(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def _up(value: arb) -> float:
    """The least float that is known to be at least ``value``; infinite where that is no number."""
    if not value.is_finite():
        return math.inf
    above = value.upper()
    near = float(above)
    return near if above <= arb(near) else math.nextafter(near, math.inf)


def _worst(which: Callable[..., float], so_far: float | None, new: Iterable[float]) -> float | None:
    return which([*([] if so_far is None else [so_far]), *new], default=None)
