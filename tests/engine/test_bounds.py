"""Words on sets: every one contains what numbers give, none is looser than a plain interval, exact stays exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import alphabet
from holdfast.alphabet.enclosures import forms
from holdfast.alphabet.enclosures.arrays import FormArray
from holdfast.alphabet.enclosures.curves import SIGMOID, TANH, relu
from holdfast.alphabet.enclosures.forms import UNIT, ZERO, Form, contains, joined, number, tidied
from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding
from holdfast.engine.network import Linear
from holdfast.engine.readings.bounds import Bounds
from tests.certification import latches

small = st.floats(-4, 4, allow_subnormal=False)
share = st.floats(-1, 1, allow_subnormal=False)


@pytest.fixture(autouse=True)
def precise():
    before, ctx.prec = ctx.prec, 128
    yield
    ctx.prec = before


parts = st.tuples(small, small, small, share)
"""Centre, two coefficients and slack. (Forms are made in the test: no strategy may call what is checked by shape.)"""


def made(drawn: tuple[float, float, float, float]) -> Form:
    centre, *terms, slack = drawn
    return forms.made(arb(centre), {s: arb(c) for s, c in zip(("x", 1), terms, strict=True) if c}, abs(arb(slack)))


def member(form, at, error):
    return form.centre + sum((c * arb(at[s]) for s, c in form.terms.items()), arb(0)) + form.slack * arb(error)


def inside(form: Form, value: arb, at: dict) -> bool:
    middle = form.centre + sum((c * arb(at[s]) for s, c in form.terms.items()), arb(0))
    near = arb(0, 1e-30)
    return not (abs(value - middle) > form.slack + near) and not (value < form.low + near or value > form.high + near)


CURVES = {
    "tanh": (TANH, math.tanh),
    "sigmoid": (SIGMOID, lambda z: 1 / (1 + math.exp(-z))),
    "relu": (relu, lambda z: max(z, 0)),
}


@settings(max_examples=200, deadline=None)
@given(a=parts, b=parts, at=st.fixed_dictionaries({"x": share, 1: share}), errors=st.tuples(share, share))
def test_sums_products_and_mixtures_contain_their_members(a, b, at, errors):
    a, b = made(a), made(b)
    x, y = member(a, at, errors[0]), member(b, at, errors[1])
    assert inside(forms.plus(a, b), x + y, at)
    assert inside(forms.times(a, b), x * y, at)
    assert inside(forms.scaled(a, arb(-3)), -3 * x, at)
    keep = SIGMOID(a)

    assert inside(forms.mixed(keep, a, b), (1 / (1 + (-x).exp())) * x + (1 - 1 / (1 + (-x).exp())) * y, at)
    assert inside(joined(a, b), x, at)
    assert inside(joined(a, b), y, at)


@settings(max_examples=200, deadline=None)
@given(ends=st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4))
def test_the_join_of_two_intervals_is_from_end_to_end_and_one_of_them_if_it_contains_the_other(ends):
    """Bit for bit: sets that no longer grow have settled."""
    low, high = min(ends), max(ends)
    one, other, whole = (tidied(forms.interval(arb(min(p)), arb(max(p)))) for p in (ends[:2], ends[2:], (low, high)))
    found = tidied(joined(one, other))
    assert contains(found, one)
    assert contains(found, other)
    assert (float(found.low), float(found.high)) == pytest.approx((low, high), rel=1e-15)
    assert joined(whole, one) is whole


@settings(max_examples=200, deadline=None)
@given(a=parts, at=st.fixed_dictionaries({"x": share, 1: share}), error=share, name=st.sampled_from(sorted(CURVES)))
def test_curves_contain_their_members_and_stay_in_the_plain_interval(a, at, error, name):
    a, (curve, plain) = made(a), CURVES[name]
    x, found = member(a, at, error), curve(a)
    assert inside(found, {"tanh": x.tanh(), "sigmoid": 1 / (1 + (-x).exp()), "relu": x.max(arb(0))}[name], at)
    assert float(found.high) <= plain(float(a.high)) + 1e-12
    assert float(found.low) >= plain(float(a.low)) - 1e-12


@settings(max_examples=100, deadline=None)
@given(a=parts, b=parts)
def test_a_product_and_a_mixture_are_never_wider_than_intervals_give(a, b):
    a, b = made(a), made(b)
    corners = [float(x * y) for x in (a.low, a.high) for y in (b.low, b.high)]
    assert float(forms.times(a, b).high) <= max(corners) + 1e-9
    mixed = forms.mixed(SIGMOID(a), a, b)
    assert float(mixed.high) <= max(float(a.high), float(b.high)) + 1e-9
    assert float(mixed.low) >= min(float(a.low), float(b.low)) - 1e-9


def test_exact_zeros_and_ones_change_nothing():
    a = Form(arb(1) / 3, {"x": arb(2)}, arb(1), arb(-3), arb(3))
    assert forms.times(a, UNIT) is a
    assert forms.plus(a, ZERO) is a
    assert forms.mixed(UNIT, a, ZERO) is a
    assert forms.mixed(ZERO, UNIT, a) is a
    assert forms.times(a, ZERO) is ZERO


def test_a_symbol_cancels_and_a_slack_does_not():
    a = Form(arb(0), {"x": arb(1)}, arb(0), arb(-1), arb(1))
    assert forms.plus(a, forms.scaled(a, arb(-1))).is_number(0)
    loose = forms.interval(arb(-1), arb(1))
    assert float(forms.plus(loose, forms.scaled(loose, arb(-1))).high) == 2


def test_tanh_of_a_narrow_range_strays_by_a_twelfth_of_its_cube():
    found = TANH(Form(arb(0), {"x": arb(0.01)}, arb(0), arb(-0.01), arb(0.01)))
    assert float(found.slack) == pytest.approx(0.01**3 / 12, rel=0.01)


def test_one_form_contains_another_only_if_it_holds_all_of_it():
    a = tidied(forms.made(arb(1), {"x": arb(2)}, arb(0.5)))
    assert contains(a, a)
    assert contains(a, tidied(forms.made(arb(1.125), {"x": arb(2)}, arb(0.25))))
    assert not contains(a, tidied(forms.made(arb(1.125), {"x": arb(1.75)}, arb(0.25))))


def held(network, steps, ops):
    """The states of a latch after so many steps with inputs in [-1, 1], the first remembered, and its output."""
    cell, layer = network.cell, network.layers[0]
    state = cell.state_type(*((ZERO,) * network.units for _ in cell.states))
    states, output = [], None
    for step in range(steps):
        output, state, _ = cell.step(ops, layer, (ops.between(arb(-1), arb(1), "" if step else "x"),), state)
        flat = ops.carried([form for value in state for form in value])
        state = cell.state_type(tuple(flat[: network.units]), tuple(flat[network.units :]))
        states.append(state)
    assert output is not None
    return states, ops.linear(network.readout, output)["y"][0]


@pytest.mark.parametrize(("error", "steps"), [(1e-3, 200), (1e-2, 100), (0.2, 50)])
def test_an_lstm_latch_has_the_bound_that_the_hand_proves(error, steps, float64):
    _, y = held(latches.designed(error, steps), steps, Bounds())
    found = abs(y.terms["x"] - 1) + y.slack + abs(y.centre)
    hand = latches.hand_bound(*latches.gains(error, steps), steps)
    assert float(found) == pytest.approx(hand, rel=0.2)


@pytest.mark.parametrize("dtype", ACCURACIES)
def test_a_latch_of_exact_gates_is_carried_on_as_the_very_same_set(dtype, float64):
    states, y = held(latches.exact(dtype), 4, Bounds(Rounding(ACCURACIES[dtype])))
    assert states[2] == states[3]
    tiny = 2.0 ** (ACCURACIES[dtype].format.least_normal)
    weight = {"float32": 2.0**14, "float64": 2.0**29}[dtype]
    assert y.terms["x"] == 1
    assert float(y.slack) <= 3 * tiny * weight  # nothing but underflow


def test_a_gate_short_of_its_threshold_is_not_taken_for_exact(float64):
    near = latches.lstm(16.0, 330.0, 110.0, 110.0, 2.0**-14, dtype="float32")
    _, y = held(near, 4, Bounds(Rounding(ACCURACIES["float32"])))
    assert float(y.slack) > 1e-8


@pytest.mark.parametrize("dtype", ACCURACIES)
def test_dot_products_are_bounded_in_any_order(dtype, float64):
    draw, ops = np.random.default_rng(0), Bounds(Rounding(ACCURACIES[dtype]))
    for size in (1, 2, 7, 40):
        matrix, bias, x = (draw.normal(size=shape).astype(dtype) for shape in ((size, 1), 1, size))
        form = ops.linear(Linear(matrix, bias, ("y",)), tuple(number(float(v)) for v in x))["y"][0]
        for _ in range(50):
            order, total = draw.permutation(size), np.dtype(dtype).type(0)
            for j in order:
                total = total + x[j] * matrix[j, 0]
            assert float(form.low) <= float(total + bias[0]) <= float(form.high)


def test_a_number_too_large_for_the_format_is_not_bounded(float64):
    ops = Bounds(Rounding(ACCURACIES["float32"]))
    large = (ops.between(arb(1), arb(2) ** 100),)
    with pytest.raises(forms.Unbounded, match="too large for float32"):
        ops.multiply(large, (number(arb(2) ** 100),))
    with pytest.raises(forms.Unbounded, match="too large for float32"):
        ops.multiply(large, large)


def test_what_grows_by_one_stops_growing_where_float32_does(float64):
    ops = Bounds(Rounding(ACCURACIES["float32"]))
    clock = (forms.interval(arb(40), arb(2) ** 25),)
    (later,) = ops.add(clock, (UNIT,))
    assert later.high == arb(2) ** 25
    assert later.low == 41


@pytest.mark.parametrize("word", ["normalise", "rms_normalise"])
@pytest.mark.parametrize("sign", [1, -1])
def test_over_a_norm_an_end_that_may_lie_on_both_sides_of_0_is_the_widest_of_both(word, sign):
    """An end as it is left by large numbers that cancel: a ball around 0, of which each member may be the bound."""
    wide, rest = Form(arb(0), {}, arb(1), *_ends(sign, arb(-1), arb(0.001, 0.5))), forms.interval(arb(0), arb(1000))
    found, _ = alphabet.get(word).bounds(None, FormArray.of((2,), [wide, rest]))
    for x in (0.5, 0.4, 0.0, -1.0):
        for other in (0.0, 1.0, 1000.0):
            value = sign * x / math.sqrt((x * x + other * other) / (2 if word == "rms_normalise" else 1) + 1e-6)
            assert not found.low > value
            assert not found.high < value


def _ends(sign: int, low: arb, high: arb) -> tuple[arb, arb]:
    return (low, high) if sign > 0 else (-high, -low)
