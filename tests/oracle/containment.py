"""Whether every state and output on concrete paths lies in the set that was computed for it.

A case is a network, a scenario, a part of the remembered range and a method. The sets are followed as a proof follows
them; the paths are run in real arithmetic (the oracle's) or by the engines, and at every step every number is looked
for in its set: in the interval, and in the affine form with the remembered numbers at the values that they have on
this path. Only what is outside for certain counts: balls of the forms and of the oracle are taken as balls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq

from holdfast.alphabet.enclosures.forms import Form, Unbounded
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.certification.propagate import Bound, Method, PathPiece, Propagation, StateSet
from holdfast.certification.weights import Weights, weights_of
from holdfast.core.scenario import Box, Class, Edge, Lengths, Scenario
from holdfast.engine.network import Linear, Network
from tests.oracle import networks as drawn
from tests.oracle import runs, scenarios
from tests.oracle.blocks import Oracle
from tests.oracle.networks import THEMES, Shape
from tests.oracle.scenarios import Path

BITS = 500
"""Of the comparison: more than the oracle's and the sets' own."""


@dataclass(frozen=True)
class Case:
    """One network and all that is proved and tried of it. ``seed`` finds it again, with its shape and semantics."""

    seed: tuple[int, ...]
    words: str
    network: Network
    scenario: Scenario
    lengths: Lengths
    piece: PathPiece
    method: Method
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Outside:
    """One number that is not in its set, or errs by more than is claimed."""

    case: Case
    semantics: str
    engines: str
    where: str
    value: str
    bound: str

    def __str__(self) -> str:
        return (
            f"{self.case.network.cell_name}, {self.semantics}, seed {self.case.seed}, {self.engines}: {self.where} is "
            f"{self.value}, outside {self.bound} ({self.case.words}; {self.case.method})"
        )


@dataclass
class Result:
    """``checked`` numbers were compared with their sets, in ``networks`` networks; of ``unbounded`` ones nothing was
    claimed from some step on."""

    networks: int = 0
    unbounded: int = 0
    checked: int = 0
    outside: list[Outside] = field(default_factory=list)

    def __iadd__(self, other: Result) -> Result:
        self.networks += other.networks
        self.unbounded += other.unbounded
        self.checked += other.checked
        self.outside += other.outside
        return self


def cases(
    shape: Shape, seed: Sequence[int], count: int, paths: int, steps: int, themes: Sequence[str] = THEMES
) -> Iterator[Case]:
    """So many random cases of one shape, each with its own random stream."""
    template = shape.template()
    for index in range(count):
        here = (*seed, index)
        draw = np.random.default_rng(here)
        network, words = drawn.network(template, shape.dtype, draw, themes)
        pool = scenarios.tasks(shape.inputs, shape.outputs)
        task, scenario, asked = pool[draw.integers(len(pool))]
        lengths = asked[draw.integers(len(asked))]
        piece, numbers = scenarios.piece(scenario, steps, shape.dtype, draw)
        method = scenarios.method(draw)
        walk = (scenario, lengths, piece, numbers, steps, shape.dtype, draw)
        taken = tuple(scenarios.path(*walk) for _ in range(paths))
        yield Case(here, f"{shape}, {task}, {lengths}, {words}", network, scenario, lengths, piece, method, taken)


Values = dict[int, list[list[tuple[arb, frozenset[str]]]]]
"""After one step, by path: for every number the values that it took, each with the engines that gave it."""


def check_real(some: Sequence[Case]) -> Result:
    """Exact arithmetic: the oracle runs the paths."""
    found = Result()
    for case in some:
        found += _check(case, None, _by_oracle(case))
    return found


def check_ieee(some: Sequence[Case], dtype: str, hows: Sequence[str], processes: runs.Processes | None) -> Result:
    """IEEE arithmetic: XLA runs the paths in each way of ``hows``, and the native library in every process."""
    inputs = _inputs(some, dtype)
    stack, found = runs.stacked([case.network for case in some]), Result()
    native = processes is not None and runs.has_native(some[0].network)
    started = processes.start(stack, inputs) if native and processes else {}
    ran: dict[str, runs.Ran] = {f"XLA {how}": runs.by_xla(stack, inputs, how) for how in hows}
    for name, future in started.items():
        ran[f"native {name}"], last = future.result()
        ends = ran[f"native {name}"].states.copy()
        ends[:, :, -1] = last
        ran[f"native {name}, whole rows"] = runs.Ran(ends, ran[f"native {name}"].outputs)
    for index, case in enumerate(some):
        numbers = {name: np.concatenate([r.states[index], r.outputs[index]], -1) for name, r in ran.items()}
        found += _check(case, dtype, _by_engines(case, numbers))
    return found


def _inputs(some: Sequence[Case], dtype: str) -> np.ndarray:
    """[case, path, time, feature]: shorter paths are filled up with zeros."""
    longest = max(1, *(len(path.taken) for case in some for path in case.paths))
    features = some[0].network.inputs
    found = np.zeros((len(some), len(some[0].paths), longest, features), dtype)
    for n, case in enumerate(some):
        for p, path in enumerate(case.paths):
            if path.taken:
                found[n, p, : len(path.inputs)] = path.inputs
    return found


EXACTLY = frozenset({"exactly"})


def _by_oracle(case: Case) -> Callable[[int], Values]:
    """The numbers of every path, one step after the other, as far as the oracle can follow it: exp of what has an
    exponent of more than 64 bits it cannot compute."""
    oracle = Oracle(case.network)
    states = {p: oracle.start() for p in range(len(case.paths))}

    def step(t: int) -> Values:
        found = {}
        for p, path in enumerate(case.paths):
            if t < len(path.taken) and p in states:
                try:
                    states[p], outputs = oracle.step(states[p], path.inputs[t])
                except OverflowError:
                    del states[p]
                    continue
                values = [v for layer in states[p] for name in oracle.states for v in layer[name]] + outputs
                found[p] = [[(_ball(*value), EXACTLY)] for value in values]
        return found

    return step


def _by_engines(case: Case, numbers: Mapping[str, np.ndarray]) -> Callable[[int], Values]:
    def step(t: int) -> Values:
        found = {}
        for p, path in enumerate(case.paths):
            if t < len(path.taken):
                slots = []
                for slot in range(next(iter(numbers.values())).shape[-1]):
                    values: dict[float, set[str]] = {}
                    for name, there in numbers.items():
                        values.setdefault(float(there[p, t, slot]), set()).add(name)
                    slots.append([(arb(value), frozenset(names)) for value, names in values.items()])
                found[p] = slots
        return found

    return step


def _ball(low: Any, high: Any) -> arb:
    ends = [arb((-end[1] if end[0] else end[1], end[2])) for end in (low, high)]
    return ends[0] if low == high else ends[0].union(ends[1])


@contextmanager
def _precision(bits: int) -> Iterator[None]:
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def _check(case: Case, dtype: str | None, values: Callable[[int], Values]) -> Result:
    rounding = None if dtype is None else Rounding(ACCURACIES[dtype])
    weights = weights_of(case.network, every_unit=dtype is not None)
    kept = kept_numbers(case.network, dtype is not None)
    assert len(kept) == sum(weights.cell.state_size(units, weights.heads) for units in weights.units)
    found, semantics = Result(networks=1), "real" if dtype is None else dtype
    sets = Sets(case, weights, rounding)
    points = [_symbols(case.piece, path) for path in case.paths]
    for t in range(max(len(path.taken) for path in case.paths)):
        if not sets.step():
            found.unbounded += 1
            break
        with _precision(BITS):
            for p, there in values(t).items():
                edge, box = case.paths[p].taken[t]
                judge = _Judge(case, semantics, f"path {p}, step {t + 1}, {edge.target}", found)
                image, outputs = sets.passages[edge, box]
                states, read = [there[slot] for slot in kept], there[len(there) - len(outputs) :]
                judge.members("state", image, states, points[p][t])
                judge.members("joined state", sets.now[edge.target].forms, states, points[p][t])
                judge.members("output", outputs, read, points[p][t])
                if case.lengths.judged(t + 1):
                    judge.claim(sets.claimed, edge.target, case.paths[p].numbers, read)
    return found


class Sets:
    """The sets of every node, step by step, as a proof follows them. ``claimed``: what is proved of all outputs so far,
    and of all to come once it has settled."""

    def __init__(self, case: Case, weights: Weights, rounding: Rounding | None) -> None:
        self.bits, self.lengths = case.method.precision_bits, case.lengths
        with _precision(self.bits):
            self.propagation = Propagation(weights, case.scenario, case.piece, rounding, case.method, case.lengths)
        self.claimed = Bound(None, None, None, 0)
        self.passages: dict[tuple[Edge, Box], tuple[Sequence[Form], Sequence[Form]]] = {}

    @property
    def now(self) -> Mapping[str, StateSet]:
        return self.propagation.now

    def step(self) -> bool:
        """Whether there are bounds for one more step. Once it has settled, nothing is judged again."""
        try:
            with _precision(self.bits):
                step = self.propagation.step()
                settles = self.claimed.settled is None and self.propagation.settled(step)
                if self.claimed.settled is None and (settles or self.lengths.judged(step.number)):
                    judged = self.propagation.judged(step, self.claimed)
                    self.claimed = replace(judged, settled=step.number if settles else None)
                self.propagation.merge(step)
        except Unbounded:
            return False
        self.passages = {(one.edge, one.box): (one.image.forms, one.outputs) for one in step.passages}
        return True


@dataclass(frozen=True)
class _Judge:
    """Compares the numbers of one step of one path."""

    case: Case
    semantics: str
    place: str
    result: Result

    def members(self, what: str, forms: Sequence[Form], values: Any, at: Mapping[str, arb]) -> None:
        for n, (form, there) in enumerate(zip(forms, values, strict=True)):
            for value, engines in there:
                self.result.checked += 1
                if not value.is_finite() or outside(form, value, at):
                    self._report(engines, f"{what} {n}", value, str(form))

    def claim(self, claimed: Bound, node: str, numbers: Mapping[str, float], read: Any) -> None:
        """The error and the margin that are claimed."""
        answer = self.case.scenario.answers.get(node)
        if answer is None:
            return
        if isinstance(answer, Class):
            assert claimed.margin is not None
            for n, there in enumerate(read):
                for value, engines in there if n != answer.output else ():
                    for right, others in read[answer.output]:
                        if both := engines & others:
                            self.result.checked += 1
                            lead = right - value
                            if lead < arb(claimed.margin) or not lead.is_finite():
                                self._report(both, f"margin over {n}", lead, f"{claimed}")
            return
        for n, (there, wanted) in enumerate(zip(read, answer, strict=True)):
            if wanted is None:
                continue
            assert claimed.error is not None
            right = arb(wanted.constant) + sum(
                (arb(c) * arb(numbers[name]) for name, c in wanted.names.items()), arb(0)
            )
            for value, engines in there:
                self.result.checked += 1
                error = abs(value - right)
                if error > arb(claimed.error) or (not error.is_finite() and claimed.error != np.inf):
                    self._report(engines, f"error of output {n}", error, f"{claimed}")

    def _report(self, engines: frozenset[str], where: str, value: arb, bound: str) -> None:
        names, where = ", ".join(sorted(engines)), f"{self.place}: {where}"
        self.result.outside.append(Outside(self.case, self.semantics, names, where, value.str(20), bound))


def outside(form: Form, value: arb, at: Mapping[str, arb]) -> bool:
    """Whether the value is for certain no member of the form, its names at these values in [-1, 1]."""
    if value < form.low or value > form.high:
        return True
    middle, spread = form.centre, form.slack
    for symbol, part in form.terms.items():
        if symbol in at:
            middle = middle + part * at[symbol]
        else:
            spread = spread + abs(part)
    return bool(abs(value - middle) > spread)


def _symbols(piece: PathPiece, path: Path) -> list[dict[str, arb]]:
    """After every step the values of the names that are bound by then: remembered numbers, and every input."""
    found, bound = [], {}
    for t, (edge, _) in enumerate(path.taken):
        for channel, limits in enumerate(path.limits[t]):
            bound[f"{t + 1}.{channel}"] = _symbol(path.inputs[t, channel], *limits)
        if edge.remember:
            name = edge.remember[1]
            bound[name] = _symbol(path.numbers[name], *piece.numbers[name])
        found.append(dict(bound))
    return found


def _symbol(number: float, low: Fraction, high: Fraction) -> arb:
    """Where between its limits a number lies: -1 at the low end, 1 at the high one."""
    if low == high:
        return arb(0)
    where = (2 * Fraction(number) - low - high) / (high - low)
    assert abs(where) <= 1
    with _precision(BITS):
        return arb(fmpq(where.numerator, where.denominator))


def kept_numbers(network: Network, every_unit: bool) -> list[int]:
    """Which of all numbers of the state a proof follows. In real arithmetic those of units that the read-out reaches
    through weights that are not 0; else all, but of units without any weight or bias one for all. All, too, where units
    reach each other otherwise: in a head, or by a norm."""
    layers, units = network.layers, network.units
    if not network.cell.is_vector or network.cell.reads_units or "prenorm(" in network.cell_name:
        return list(range(len(layers) * network.cell.state_size(units, network.heads)))
    reads = [{s: _by_unit(linear).any(1) for s, linear in layer.items()} for layer in layers]
    read = np.asarray(network.readout_maps[0].matrix).any(1)
    found: list[list[int]] = []
    for depth in reversed(range(len(layers))):
        inside = (there for s, there in reads[depth].items() if s not in ("x", "constant"))
        inner = sum(inside, np.zeros((units, units), bool))
        if every_unit:
            biases = [np.asarray(linear.bias) for linear in layers[depth].values() if linear.bias is not None]
            biased = sum((bias.reshape(-1, units).any(0) for bias in biases), np.zeros(units, bool))
            busy = read | reads[depth]["x"].any(0) | inner.any(0) | inner.any(1) | biased
            kept = sorted([*np.flatnonzero(busy), *np.flatnonzero(~busy)[:1]])
            read = reads[depth]["x"].any(1)
        else:
            for _ in range(units):
                read = read | inner[:, read].any(1)
            kept = list(np.flatnonzero(read))
            read = reads[depth]["x"][:, read].any(1)
        found.insert(0, [int(unit) for unit in kept])
    states = len(network.cell.states)
    return [(d * states + s) * units + unit for d, kept in enumerate(found) for s in range(states) for unit in kept]


def _by_unit(linear: Linear) -> np.ndarray:
    """[source, gate, unit], whether a weight is not 0."""
    matrix = np.asarray(linear.matrix) != 0
    if linear.diagonal:
        matrix = np.tile(np.eye(linear.units, dtype=bool), len(linear.gates)) & matrix
    return matrix.reshape(len(matrix), len(linear.gates), linear.units)
