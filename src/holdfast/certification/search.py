"""The search for the pieces and the method with which the checker's own propagation reaches a bound.

1.  Propagate the whole range; then its parts below and above 0; then with error terms that can cancel (symbols).
2.  For a proof of every length the sets must settle. If they do not settle by themselves, widen them more and more.
3.  Cut the worst piece in two (``pieces.py``), until the tolerance is reached or the time is over. Without a tolerance,
    continue as long as cutting improves the bound.

Proofs do not depend on this file being correct: ``check.py`` judges what it finds.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.certification.certificate import MOST_PIECES, Cut, Cuts
from holdfast.certification.check import exact_from, pieces_of, read_again
from holdfast.certification.pieces import CutNode, Pieces, Variable, limited, together
from holdfast.certification.propagate import NOTHING_KNOWN, Bound, Limits, Memory, Method, PathPiece, run
from holdfast.certification.sampled import sampled_error
from holdfast.certification.weights import Weights
from holdfast.core.scenario import Edge, Lengths, Scenario

SYMBOLS = 64
"""The number of error terms that are tracked separately, if any: two for each unit of a typical network."""
PROBE = 8
"""The method for pieces is chosen on the first of this many parts of the range. The best method for the whole range is
often not the best one for a piece."""
WIDENINGS = tuple((after, Fraction(1, 2**bits)) for after in (8, 32, 128) for bits in (50, 30, 20, 12, 8, 5))
"""The steps after which, and the margins by which, sets are widened, the smallest first. Contracting sets settle with
any of them."""
PATIENCE = 32
"""Sets that do not settle within this many steps after widening are taken not to settle."""
HORIZON = 256
"""For a proof of every length: the number of steps in which sets may settle without widening."""
MOST_INPUTS = 32
"""In rows with at most this many inputs, any input may be cut."""
GAIN = 0.9
"""Without a tolerance, cutting continues as long as twice the number of pieces reduces the bound below this
fraction."""
FINE = 2.0**-24
"""Without a tolerance, a bound below this fraction of half the answers' range is good enough: it is smaller than one
rounding error in float32."""


@dataclass(frozen=True)
class BestProof:
    """A complete proof of the bound ``reached`` on all ``pieces`` of the tree ``cuts``, by one method."""

    method: Method
    cuts: Cuts
    pieces: int
    reached: Bound


@dataclass(frozen=True)
class Goal:
    """The error to be proved. ``strict``: the bound must be below it, and the search continues while it improves."""

    error: float
    strict: bool


@dataclass(frozen=True)
class ProofSearch:
    """The search for one proof, until ``time.monotonic`` passes the deadline."""

    weights: Weights
    scenario: Scenario
    lengths: Lengths
    rounding: Rounding | None
    goal: Goal
    deadline: float

    @property
    def any_length(self) -> bool:
        return self.lengths.last is None

    @property
    def numbers(self) -> Mapping[str, Limits]:
        """The ranges of all remembered numbers."""
        return next(pieces_of(self.scenario, (None,))).numbers

    @property
    def first(self) -> str | None:
        """The first remembered number that can be cut into pieces, if there is one."""
        return next((name for name in self.scenario.ranges if not read_again(self.scenario, name)), None)

    def variables(self) -> dict[Variable, Limits]:
        """The variables that can be cut, with their limits: remembered numbers and, in short rows, all inputs."""
        found: dict[Variable, Limits] = {n: self.numbers[n] for n in self.numbers if not read_again(self.scenario, n)}
        features = len(self.scenario.edges[0].boxes[0].low)
        if self.any_length or self.scenario.steps * features > MOST_INPUTS:
            return found
        for step, channel in itertools.product(range(1, self.scenario.steps + 1), range(features)):
            edges = [e for e in self.scenario.edges if self.lengths.takes(e, step) and self._free(e, channel)]
            ends = [end for edge in edges for box in edge.boxes for end in (box.low[channel], box.high[channel])]
            if ends:
                found[step, channel] = Fraction(min(ends)), Fraction(max(ends))
        reached = self._read_from()
        return {v: limits for v, limits in found.items() if isinstance(v, str) or v[0] in reached.get(v[1], set())}

    def _free(self, edge: Edge, channel: int) -> bool:
        remembered = edge.remember is not None and edge.remember[0] == channel
        return not remembered and any(box.low[channel] < box.high[channel] for box in edge.boxes)

    def _read_from(self) -> Mapping[int, set[int]]:
        """For each channel, the steps at which an edge may read a number from an interval."""
        found: dict[int, set[int]] = {}
        here = {self.scenario.start}
        for step in range(1, self.scenario.steps + 1):
            leaving = [e for e in self.scenario.edges if e.source in here and self.lengths.takes(e, step)]
            for edge in leaving:
                for channel in range(len(edge.boxes[0].low)):
                    if self._free(edge, channel):
                        found.setdefault(channel, set()).add(step)
            here = {edge.target for edge in leaving}
        return found

    def reached(self, best: BestProof) -> bool:
        """Whether this reaches the goal."""
        found = best.reached
        error, bound = found.error or 0.0, self.goal.error
        enough = found.error is None or (error < bound if self.goal.strict else error <= bound)
        return found.judged and enough and found.right and (found.settled is not None or not self.any_length)

    def bests(self) -> Iterator[BestProof]:
        """A sequence of complete proofs, each better than the one before."""
        best = None
        for method, at_zero in self._plans():
            new = self._whole(method, at_zero)
            if best is None or _better(new.reached, best.reached, self.any_length):
                best = new
                yield best
            if self.reached(best):
                break
            if self._late():
                return
        assert best is not None
        if self.goal.strict or not self.reached(best):
            yield from self._cut(best)

    def _cut(self, best: BestProof) -> Iterator[BestProof]:
        """Proofs with more and more pieces, until the time is over or, without a tolerance, the bound stops
        improving."""
        fine = FINE * self.goal.error if self.goal.strict else 0.0
        whole = self.variables()
        sparing = self.reached(best) and len(whole) == len(self.numbers)  # a long row, and good enough
        if sparing:  # cut one variable only: every further piece must be worth its time in 'check'
            whole = {name: limits for name, limits in whole.items() if name == self.first}
        method = self._for_pieces(best, whole)
        everything = PathPiece(self.numbers)
        known = (method, 1) == (best.method, best.pieces)
        root = CutNode(everything, best.reached if known else self._follow(method, everything), {})
        memory: Memory | None = {} if len(whole) > len(self.numbers) and not method.symbols else None
        pieces = Pieces(root, whole, lambda piece: self._follow(method, piece, memory), self._badness)
        doubled, bound = 1, root.reached.error or 0.0
        while whole and pieces.count < MOST_PIECES and not self._late():
            if best.reached.error is not None and best.reached.error <= fine:
                return
            first = pieces.count == 1 and self.reached(best)
            hope = GAIN * bound if first else math.inf
            if (first and self._sampled_error() > hope) or not pieces.cut_worst(hope):
                return
            worst, twice = pieces.worst, pieces.count == 2 * doubled
            little = twice and self.reached(best) and not (worst.error or 0.0) < GAIN * bound
            wanted = twice and not little if sparing else True
            if wanted and _better(worst, best.reached, self.any_length):
                best = BestProof(method, pieces.cuts(), pieces.count, worst)
                yield best
            if little or (not self.goal.strict and self.reached(best)):
                return
            if twice:
                doubled, bound = pieces.count, worst.error or 0.0

    def _sampled_error(self) -> float:
        """The error on a few rows in real arithmetic, 0 where it is not known: no bound can be smaller."""
        return (
            0.0
            if self.rounding is not None or self.any_length
            else sampled_error(self.weights, self.scenario, self.lengths)
        )

    def _for_pieces(self, best: BestProof, whole: Mapping[Variable, Limits]) -> Method:
        """The method that gives the best bound on a small piece."""
        if self.any_length or self.reached(best):
            return best.method
        if len(whole) > len(self.numbers):
            return Method(inputs=True)  # several times as fast as symbols for all errors, and nearly as good
        part = PathPiece(self.numbers)
        for variable, (low, high) in whole.items():
            part = limited(part, variable, (low, low + (high - low) / PROBE))
        errors = {method: self._follow(method, part).error or 0.0 for method in (best.method, Method(symbols=SYMBOLS))}
        return min(errors, key=errors.__getitem__)

    def exact_above(self, best: BestProof) -> float | None:
        """The smallest power of two such that numbers of at least this absolute value are recalled bit for bit, in IEEE
        arithmetic; None if there is none."""
        steps = best.reached.settled if self.any_length else self.scenario.steps
        if self.rounding is None or len(self.numbers) != 1 or steps is None:
            return None
        ((low, high),) = self.numbers.values()
        bottom, top = self.rounding.accuracy.format.least_normal, exponent(max(abs(low), abs(high)))
        common = (self.weights, self.scenario, self.lengths, self.rounding, steps)
        if not exact_from(2.0**top, *common):
            return None
        while bottom < top:
            middle = (bottom + top) // 2
            if exact_from(2.0**middle, *common):
                top = middle
            else:
                bottom = middle + 1
        return 2.0**top

    def _plans(self) -> Iterator[tuple[Method, bool]]:
        """The methods to try, the fastest first, each on the whole range or on its parts below and above 0."""
        plain = Method()
        widened = [Method(widen_after=after, widen_by=by) for after, by in WIDENINGS]
        if self.rounding is not None:
            far = Fraction(2) ** (self.rounding.accuracy.format.bits + 1)  # what grows by 1 stops growing before
            widened.insert(1, replace(widened[0], widen_after=PATIENCE, widen_to=far))
        if not self.any_length and not self.numbers and self.scenario.steps > HORIZON:
            yield from ((method, False) for method in widened)

        yield plain, False
        if self.first is not None and self.numbers[self.first][0] < 0 < self.numbers[self.first][1]:
            yield plain, True
        if self.any_length:
            yield from ((method, False) for method in widened)
        else:
            yield Method(symbols=SYMBOLS), False

    def _whole(self, method: Method, at_zero: bool) -> BestProof:
        piece = PathPiece(self.numbers)
        if not at_zero:
            return BestProof(method, (None,), 1, self._follow(method, piece))
        assert self.first is not None
        (low, high), zero = self.numbers[self.first], Fraction(0)
        sides = [limited(piece, self.first, limits) for limits in ((low, zero), (zero, high))]
        reached = together(self._follow(method, side) for side in sides)
        return BestProof(method, (Cut(self.first, zero), None, None), 2, reached)

    def _follow(self, method: Method, piece: PathPiece, memory: Memory | None = None) -> Bound:
        steps = HORIZON if self.any_length else self.scenario.steps
        if method.widen_after is not None:
            steps = min(steps, method.widen_after + PATIENCE)
        question = self.weights, self.scenario, self.lengths, piece, steps, self.rounding, method
        found = run(*question, self._go_on, memory)
        whole = found.settled is not None or found.steps == (steps if self.any_length else self.scenario.steps)
        return found if whole else replace(NOTHING_KNOWN, unbounded=found.unbounded)

    def _go_on(self, reached: Bound) -> bool:
        hopeless = reached.error == float("inf") or (reached.error is None and not reached.right)
        return not hopeless and not self._late()

    def _late(self) -> bool:
        return time.monotonic() > self.deadline

    def _badness(self, reached: Bound) -> tuple:
        """A key that is larger for worse pieces: first those that did not settle, then by error, then by margin."""
        return self.any_length and reached.settled is None, reached.error or 0.0, -(reached.margin or 0.0)


def _better(new: Bound, old: Bound, any_length: bool) -> bool:
    def rank(reached: Bound) -> tuple:
        unsettled = any_length and reached.settled is None
        return unsettled, reached.error if reached.error is not None else 0.0, -(reached.margin or 0.0)

    return rank(new) < rank(old)


def exponent(value: Fraction) -> int:
    """The largest k with 2**k <= value."""
    k = value.numerator.bit_length() - value.denominator.bit_length()
    return k if Fraction(2) ** k <= value else k - 1
