"""Branch and bound: a binary tree of cuts of the set of all paths, with a bound at each leaf. The worst leaf is cut
next.

A cut divides the range of a remembered number or, in short rows, of any input. To find the best variable, all of them
are tried, once for every combination of how often each variable was already cut.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

from holdfast.certification.certificate import Cut, Cuts
from holdfast.certification.propagate import Bound, Input, Limits, PathPiece

Variable = str | Input
"""A variable that can be cut: a remembered number by its name, or an input by (step from 1, channel)."""


@dataclass(eq=False)
class CutNode:
    """A piece, the bound on it, how often each variable was cut on the path to it, and its two parts if it is cut."""

    piece: PathPiece
    reached: Bound
    depth: Mapping[Variable, int]
    cut: Cut | None = None
    parts: tuple[CutNode, ...] = ()


@dataclass
class Pieces:
    """A growing tree of cuts. ``follow`` computes the bound on a piece; ``whole`` has the limits of each variable;
    ``badness`` orders the bounds."""

    root: CutNode
    whole: Mapping[Variable, Limits]
    follow: Callable[[PathPiece], Bound]
    badness: Callable[[Bound], tuple]
    choices: dict[tuple[int, ...], Variable] = field(default_factory=dict)
    _leaves: list[tuple[tuple, int, CutNode]] = field(default_factory=list)
    _ties: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._push(self.root)

    @property
    def count(self) -> int:
        return len(self._leaves)

    @property
    def worst(self) -> Bound:
        """The bound that holds on all pieces."""
        return together(node.reached for _, _, node in self._leaves)

    def cuts(self) -> Cuts:
        """The tree in the format of a certificate."""
        found, waiting = [], [self.root]
        while waiting:
            node = waiting.pop()
            found.append(node.cut)
            waiting += reversed(node.parts)
        return tuple(found)

    def cut_worst(self, hope: float = inf) -> bool:
        """Cut the worst piece at its best variable. False if the piece is a point, or its bound would stay above
        ``hope``."""
        _, _, node = self._leaves[0]
        found = self._best_cut(node, hope)
        if found is None:
            return False
        variable, at, halves = found
        heapq.heappop(self._leaves)
        node.cut, node.parts = Cut(variable, at), halves
        for half in halves:
            self._push(half)
        return True

    def _push(self, node: CutNode) -> None:
        heapq.heappush(self._leaves, (tuple(-x for x in self.badness(node.reached)), next(self._ties), node))

    def _best_cut(self, node: CutNode, hope: float) -> tuple[Variable, Fraction, tuple[CutNode, ...]] | None:
        wide = [v for v in self.whole if self._limits(node.piece, v)[0] < self._limits(node.piece, v)[1]]
        shape = tuple(node.depth.get(v, 0) for v in self.whole)
        known = self.choices.get(shape)
        tried = {}
        for variable in wide if known is None or known not in wide else [known]:
            at, halves = self._halved(node, variable, hope)
            if len(halves) == 2:
                tried[variable] = at, halves
        if not tried:
            return None
        best = min(tried, key=lambda v: max(self.badness(half.reached) for half in tried[v][1]))
        self.choices[shape] = best
        return best, *tried[best]

    def _halved(self, node: CutNode, variable: Variable, hope: float) -> tuple[Fraction, tuple[CutNode, ...]]:
        """The value of the cut and both halves; only the first half if its bound is above ``hope``."""
        low, high = self._limits(node.piece, variable)
        at = Fraction(0) if low < 0 < high else (low + high) / 2
        depth = {**node.depth, variable: node.depth.get(variable, 0) + 1}
        halves: list[CutNode] = []
        for limits in (low, at), (at, high):
            piece = limited(node.piece, variable, limits)
            halves.append(CutNode(piece, self.follow(piece), depth))
            if (halves[-1].reached.error or 0.0) > hope:
                break
        return at, tuple(halves)

    def _limits(self, piece: PathPiece, variable: Variable) -> Limits:
        if isinstance(variable, str):
            return piece.numbers[variable]
        return piece.inputs.get(variable, self.whole[variable])


def limited(piece: PathPiece, variable: Variable, limits: Limits) -> PathPiece:
    """The part of a piece in which a variable is between these limits."""
    if isinstance(variable, str):
        return PathPiece({**piece.numbers, variable: limits}, piece.inputs)
    return PathPiece(piece.numbers, {**piece.inputs, variable: limits})


def together(found: Iterable[Bound]) -> Bound:
    """The bound that holds on the union: the worst of all."""
    every = list(found)
    errors = [r.error for r in every if r.error is not None]
    margins = [r.margin for r in every if r.margin is not None]
    settled = [r.settled for r in every if r.settled is not None]
    last = max(settled) if len(settled) == len(every) else None
    why = next((r.unbounded for r in every if r.unbounded), "")
    return Bound(max(errors, default=None), min(margins, default=None), last, max(r.steps for r in every), why)
