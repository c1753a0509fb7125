"""Finite groups as orthogonal matrices: the real representations of what the symbols of an automaton do to its states.

Where every symbol permutes the states, the products of symbols are a finite group. On functions of its elements the
group acts by permutations, and the eigenspaces of a random symmetric matrix that commutes with all of these are, with
probability 1, its irreducible representations over the real numbers (each as often as it occurs). A state h that is
multiplied by the matrix of every symbol goes round the points ``matrix of the product`` times ``start``, one for each
element, and linear scores tell the elements apart where no point is a mean of others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.construction.program import StateMachine
from holdfast.core.errors import BadValue

LARGEST = 200
"""The number of elements of a group, whose multiplication table has the square of it."""
TOGETHER, TRIED, STARTS, BEST = 3, 40, 200, 4
"""The number of irreducible representations that are put side by side, of such sums that are examined, and of starting
points that are drawn and of those that are examined for each."""
SAME = 1e-8
"""Numbers that are equal, and a lead that is none."""


@dataclass(frozen=True)
class SymbolGroup:
    """``product`` [element, element]: the first, then the second. ``states`` has the state to which each element leads
    from the first one, ``symbols`` the element of each symbol."""

    product: np.ndarray
    states: tuple[str, ...]
    symbols: dict[str, int]


@dataclass(frozen=True)
class Orbit:
    """``turns`` has the orthogonal matrix [d, d] of each symbol. After a word, the product of the matrices of its
    symbols times ``start`` is the point p, of length 1, and the scores are p ``weights`` + ``constants``, [d, output]
    and [output]. The right score exceeds the others by at least 1."""

    turns: dict[str, np.ndarray]
    start: np.ndarray
    weights: np.ndarray
    constants: np.ndarray

    @property
    def steepest(self) -> float:
        """How much the difference of two scores can change when the point moves by 1."""
        apart = self.weights[:, :, None] - self.weights[:, None, :]
        return float(np.linalg.norm(apart, axis=0).max())


def group_of(machine: StateMachine) -> SymbolGroup:
    """The group of an automaton. Raises ``BadValue`` where a symbol is no permutation of the states, or the group is
    too large."""
    states = _reached(machine)
    number = {state: place for place, state in enumerate(states)}
    effects = dict[str, tuple[int, ...]]()
    for symbol in machine.symbols:
        targets = [machine.table.get((state, symbol)) for state in states]
        if None in targets or len({*targets}) < len(states):
            raise BadValue(f"'{symbol}' is no permutation of the states: what it does cannot be undone.")
        effects[symbol] = tuple(number[str(target)] for target in targets)
    same = tuple(range(len(states)))
    elements, waiting = {same: 0}, [same]
    while waiting:
        before = waiting.pop()
        for effect in effects.values():
            after = tuple(effect[state] for state in before)
            if after not in elements:
                elements[after] = len(elements)
                waiting.append(after)
        if len(elements) > LARGEST:
            raise BadValue(f"the products of its symbols are more than {LARGEST} permutations of the states.")
    all_of_them = np.array(list(elements))
    product = np.array([[elements[tuple(other[one].tolist())] for other in all_of_them] for one in all_of_them])
    return SymbolGroup(
        product,
        tuple(states[element[0]] for element in elements),
        {symbol: elements[effect] for symbol, effect in effects.items()},
    )


def _reached(machine: StateMachine) -> list[str]:
    found, waiting = {machine.states[0]: None}, [machine.states[0]]
    while waiting:
        state = waiting.pop()
        for symbol in machine.symbols:
            target = machine.table.get((state, symbol))
            if target is not None and target not in found:
                found[target] = None
                waiting.append(target)
    return list(found)


def irreducible(group: SymbolGroup) -> list[np.ndarray]:
    """The different irreducible representations over the real numbers but the trivial one, smallest first: matrices
    [element, d, d] whose products are those of the elements."""
    count = len(group.product)
    draw = np.random.default_rng(0).standard_normal(count)
    inverse = np.argmax(group.product == 0, 1)
    values, vectors = np.linalg.eigh((draw + draw[inverse])[group.product[:, inverse]])
    found: dict[tuple[float, ...], np.ndarray] = {}
    borders = np.flatnonzero(np.diff(values) > SAME * np.abs(values).max()) + 1
    for basis in np.split(vectors, borders, axis=1):
        matrices = np.stack([basis.T @ basis[group.product[:, element]] for element in range(count)])
        character = tuple(np.round(np.trace(matrices, axis1=1, axis2=2), 6))
        if min(character) < 1 - SAME:
            found.setdefault(character, np.round(matrices) if len(basis[0]) == 1 else matrices)
    return sorted(found.values(), key=lambda matrices: matrices.shape[-1])


def orbit(group: SymbolGroup, answers: np.ndarray, reflections: int | None) -> Orbit | None:
    """The smallest orbit on which linear scores tell the ``answers`` [element, output] apart, of the symbols each a
    product of at most this many ``reflections``; None for signs: of one-dimensional representations alone."""
    draw, best, margin = np.random.default_rng(0), None, 0.0
    for matrices in itertools.islice(_sums(group, reflections), TRIED):
        size = matrices.shape[-1]
        if best is not None and size > len(best.start):
            break
        for start in _starts(matrices, answers, draw):
            weights, constants, lead = _scores(matrices @ start, answers)
            if lead < SAME:
                continue
            turns = {symbol: matrices[element] for symbol, element in group.symbols.items()}
            found = Orbit(turns, start, weights / lead, constants / lead)
            if 1 / found.steepest > margin * (1 + SAME):
                best, margin = found, 1 / found.steepest
    return best


def _sums(group: SymbolGroup, reflections: int | None) -> Iterator[np.ndarray]:
    """Sums of irreducible representations, smallest first, in which every symbol has few enough eigenvalues but 1."""
    read = [*group.symbols.values()]
    parts = [part for part in irreducible(group) if reflections is not None or part.shape[-1] == 1]
    needed = [[_moved(part[element]) for element in read] for part in parts]
    chosen = [
        some
        for count in range(1, TOGETHER + 1)
        for some in itertools.combinations(range(len(parts)), count)
        if reflections is None or max(map(sum, zip(*(needed[n] for n in some), strict=True))) <= reflections
    ]
    for some in sorted(chosen, key=lambda some: sum(parts[n].shape[-1] for n in some)):
        yield _side_by_side([parts[n] for n in some])


def _moved(matrix: np.ndarray) -> int:
    """The number of eigenvalues that are not 1."""
    return int(np.linalg.matrix_rank(matrix - np.eye(len(matrix)), tol=1e-6))


def _side_by_side(parts: Sequence[np.ndarray]) -> np.ndarray:
    size = sum(part.shape[-1] for part in parts)
    whole, at = np.zeros((len(parts[0]), size, size)), 0
    for part in parts:
        until = at + part.shape[-1]
        whole[:, at:until, at:until] = part
        at = until
    return whole


def _starts(matrices: np.ndarray, answers: np.ndarray, draw: np.random.Generator) -> list[np.ndarray]:
    """The points of length 1, among random ones, whose images for different answers are furthest apart."""
    drawn = draw.standard_normal((STARTS, matrices.shape[-1]))
    starts = [np.full(drawn.shape[1], drawn.shape[1] ** -0.5), *(start / np.linalg.norm(start) for start in drawn)]
    differ = (answers.max(1) > 0) & ~(answers @ answers.T > 0)
    closeness = [np.max((points := matrices @ start) @ points.T, where=differ, initial=-1.0) for start in starts]
    return [starts[n] for n in np.argsort(closeness, kind="stable")[:BEST]]


def _scores(points: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Linear scores of points [element, d] by least squares, and the least lead of a right one. Elements without an
    answer have none."""
    asked = answers.max(1) > 0
    known = np.concatenate([points, np.ones((len(points), 1))], 1)
    weights = np.linalg.lstsq(known[asked], answers[asked], rcond=None)[0]
    scores, right = known[asked] @ weights, answers[asked] > 0
    lead = np.where(right, scores, np.inf).min(1) - np.where(right, -np.inf, scores).max(1)
    return weights[:-1], weights[-1], float(lead.min())
