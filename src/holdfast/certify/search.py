"""The search for the pieces and the method with which the checker's own propagation reaches a bound.

1.  Follow the whole range as it is; then its two sides of 0; then with errors that may cancel (symbols).
2.  For every length the sets have to settle: where they do not by themselves, widen them by more and more.
3.  Go on with what is best, and cut its worst piece in two, until the tolerance is reached or the time is over. Where
    there is no tolerance, cut every piece, as long as that helps.

It may be wrong in any way it likes: what it finds is judged by ``check.py``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from holdfast.certify.check import exact_from, pieces_of, read_again
from holdfast.certify.propagate import NOTHING_KNOWN, Method, Piece, Reached, run
from holdfast.certify.weights import Weights
from holdfast.core.scenario import Scenario
from holdfast.engine.readings.rounding import Rounding

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
MOST_PIECES = 16
"""Where no tolerance is given, into so many pieces at most."""
GAIN = 0.9
"""Where no tolerance is given, a cut that leaves more than this share of the bound is the last."""


@dataclass(frozen=True)
class Best:
    """A complete proof of some bound: every piece of the number ``of`` with what was reached there, by one method."""

    of: str | None
    method: Method
    pieces: tuple[tuple[Fraction, Fraction, Reached], ...]

    @property
    def reached(self) -> Reached:
        """The worst of all pieces."""
        found = [reached for _, _, reached in self.pieces]
        errors = [r.error for r in found if r.error is not None]
        margins = [r.margin for r in found if r.margin is not None]
        settled = [r.settled for r in found if r.settled is not None]
        every = max(settled) if len(settled) == len(found) else None
        return Reached(max(errors, default=None), min(margins, default=None), every, max(r.steps for r in found))


@dataclass(frozen=True)
class Goal:
    """The error to be reached; ``strict``: to stay below it, and then to go on as long as that helps."""

    error: float
    strict: bool
    any_length: bool


@dataclass(frozen=True)
class Search:
    """One proof in the making, until the clock (``time.monotonic``) passes the deadline."""

    weights: Weights
    scenario: Scenario
    rounding: Rounding | None
    goal: Goal
    deadline: float

    @property
    def ranges(self) -> Piece:
        return next(pieces_of(self.scenario, None))

    @property
    def first(self) -> str | None:
        """The first remembered number that can be cut into pieces, if there is one."""
        return next((name for name in self.scenario.ranges if not read_again(self.scenario, name)), None)

    def reached(self, best: Best) -> bool:
        """Whether this proves what was asked for."""
        found = best.reached
        error, bound = found.error or 0.0, self.goal.error
        enough = found.error is None or (error < bound if self.goal.strict else error <= bound)
        return enough and found.right and (found.settled is not None or not self.goal.any_length)

    def bests(self) -> Iterator[Best]:
        """Ever better proofs of the whole."""
        best = None
        for method, at_zero in self._plans():
            new = self._whole(method, at_zero)
            if best is None or _better(new.reached, best.reached, self.goal.any_length):
                best = new
                yield best
            if self.reached(best):
                break
            if self._late():
                return
        assert best is not None
        told, best = best, self._for_pieces(best)
        while self.first is not None and (self.goal.strict or not self.reached(best)) and best.reached.error != 0:
            cut = self._cut_all(best) if self.goal.strict and self.reached(best) else self._cut_worst(best)
            if cut is None:
                return
            if _better(cut.reached, told.reached, self.goal.any_length):
                told = cut
                yield cut
            best = cut

    def _for_pieces(self, best: Best) -> Best:
        """The same proof by the method that bounds a small piece best, where pieces are needed."""
        if self.first is None or self.goal.any_length or self.reached(best):
            return best
        low, high = self.ranges[self.first]
        part = low, low + (high - low) / PROBE
        errors = {method: self._run(method, *part).error or 0.0 for method in (best.method, Method(symbols=SYMBOLS))}
        method = min(errors, key=errors.__getitem__)
        return best if method == best.method or self._late() else self._whole(method, low < 0 < high)

    def exact_above(self, best: Best) -> float | None:
        """The least power of two from which on recall is bit for bit, in IEEE arithmetic."""
        steps = best.reached.settled if self.goal.any_length else self.scenario.steps
        if self.rounding is None or len(self.ranges) != 1 or steps is None:
            return None
        ((low, high),) = self.ranges.values()
        bottom, top = self.rounding.accuracy.format.least_normal, exponent(max(abs(low), abs(high)))
        common = (self.weights, self.scenario, self.rounding, steps, self.goal.any_length)
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
        if not self.goal.any_length and not self.ranges and self.scenario.steps > HORIZON:
            yield from ((method, False) for method in widened)

        yield plain, False
        if self.first is not None and self.ranges[self.first][0] < 0 < self.ranges[self.first][1]:
            yield plain, True
        if self.goal.any_length:
            yield from ((method, False) for method in widened)
        else:
            yield Method(symbols=SYMBOLS), False

    def _whole(self, method: Method, at_zero: bool) -> Best:
        low, high = self.ranges[self.first] if self.first else (Fraction(0), Fraction(0))
        limits = ((low, Fraction(0)), (Fraction(0), high)) if at_zero else ((low, high),)
        return Best(self.first, method, tuple((a, b, self._run(method, a, b)) for a, b in limits))

    def _run(self, method: Method, low: Fraction, high: Fraction) -> Reached:
        piece = {**self.ranges, self.first: (low, high)} if self.first else self.ranges
        steps = HORIZON if self.goal.any_length else self.scenario.steps
        if method.widen_after is not None:
            steps = min(steps, method.widen_after + PATIENCE)
        found = run(self.weights, self.scenario, piece, steps, self.rounding, method, self._go_on)
        whole = found.settled is not None or found.steps == (steps if self.goal.any_length else self.scenario.steps)
        return found if whole else replace(NOTHING_KNOWN, steps=found.steps)

    def _go_on(self, reached: Reached) -> bool:
        hopeless = reached.error == float("inf") or (reached.error is None and not reached.right)
        return not hopeless and not self._late()

    def _late(self) -> bool:
        return time.monotonic() > self.deadline

    def _cut_worst(self, best: Best) -> Best | None:
        """The same with its worst piece in two; None where there is no time left, or the piece is a point."""
        low, high, _ = max(best.pieces, key=_badness)
        middle = _middle(low, high)
        if self._late() or not low < middle < high:
            return None
        parts = [(a, b, self._run(best.method, a, b)) for a, b in ((low, middle), (middle, high))]
        kept = [piece for piece in best.pieces if piece[:2] != (low, high)]
        if self._late():
            return None
        return Best(best.of, best.method, tuple(sorted([*kept, *parts], key=lambda piece: piece[0])))

    def _cut_all(self, best: Best) -> Best | None:
        """The same with every piece in two; None as soon as one of them gains too little."""
        parts: list[tuple[Fraction, Fraction, Reached]] = []
        if len(best.pieces) >= MOST_PIECES:
            return None
        for low, high, _ in best.pieces:
            middle = _middle(low, high)
            for a, b in ((low, middle), (middle, high)):
                found = self._run(best.method, a, b) if a < b else NOTHING_KNOWN
                if (found.error or 0.0) > GAIN * (best.reached.error or 0.0):
                    return None
                parts.append((a, b, found))
        return Best(best.of, best.method, tuple(parts))


def _middle(low: Fraction, high: Fraction) -> Fraction:
    return Fraction(0) if low < 0 < high else (low + high) / 2


def _badness(piece: tuple[Fraction, Fraction, Reached]) -> tuple:
    """The larger, the more a piece needs cutting: unsettled ones, then by error, then by width."""
    low, high, reached = piece
    return reached.error or 0.0, -(reached.margin or 0.0), high - low


def _better(new: Reached, old: Reached, any_length: bool) -> bool:
    def rank(reached: Reached) -> tuple:
        unsettled = any_length and reached.settled is None
        return unsettled, reached.error if reached.error is not None else 0.0, -(reached.margin or 0.0)

    return rank(new) < rank(old)


def exponent(value: Fraction) -> int:
    """The largest k with 2**k <= value."""
    k = value.numerator.bit_length() - value.denominator.bit_length()
    return k if Fraction(2) ** k <= value else k - 1
