"""Exhaustive checks of the rules of IEEE arithmetic on a small format: each raises ``Violation`` for a computed number
outside its set, and returns how many numbers it met."""

from __future__ import annotations

import importlib
import itertools

import numpy as np
import pytest
from flint import arb

from holdfast.alphabet.enclosures.arrays import FormArray
from holdfast.alphabet.enclosures.forms import Form, Unbounded, interval, number
from holdfast.core.formats import Format
from holdfast.engine.network import Linear
from holdfast.engine.readings.bounds import Bounds, Exact, exact
from tests.engine.machine import Machine, machines, numbers, rounding


class Violation(AssertionError):  # noqa: N818 -- what it is
    """A computed number outside its set."""


def held(form: Form | None, results: list[np.ndarray], place: int, what: object) -> None:
    """Raises ``Violation`` unless every result at this place lies in the set; None: the rules say it may overflow."""
    if form is None:
        return
    low, high = float(form.low.lower()), float(form.high.upper())
    centre, slack = float(form.centre), float(form.slack.upper())
    for found in results:
        value = float(found[place])
        if not (low <= value <= high and abs(value - centre) <= slack):
            raise Violation(f"{what}: {value} is not within {slack} of {centre}, or not from {low} to {high}")


def read(ops: Bounds, value: float) -> Form:
    """A number as the arithmetic reads it, from an input."""
    return ops.between(arb(value), arb(value))


def bounded(act) -> Form | None:
    try:
        return act()
    except Unbounded:
        return None


def grid(*axes: np.ndarray) -> list[np.ndarray]:
    return [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]


def sums_hold(form, terms: int) -> int:
    """All sums of so many numbers, each set of them once."""
    ops, every = Bounds(rounding(form)), numbers(form)
    chosen = np.array([c for c in itertools.combinations_with_replacement(every, terms) if sum(c) >= 0])
    columns = list(chosen.T)
    results = [r for machine in machines(form) for r in machine.sums([(c,) for c in columns])]
    forms = {value: read(ops, value) for value in every.tolist()}
    for place, operands in enumerate(chosen.tolist()):
        found = bounded(lambda: ops.add(*((forms[v],) for v in operands))[0])  # noqa: B023
        held(found, results, place, operands)
    return len(chosen)


def rows_hold(form, sources: int, bias: bool) -> int:
    """All rows of so many weights, and a bias or none, on all sources: dot products in any order, fused or not.

    Arithmetic is the same with all signs turned: the first weight is positive, and so are all sources.
    """
    ops, every = Bounds(rounding(form)), numbers(form)
    matrix = np.stack(grid(every[every >= 0], *[every] * (sources + bias - 1)))
    weights, biases = matrix[:sources], matrix[sources] if bias else None
    rows = rows_of(Linear(weights, biases, ("y",)))
    positive = every[every >= 0]
    seen = 0
    for operands in itertools.combinations_with_replacement(positive.tolist(), sources):
        source = [np.full(len(weights[0]), value) for value in operands]
        terms = [*zip(weights, source, strict=True), *([] if biases is None else [(biases,)])]
        results = [r for machine in machines(form) for r in machine.sums(terms)]
        forms = tuple(read(ops, value) for value in operands)
        for place, row in enumerate(rows):
            found = bounded(lambda: ops.linear(row, forms)["y"][0])  # noqa: B023
            held(found, results, place, (operands, matrix[:, place]))
            seen += 1
    return seen


def rows_of(linear: Linear) -> list[Exact]:
    """Every row as a map of its own: one that may overflow does not hide the others."""
    biases = [None] * linear.units if linear.bias is None else [linear.bias[[c]] for c in range(linear.units)]
    return [exact(Linear(linear.matrix[:, [c]], bias, ("y",))) for c, bias in enumerate(biases)]


def merged_hold(form, sources: list[float]) -> int:
    """w1 s1 + b and w2 s2, two linear maps added: their terms may be added in any order too."""
    ops, every = Bounds(rounding(form)), numbers(form)
    seen = 0
    w2, w1, b = grid(every, every[every >= 0], every)
    second = {w: rows_of(Linear(np.array([[w]]), None, ("y",)))[0] for w in every.tolist()}
    biased = {
        (w, c): rows_of(Linear(np.array([[w]]), np.array([c]), ("y",)))[0] for w in second for c in every.tolist()
    }
    for s1, s2 in itertools.product(sources, repeat=2):
        terms = [(w1, np.full_like(w1, s1)), (b,), (w2, np.full_like(w1, s2))]
        results = [r for machine in machines(form) for r in machine.sums(terms)]
        x = {key: bounded(lambda: ops.linear(row, (read(ops, s1),))["y"]) for key, row in biased.items()}  # noqa: B023
        h = {w: bounded(lambda: ops.linear(row, (read(ops, s2),))["y"]) for w, row in second.items()}  # noqa: B023
        for place, (one, bias, other) in enumerate(zip(w1.tolist(), b.tolist(), w2.tolist(), strict=True)):
            parts = x[one, bias], h[other]
            if None not in parts:
                found = bounded(lambda: ops.add(*parts)[0])  # noqa: B023
                held(found, results, place, (s1, s2, one, bias, other))
                seen += 1
    return seen


def products_hold(form) -> int:
    ops, every = Bounds(rounding(form)), numbers(form)
    a, b = grid(every, every)
    results = [machine.multiply(a, b) for machine in machines(form)]
    forms = {value: read(ops, value) for value in every.tolist()}
    for place, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        held(bounded(lambda: ops.multiply((forms[x],), (forms[y],))[0]), results, place, (x, y))  # noqa: B023
    return len(a)


def pairs_hold(form, word: str) -> int:
    """A word of two operands, on all pairs of numbers; of how many it says something."""
    ops, every = Bounds(rounding(form)), numbers(form)
    a, b = grid(every, every)
    acts = {
        "divide": (Machine.divide, lambda m, x, y: m.multiply(x, m.divide(np.ones_like(y), y))),
        "subtract": (lambda m, x, y: m.add(x, -y),),
        "maximum": (Machine.maximum,),
    }
    results = [act(machine, a, b) for machine in machines(form) for act in acts[word]]
    forms = {value: read(ops, value) for value in every.tolist()}
    said = 0
    for place, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        found = bounded(lambda: getattr(ops, word)((forms[x],), (forms[y],))[0])  # noqa: B023
        held(found, results, place, (x, y))
        said += found is not None
    return said


def rests_hold(form) -> int:
    """sqrt(1 - a^2) of every number, every operation rounded; the root is that of float64, as in ``norms_hold``."""
    ops, every = Bounds(rounding(form)), numbers(form)
    results = []
    for m in machines(form):
        rest = m.multiply(m.add(np.ones_like(every), -every), m.add(np.ones_like(every), every))
        results.append(m.rounded(np.sqrt(np.maximum(m.read(rest), 0))))
    for place, a in enumerate(every.tolist()):
        held(ops.sqrt_one_minus_square((read(ops, a),))[0], results, place, a)
    return len(every)


def doubles_hold(form) -> int:
    """2 a - 1 of every number."""
    ops, every = Bounds(rounding(form)), numbers(form)
    results = []
    for m in machines(form):
        results.append(m.add(m.multiply(np.full_like(every, 2), every), -np.ones_like(every)))
        results.append(m.fused(np.full_like(every, 2), every, -np.ones_like(every)))
    said = 0
    for place, a in enumerate(every.tolist()):
        found = bounded(lambda: ops.signed((read(ops, a),))[0])  # noqa: B023
        held(found, results, place, a)
        said += found is not None
    return said


def norms_hold(form, word: str, size: int) -> int:
    """A vector over its norm, all vectors of so many numbers, those after the first at least 0: its first component; of
    how many something is said. The root is that of float64, whose bits are more than twice as many as are needed."""
    ops, every, least = Bounds(rounding(form)), numbers(form), 0.75
    vectors = grid(every, *[every[every >= 0]] * (size - 1))
    results = []
    for m in machines(form):
        for squares in m.sums([(a, a) for a in vectors]):
            for value in roots_of(m, word, squares, size, least):
                with np.errstate(invalid="ignore"):
                    root = m.rounded(np.sqrt(m.read(value)))
                results += [m.divide(vectors[0], root), m.multiply(vectors[0], m.divide(np.ones_like(root), root))]
    results = [np.minimum.reduce(results), np.maximum.reduce(results)]
    forms, said = {value: read(ops, value) for value in every.tolist()}, 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module(f"holdfast.alphabet.{word}"), "LEAST", least)
        for place, operands in enumerate(zip(*(a.tolist() for a in vectors), strict=True)):
            vector = tuple(forms[value] for value in operands)
            found = bounded(lambda: getattr(ops, word)(vector)[0])  # noqa: B023
            held(found, results, place, (word, operands))
            said += found is not None
    return said


def roots_of(m: Machine, word: str, squares: np.ndarray, size: int, least: float) -> list[np.ndarray]:
    """What a root can be taken of, the constant rounded twice."""
    if word == "normalise":
        return [np.maximum(squares, m.read(m.rounded(np.array(least**2))))]
    constant, part = m.rounded(np.array(least)), m.rounded(np.array(1 / size))
    means = m.divide(squares, np.array(float(size))), m.multiply(squares, part)
    return [*(m.add(mean, constant) for mean in means), m.fused(squares, part, constant)]


def rotations_hold(form) -> int:
    """Pairs turned by angles, whose cosine and sine are the least or the largest number that is near enough."""
    ops, every = Bounds(rounding(form)), numbers(form)
    x, y, angle = grid(every[::2], every[every >= 0], every[every >= 0][::11])
    results = []
    for m in machines(form):
        turn = m.read(angle)
        for cosine, sine in itertools.product(near(every, np.cos(turn), form), near(every, np.sin(turn), form)):
            results += m.sums([(x, np.where(turn == 0, 1, cosine)), (y, -np.where(turn == 0, 0, sine))])
    results = [np.minimum.reduce(results), np.maximum.reduce(results)]
    forms, said = {value: read(ops, value) for value in every.tolist()}, 0
    for place, (a, b, turn) in enumerate(zip(x.tolist(), y.tolist(), angle.tolist(), strict=True)):
        one = FormArray.of((), [forms[turn]])
        found = bounded(lambda: ops.rotate((forms[a], forms[b]), one)[0])  # noqa: B023
        held(found, results, place, (a, b, turn))
        said += found is not None
    return said


def near(every: np.ndarray, exact: np.ndarray, form: Format) -> list[np.ndarray]:
    """The least and the largest number of a format within one roundoff of what is exact."""
    u = form.roundoff
    places = np.searchsorted(every, exact - u), np.searchsorted(every, exact + u, "right") - 1
    return [np.clip(every[place], -1, 1) for place in places]


def mixes_hold(form) -> int:
    """k * h + (1 - k) * n: every product rounded or fused into the sum."""
    ops, every = Bounds(rounding(form)), numbers(form)
    keep, kept, new = grid(every[(every >= 0) & (every <= 1.5)], every, every[every >= 0])
    results = []
    for m in machines(form):
        rest = m.rounded(1 - m.read(keep))
        results += m.sums([(keep, kept), (rest, new)])
    forms = {value: read(ops, value) for value in every.tolist()}
    for place, (k, h, n) in enumerate(zip(keep.tolist(), kept.tolist(), new.tolist(), strict=True)):
        held(bounded(lambda: ops.mix((forms[k],), (forms[h],), (forms[n],))[0]), results, place, (k, h, n))  # noqa: B023
    return len(keep)


def erasures_hold(form, size: int, draws: int) -> int:
    """a - (a k) c of vectors of so many numbers: its first component. All operands up to their signs, or so many."""
    ops, every, draw = Bounds(rounding(form)), numbers(form), np.random.default_rng(0)
    positive = every[every >= 0]
    if draws:
        columns = [draw.choice(positive if n in (0, size) else every, draws) for n in range(2 * size + 1)]
    else:
        columns = grid(*(positive if n in (0, size) else every for n in range(2 * size + 1)))
    a, k, c = columns[:size], columns[size:-1], columns[-1]
    results = [
        found
        for m in machines(form)
        for product in m.sums(list(zip(a, k, strict=True)))
        for found in m.sums([(a[0],), (-product, c)])
    ]
    with np.errstate(invalid="ignore"):
        results = [np.minimum.reduce(results), np.maximum.reduce(results)]
    forms, said = {value: read(ops, value) for value in every.tolist()}, 0
    for place, operands in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        of = [forms[value] for value in operands]
        matrix, key = FormArray.of((1, size), of[:size]), FormArray.of((size,), of[size:-1])
        change = FormArray.of((size,), [of[-1]] * size)
        found = bounded(lambda: ops.erase(matrix, key, change)[0])  # noqa: B023
        held(found, results, place, operands)
        said += found is not None
    return said


def cancellations_hold(form) -> int:
    """m + K - K, once and once more, in the same order: what came out is a fixed point."""
    ops, every = Bounds(rounding(form)), numbers(form)
    seen = 0
    for size, sign in itertools.product(every[every >= 2.0 ** (form.least_normal + form.bits)].tolist(), (1.0, -1.0)):
        known = rows_of(Linear(np.array([[1.0], [sign * size], [-sign * size]]), None, ("y",)))[0]
        moving = every[2 * np.abs(every) <= size]
        results = []
        for machine, order in itertools.product(machines(form), range(3)):
            results.append(cancelled(machine, moving, sign * size, order))
            np.testing.assert_array_equal(cancelled(machine, results[-1], sign * size, order), results[-1])
        for place, (low, high) in enumerate(itertools.pairwise(moving.tolist())):
            source = (interval(arb(low), arb(high)), number(1), number(1))
            once = bounded(lambda: ops.linear(known, source)["y"][0])  # noqa: B023
            twice = once and bounded(lambda: ops.linear(known, (once, *source[1:]))["y"][0])  # noqa: B023
            for end in (place, place + 1):
                held(once, results, end, (low, high, size, sign))
                held(twice, results, end, (low, high, size, sign))
            seen += once is not None and twice is not None and twice.slack == once.slack
    return seen


def cancelled(machine, m: np.ndarray, size: float, order: int) -> np.ndarray:
    plus, minus = np.full_like(m, size), np.full_like(m, -size)
    if order == 2:
        return machine.add(m, machine.add(plus, minus))
    first, second = (plus, minus) if order == 0 else (minus, plus)
    return machine.add(machine.add(m, first), second)
