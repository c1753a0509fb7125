"""The assumptions of IEEE bounds, sampled: sigmoid and tanh as the engine runs them, against Arb and float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from holdfast.alphabet.enclosures.rounding import ACCURACIES, nearest
from holdfast.engine.readings.numbers import Numbers

TOLD = {"sigmoid": "sigmoid_errors", "tanh": "tanh_errors"}
SURE = {
    "sigmoid": lambda x: np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))),
    "tanh": np.tanh,
}


def samples(dtype: str, size: int) -> np.ndarray:
    """Numbers of all sizes, of the range where the curves bend, and around every threshold."""
    draw, told = np.random.default_rng(0), ACCURACIES[dtype]
    exponents = draw.integers(told.format.least_normal, 10, size)
    wide = draw.uniform(1, 2, size) * 2.0**exponents
    places = [told.one, -told.zero, told.saturated, told.identity, -told.format.least_normal * np.log(2), 0.5, 1, 9]
    near = np.concatenate([place * (1 + draw.normal(0, 1e-3, size // 10)) for place in places])
    found = np.concatenate([wide, draw.uniform(0, 40, size), near]).astype(dtype)
    return np.concatenate([found, -found])


def run(word: str, x: np.ndarray) -> np.ndarray:
    """As the engine computes it: inside a loop that is compiled."""
    step = lambda carry, a: (carry, getattr(Numbers(), word)(a))  # noqa: E731
    return np.asarray(jax.jit(lambda x: jax.lax.scan(step, 0, x)[1])(jnp.asarray(x).reshape(4, -1))).ravel()


@pytest.mark.parametrize("word", TOLD)
def test_float32_is_as_accurate_as_assumed(word, float64):
    x, told = samples("float32", 200_000), ACCURACIES["float32"]
    value, found = SURE[word](x.astype(np.float64)), run(word, x).astype(np.float64)
    allowed = getattr(told, TOLD[word]) * told.format.roundoff * np.abs(value) + 2.0**told.format.least_normal
    assert (np.abs(found - value) <= allowed).all()
    assert (np.abs(found) <= 1).all()


@pytest.mark.parametrize("word", TOLD)
def test_float64_is_as_accurate_as_assumed(word, float64, monkeypatch):
    x, told = samples("float64", 4000), ACCURACIES["float64"]
    monkeypatch.setattr(ctx, "prec", 128)
    sure = {"sigmoid": lambda a: 1 / (1 + (-a).exp()), "tanh": lambda a: a.tanh()}[word]
    errors, tiny = getattr(told, TOLD[word]) * told.format.roundoff, arb(2) ** told.format.least_normal
    for z, found in zip(x.tolist(), run(word, x).tolist(), strict=True):
        assert abs(arb(found) - sure(arb(z))) <= errors * abs(sure(arb(z))) + tiny, z
        assert abs(found) <= 1


@pytest.mark.parametrize("dtype", ACCURACIES)
def test_both_are_exact_where_it_is_assumed(dtype, float64):
    x, told = samples(dtype, 100_000), ACCURACIES[dtype]
    sigmoid, tanh = run("sigmoid", x), run("tanh", x)
    assert (sigmoid[x >= told.one] == 1).all()
    assert (sigmoid[x <= told.zero] == 0).all()
    assert (np.abs(tanh)[np.abs(x) >= told.saturated] == 1).all()
    small = np.abs(x) <= told.identity
    np.testing.assert_array_equal(tanh[small], x[small])
    assert small.sum() > 1000


def test_a_claim_of_one_roundoff_would_be_seen_to_fail(float64):
    x = samples("float32", 100_000)
    value, found = np.tanh(x.astype(np.float64)), run("tanh", x).astype(np.float64)
    assert (np.abs(found - value) > 2.0**-24 * np.abs(value) + 2.0**-126).any()


@given(st.floats(width=64, allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_nearest_is_the_rounding_of_float32(value):
    if abs(value) >= 2.0**-126 or value == 0:
        assert float(nearest(arb(value), 24)) == float(np.float32(value))
