"""Every rule of IEEE arithmetic that proofs rest on, by exhaustion on small formats: all operands, all orders of sums,
fused or not, subnormal numbers kept and flushed. What is tested is the code that runs for float32 and float64."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from flint import arb, ctx

from holdfast.alphabet.enclosures.arrays import FormArray
from holdfast.alphabet.enclosures.forms import Form, Unbounded, interval, number, widened
from holdfast.alphabet.enclosures.rounding import Rounding
from holdfast.core.ops import Word
from holdfast.engine.network import Linear
from holdfast.engine.readings.bounds import Bounds
from tests.engine.exhaustive import (
    Violation,
    cancellations_hold,
    doubles_hold,
    erasures_hold,
    merged_hold,
    mixes_hold,
    norms_hold,
    pairs_hold,
    products_hold,
    read,
    rests_hold,
    rotations_hold,
    rows_hold,
    rows_of,
    sums_hold,
)
from tests.engine.machine import numbers, rounding, tiny_format

LARGE, MIDDLE, SMALL, LEAST = tiny_format(3, 3), tiny_format(3, 2), tiny_format(2, 2), tiny_format(2, 1)
WIDE, LONG, FINE = tiny_format(4, 2), tiny_format(4, 3), tiny_format(5, 4)


@pytest.fixture(autouse=True)
def precise():
    before, ctx.prec = ctx.prec, 64
    yield
    ctx.prec = before


@pytest.mark.parametrize(("form", "terms"), [(LARGE, 2), (MIDDLE, 3), (LEAST, 4)], ids=str)
def test_sums_in_any_order(form, terms):
    assert sums_hold(form, terms) > 300


@pytest.mark.parametrize(
    ("form", "sources", "bias"), [(LARGE, 1, False), (SMALL, 1, True), (SMALL, 2, False), (LEAST, 2, True)], ids=str
)
def test_dot_products_in_any_order(form, sources, bias):
    assert rows_hold(form, sources, bias) > 1000


@pytest.mark.parametrize(("form", "sources"), [(LEAST, [0.5, 1.0, 1.5, 2.0, 3.0]), (MIDDLE, [1.0])], ids=str)
def test_two_maps_that_are_added_are_one_sum(form, sources):
    assert merged_hold(form, sources) > 2000


def test_products():
    assert products_hold(LARGE) == 111**2


def test_quotients():
    """Nothing is said where the divisor may be read as 0: it is 0 or subnormal."""
    assert 80 * 111 < pairs_hold(LARGE, "divide") <= 96 * 111
    with pytest.raises(Unbounded, match="subnormal"):
        Bounds(rounding(LARGE)).divide((number(1),), (number(arb(2.0**LARGE.least_subnormal)),))


@pytest.mark.parametrize("word", ["subtract", "maximum"])
def test_differences_and_maxima(word):
    assert pairs_hold(LARGE, word) > 10_000


def test_a_quotient_by_a_power_of_two_is_not_rounded():
    ops = Bounds(rounding(LARGE))
    for value in numbers(LARGE).tolist():
        for power in (1.0, -0.25):
            with contextlib.suppress(Unbounded):  # the quotient is too large
                assert ops.divide((number(arb(value)),), (number(arb(power)),))[0] == number(arb(value / power))


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("word", ["normalise", "rms_normalise"])
def test_vectors_over_their_norm(word, size):
    assert norms_hold(LONG, word, size) > len(numbers(LONG)) ** size / 8


@pytest.mark.parametrize("form", [LARGE, LONG, FINE], ids=str)
def test_the_rest_of_a_square_and_twice_less_one(form):
    """In the last two formats nothing under the root is subnormal."""
    assert rests_hold(form) == len(numbers(form))
    assert doubles_hold(form) > len(numbers(form)) / 2


def test_rotations():
    assert rotations_hold(WIDE) > 15_000


def test_mixes():
    assert mixes_hold(MIDDLE) > 10_000


@pytest.mark.parametrize(("form", "size", "draws"), [(SMALL, 1, 0), (LARGE, 1, 4000), (LARGE, 2, 4000)], ids=str)
def test_what_is_erased(form, size, draws):
    assert erasures_hold(form, size, draws) > 600


def test_a_write_of_strength_1_under_a_key_of_a_single_1_leaves_nothing_of_the_old_value():
    ops, held = Bounds(rounding(LARGE)), [interval(arb(1), arb(2)), interval(arb(-2), arb(-1))]
    one = FormArray.of((2,), [number(1), number(0)])
    erased = ops.erase(FormArray.of((1, 2), held), one, one)
    assert list(erased) == [number(0), held[1]]


def test_cancellations():
    assert cancellations_hold(LARGE) > 500  # so often nothing was rounded the second time


def test_numbers_of_one_cancellation_are_no_fixed_points_of_another():
    """With the other sign of K the grid is another one, and so it is in another row or for another unit."""
    ops = Bounds(rounding(LARGE))
    rows = [rows_of(Linear(np.array([[1.0], [s * 8.0], [s * -8.0]]), None, ("y",)))[0] for s in (1, -1)]
    moving = (interval(arb(-1), arb(1)), number(1), number(1))
    once = ops.linear(rows[0], moving)["y"][0]
    other = ops.linear(rows[1], (once, *moving[1:]))["y"][0]
    assert other.slack > once.slack
    turned = ops.linear(rows[0], (once, number(-1), number(-1)))["y"][0]
    assert turned.slack > once.slack


def test_what_does_not_round_adds_nothing():
    ops = Bounds(rounding(LARGE))
    for value in numbers(LARGE).tolist():
        form = read(ops, value)
        assert ops.relu((form,))[0] in (form, number(0)) or value < 0 or not form.is_point
        assert ops.mix((number(1),), (form,), (number(0.375),))[0] == form
        assert ops.mix((number(0),), (number(0.375),), (form,))[0] == form
        assert ops.add((form,), (number(0),))[0] == form
        assert ops.multiply((form,), (number(1),))[0] == form


FAULTS = {
    "sum": ("gamma", lambda self, roundings: arb(0), lambda: sums_hold(LARGE, 2)),
    "flushed partial sum": (
        "sum",
        lambda self, t: self.checked(widened(t.exact, self.gamma(t.number - 1 + (t.rounded > 0)) * t.size)),
        lambda: sums_hold(MIDDLE, 3),
    ),
    "overflow": ("fits", lambda self, size: None, lambda: sums_hold(MIDDLE, 3)),
    "product": ("product", lambda self, found, a, b: self.checked(found), lambda: products_hold(LARGE)),
    "quotient": ("quotient", lambda self, found, a, b: self.checked(found), lambda: pairs_hold(LARGE, "divide")),
    "reciprocal": ("quotient", lambda self, found, a, b: self.rounded(found), lambda: pairs_hold(LARGE, "divide")),
    "subnormal reciprocal": (
        "quotient",
        lambda self, found, a, b: self.rounded(found, roundings=2),
        lambda: pairs_hold(LARGE, "divide"),
    ),
    "flushed quotient": ("underflows", lambda self, a: False, lambda: pairs_hold(LARGE, "divide")),
    "difference": ("gamma", lambda self, roundings: arb(0), lambda: pairs_hold(LARGE, "subtract")),
    "mix": ("mixed", lambda self, found, keep, kept, new: self.checked(found), lambda: mixes_hold(MIDDLE)),
    "cancellation": (
        "cancelled",
        lambda self, exact, size, moved, again: exact,
        lambda: cancellations_hold(LARGE),
    ),
    "root": ("over_root", lambda self, found, value: self.rounded(found), lambda: norms_hold(LONG, "normalise", 2)),
    "squares under a root": (
        "over_root",
        lambda self, found, value: self.rounded(found, roundings=4),
        lambda: norms_hold(LONG, "rms_normalise", 2),
    ),
    "overflow under a root": ("fits", lambda self, size: None, lambda: norms_hold(LONG, "normalise", 1)),
    "flushed part of a vector": ("underflows", lambda self, a: False, lambda: norms_hold(LONG, "rms_normalise", 1)),
    "root of a rest": ("root_of_rest", lambda self, found: found, lambda: rests_hold(FINE)),
    "subnormal rest": (
        "root_of_rest",
        lambda self, found: self.rounded(found, roundings=4),
        lambda: rests_hold(LARGE),
    ),
    "twice less one": ("gamma", lambda self, roundings: arb(0), lambda: doubles_hold(LARGE)),
    "circle": ("rounded", lambda self, a, roundings=1: self.checked(a), lambda: rotations_hold(WIDE)),
    "erased": ("gamma", lambda self, roundings: arb(0), lambda: erasures_hold(LARGE, 2, 1000)),
    "flushed part of what is erased": ("underflows", lambda self, a: False, lambda: erasures_hold(LARGE, 1, 4000)),
    "overflow of what is erased": ("fits", lambda self, size: None, lambda: erasures_hold(LARGE, 1, 1000)),
    "input": ("flushed", lambda self, a: a, lambda: products_hold(LARGE)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_that_forgets_something_is_caught(fault, monkeypatch):
    name, forgetful, check = FAULTS[fault]
    monkeypatch.setattr(Rounding, name, forgetful)
    with pytest.raises(Violation):
        check()


def test_forgotten_subnormal_weights_and_separate_sums_are_caught(monkeypatch):
    with monkeypatch.context() as planted:
        planted.setattr(Bounds, "_flushed_weights", lambda self, weights, source, bias: arb(0))
        with pytest.raises(Violation):
            rows_hold(SMALL, 1, bias=True)
    monkeypatch.setattr(Bounds, "apply", apart)
    with pytest.raises(Violation):
        merged_hold(MIDDLE, [1.0])


def apart(self: Bounds, word: Word, *operands: tuple[Form, ...]) -> tuple[Form, ...]:
    """A word of which each linear map is summed on its own first."""
    plain = [tuple(form._replace(summands=None) for form in operand) for operand in operands]
    return tuple(word.bounds(self.rounding, *parts) for parts in zip(*plain, strict=True))
