"""The six faults that once led to false certificates, each planted again at its root."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.alphabet.enclosures.forms import NOTHING, widened
from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.certification.propagate import Propagation
from holdfast.engine.readings.bounds import Bounds


def judge_the_first_edge_only(patch: pytest.MonkeyPatch) -> None:
    """Answers are judged once for every image: a cell without state has one empty image for all edges into a node."""
    judged = Propagation.judged

    def first_only(self: Propagation, step: Any, so_far: Any) -> Any:
        first = {(id(passage.image.forms), passage.edge.target): passage for passage in reversed(step.passages)}
        return judged(self, replace(step, passages=tuple(first.values())), so_far)

    patch.setattr(Propagation, "judged", first_only)


class Coarse(tuple):
    """The name of a sum m + K - K without the place of m and the signs of K."""

    __hash__ = tuple.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple) and self[:2] == other[:2] and abs(self[-1]) == abs(other[-1])


def mistake_cancellations(patch: pytest.MonkeyPatch) -> None:
    """A number that came out of m + K - K is taken for a fixed point of m - K + K too."""
    cancelled = Bounds._cancelled

    def coarsely(self: Bounds, *given: Any) -> Any:
        found = cancelled(self, *given)
        return found if found is None or found.fixed is None else found._replace(fixed=Coarse(found.fixed))

    patch.setattr(Bounds, "_cancelled", coarsely)


def keep_subnormal_weights(patch: pytest.MonkeyPatch) -> None:
    """Inputs and results are flushed, weights are not."""
    patch.setattr(Bounds, "_flushed_weights", lambda self, *given: NOTHING)


class Lenient(Rounding):
    """Nothing is too large."""

    def fits(self, size: Any) -> None:
        pass


def forget_overflowing_partial_sums(patch: pytest.MonkeyPatch) -> None:
    """Only the total of a sum has to fit into the format."""
    patch.setattr(
        Rounding, "sum", lambda self, terms, sum=Rounding.sum: self.checked(sum(Lenient(self.accuracy), terms))
    )


def forget_flushed_partial_sums(patch: pytest.MonkeyPatch) -> None:
    """Where the total of three or more terms is normal, no partial sum is flushed."""
    right = Rounding.sum

    def total_only(self: Rounding, terms: Any) -> Any:
        if terms.number < 3:
            return right(self, terms)
        flush = self.tiny * terms.number if self.underflows(terms.exact) else NOTHING
        error = self.gamma(terms.number) * terms.size + flush
        self.fits(terms.size + error)
        return widened(terms.exact, error)

    patch.setattr(Rounding, "sum", total_only)


FAULTS = {
    "F": judge_the_first_edge_only,
    "F2": judge_the_first_edge_only,
    "P": mistake_cancellations,
    "A": keep_subnormal_weights,
    "B": forget_overflowing_partial_sums,
    "M": forget_flushed_partial_sums,
}
"""By the letter of the network that showed the fault."""
