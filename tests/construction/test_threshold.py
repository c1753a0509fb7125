"""Conditions as gates: what one threshold can follow, with the smallest weights, and what none can."""

from __future__ import annotations

import itertools

import pytest

from holdfast.construction.program import Condition, RegisterProgram, StepContext
from holdfast.construction.threshold import Situation, separate, situations


def marks(holds, count=2):
    """Situations of ``count`` marks of 0 or 1, and the condition on them."""
    names = [f"m{n}" for n in range(count)]
    found = []
    for values in itertools.product((0.0, 1.0), repeat=count):
        by_name = dict(zip(names, values, strict=True))
        found.append(Situation({n: (v, v) for n, v in by_name.items()}, StepContext(0, by_name)))
    return found, Condition("it", lambda now: bool(holds(*(int(now.marks[n]) for n in names))))


def value(gate, situation, end):
    return gate.bias + sum(w * situation.signals[name][end if w > 0 else 1 - end] for name, w in gate.weights.items())


@pytest.mark.parametrize(
    ("holds", "count"),
    [
        (lambda a, b: a and b, 2),
        (lambda a, b: a or b, 2),
        (lambda a, b: a and not b, 2),
        (lambda a, b, c: a + b + c >= 2, 3),
        (lambda a, b: True, 2),
        (lambda a, b: False, 2),
    ],
)
def test_what_is_linearly_separable_is_followed_in_every_situation(holds, count):
    met, condition = marks(holds, count)
    gate = separate(met, condition, high=5.0, low=-9.0)
    assert gate is not None
    for situation in met:
        if condition.holds(situation.now):
            assert value(gate, situation, 0) >= 5 - 1e-9
        else:
            assert value(gate, situation, 1) <= -9 + 1e-9


def test_exclusive_or_is_not():
    met, condition = marks(lambda a, b: a != b)
    assert separate(met, condition, high=1.0, low=-1.0) is None


def test_weights_are_the_smallest_and_hold_in_the_worst_corner():
    flags = [{"started": (0.0, 0.0)}, {"started": (0.76, 1.0)}]
    met = situations(RegisterProgram(), flags, {})
    gate = separate(met, Condition("first", lambda now: now.elapsed == 0), high=8.0, low=-16.0)
    assert gate is not None
    assert gate.bias == pytest.approx(8.0)
    assert gate.weights == {"started": pytest.approx(-24 / 0.76)}


def test_exactly_means_exactly():
    met, condition = marks(lambda a: a, 1)
    gate = separate(met, condition, high=0.0, low=-12.0, exact=True)
    assert gate is not None
    assert value(gate, met[1], 0) == value(gate, met[1], 1) == 0
    assert value(gate, met[0], 1) <= -12
