"""The alphabet's two readings, word by word: numbers to the bit where that is promised, equations as text."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import cells
from holdfast.core.cell import Step
from holdfast.engine.network import create
from holdfast.engine.readings.equation import equation
from holdfast.engine.readings.numbers import Numbers
from holdfast.engine.unroll import unroll

pytestmark = pytest.mark.usefixtures("quick_to_compile")
NUMBERS = Numbers()
finite = st.floats(width=32, allow_subnormal=False, allow_nan=False, allow_infinity=False)


def test_every_word_is_its_formula(float64):
    a, b, c = (jnp.linspace(-2, 2, 9) + shift for shift in (0.0, 0.25, 0.5))
    x, y, z = (np.asarray(v) for v in (a, b, c))
    for got, expected in [
        (NUMBERS.add(a, b, c), x + y + z),
        (NUMBERS.multiply(a, b), x * y),
        (NUMBERS.sigmoid(a), 1 / (1 + np.exp(-x))),
        (NUMBERS.tanh(a), np.tanh(x)),
        (NUMBERS.relu(a), np.maximum(x, 0)),
        (NUMBERS.mix(NUMBERS.sigmoid(a), b, c), y / (1 + np.exp(-x)) + z * (1 - 1 / (1 + np.exp(-x)))),
    ]:
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-15)


@settings(max_examples=50, deadline=None)
@given(kept=finite.filter(bool), new=finite)
@example(kept=0.1, new=1e30)
def test_a_keep_of_exactly_one_keeps_every_bit(kept, new):
    """Of every normal number. (Subnormal ones are flushed to zero by XLA, whatever is computed with them.)"""
    kept, new = np.float32(kept), np.float32(new)
    found = jax.jit(NUMBERS.mix)(np.float32(1), kept, new)
    assert np.asarray(found).tobytes() == kept.tobytes()


@pytest.mark.xfail(strict=True, reason="-0.0 + 0.0 is +0.0: the value is kept, the sign of a zero is not")
def test_a_keep_of_exactly_one_keeps_the_sign_of_zero():
    found = NUMBERS.mix(jnp.float32(1), jnp.float32(-0.0), jnp.float32(1))
    assert np.asarray(found).tobytes() == np.float32(-0.0).tobytes()


@settings(max_examples=50, deadline=None)
@given(kept=finite, new=finite)
def test_a_keep_of_exactly_zero_gives_the_new_value(kept, new):
    assert jax.jit(NUMBERS.mix)(np.float32(0), np.float32(kept), np.float32(new)) == np.float32(new)


def test_a_gru_whose_update_gate_is_one_holds_its_state_bit_for_bit():
    network = create("gru", 1, 3, 1)
    layer = network.layers[0]
    layer["x"] = layer["x"].put("update", bias=jnp.full(3, 100.0))
    held = network.cell.state_type(jnp.asarray([[0.1, -0.7, 1 / 3]]))
    _, (after,) = unroll(network, jnp.asarray(np.random.default_rng(0).normal(size=(1, 50, 1)), jnp.float32), (held,))
    assert np.asarray(after.h).tobytes() == np.asarray(held.h).tobytes()


def test_the_equations_read_as_the_papers_write_them():
    assert equation(cells.get("lstm")) == [
        "i = sigmoid(W_i x + U_i h + b_i)",
        "f = sigmoid(W_f x + U_f h + b_f)",
        "g = tanh(W_g x + U_g h + b_g)",
        "o = sigmoid(W_o x + U_o h + b_o)",
        "c' = f * c + i * g",
        "h' = o * tanh(c')",
    ]
    assert equation(cells.get("gru")) == [
        "r = sigmoid(W_r x + U_r h + b_r + d_r)",
        "z = sigmoid(W_z x + U_z h + b_z + d_z)",
        "n = tanh(W_n x + r * (U_n h + d_n) + b_n)",
        "h' = z * h + (1 - z) * n",
    ]
    assert equation(cells.get("elman")) == ["n = tanh(W_n x + U_n h + b_n)", "h' = n"]
    assert equation(cells.get("feedforward")) == ["n = tanh(W_n x + b_n)", "h' = n"]


def test_latex_has_the_same_lines_in_its_own_words():
    assert equation(cells.get("gru"), latex=True) == [
        r"r = \sigma(W_r x + U_r h + b_r + d_r)",
        r"z = \sigma(W_z x + U_z h + b_z + d_z)",
        r"n = \tanh(W_n x + r \odot (U_n h + d_n) + b_n)",
        r"h' = z \odot h + (1 - z) \odot n",
    ]


def test_an_output_that_is_no_state_has_a_name_of_its_own(monkeypatch):
    lstm = cells.get("lstm")

    def step(ops, weights, x, state):
        output, after, gates = lstm.step(ops, weights, x, state)
        return Step(ops.relu(output), after, gates)

    lines = equation(replace(lstm, step=step))
    names = [line.split(" = ")[0] for line in lines]
    assert len(set(names)) == len(names), lines
