"""The search for the pieces and the method with which the checker's own propagation reaches a bound.

1.  Follow the whole range as it is; then its two sides of 0; then with errors that may cancel (symbols).
2.  For every length the sets have to settle: where they do not by themselves, widen them by more and more.
3.  Cut the worst piece in two (``pieces.py``), until the tolerance is reached or the time is over. Where there is no
    tolerance, as long as that helps.

It may be wrong in any way it likes: what it finds is judged by ``check.py``.
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
from holdfast.certification.weights import Weights
from holdfast.core.scenario import Edge, Lengths, Scenario

SYMBOLS = 64
"""Errors followed on their own where any are: two for each unit of the networks that are usual here."""
PROBE = 8
"""The method for pieces is chosen on the first of so many parts of the range: what is best on the whole is often not
best on a piece."""
WIDENINGS = tuple((after, Fraction(1, 2**bits)) for after in (8, 32, 128) for bits in (50, 30, 20, 12, 8, 5))
"""After which step and by how much sets are widened, the least first: what contracts settles with any of them."""
PATIENCE = 32
"""Steps in which widened sets settle, or else never do."""
HORIZON = 256
"""Steps in which sets may settle by themselves, where every length is asked for."""
MOST_INPUTS = 32
"""Rows with at most so many inputs are short: any of their inputs may be cut."""
GAIN = 0.9
"""Where no tolerance is given, pieces are cut as long as twice as many leave less than this share of the bound."""
FINE = 2.0**-24
"""Where no tolerance is given, a bound of less than this share of half the answers' range is good enough: it is below
one rounding of float32."""


@dataclass(frozen=True)
class BestProof:
    """A complete proof of some bound: ``reached`` on all ``pieces`` of the tree ``cuts``, by one method."""

    method: Method
    cuts: Cuts
    pieces: int
    reached: Bound


@dataclass(frozen=True)
class Goal:
    """The error to be reached; ``strict``: to stay below it, and then to go on as long as that helps."""

    error: float
    strict: bool


@dataclass(frozen=True)
class ProofSearch:
    """One proof in the making, until the clock (``time.monotonic``) passes the deadline."""

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
        """What can be cut, with its limits: remembered numbers and, in short rows, the inputs of every step."""
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
        """By channel, the steps at which an edge can be taken that reads a free number there."""
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
        """Whether this proves what was asked for."""
        found = best.reached
        error, bound = found.error or 0.0, self.goal.error
        enough = found.error is None or (error < bound if self.goal.strict else error <= bound)
        return found.judged and enough and found.right and (found.settled is not None or not self.any_length)

    def bests(self) -> Iterator[BestProof]:
        """Ever better proofs of the whole."""
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
        """Proofs in more and more pieces, as long as there is time and, without a tolerance, it helps."""
        fine = FINE * self.goal.error if self.goal.strict else 0.0
        whole = self.variables()
        sparing = self.reached(best) and len(whole) == len(self.numbers)  # a long row, and good enough
        if sparing:  # one variable will do, and pieces are kept where each is worth its time in 'check'
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
            hope = GAIN * bound if pieces.count == 1 and self.reached(best) else math.inf
            if not pieces.cut_worst(hope):
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

    def _for_pieces(self, best: BestProof, whole: Mapping[Variable, Limits]) -> Method:
        """The method that bounds a small piece best, where pieces are needed."""
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
        """The least power of two from which on recall is bit for bit, in IEEE arithmetic."""
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
        """What to try, the quick first: a method, on the whole range or on its two sides of 0."""
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
        """The larger, the more a piece needs cutting: unsettled ones, then by error, then by how far symbols lead."""
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
