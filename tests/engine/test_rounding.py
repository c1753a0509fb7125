"""The assumptions of IEEE bounds, sampled: functions as the engine runs them, against Arb and float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from holdfast import alphabet
from holdfast.alphabet.enclosures.rounding import ACCURACIES, nearest
from holdfast.engine.readings.numbers import Numbers

TOLD = {
    "sigmoid": "sigmoid_errors",
    "tanh": "tanh_errors",
    "exp": "exp_errors",
    "softplus": "softplus_errors",
    "logsigmoid": "softplus_errors",
}
SURE = {
    "sigmoid": lambda x: np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))),
    "tanh": np.tanh,
    "exp": np.exp,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "logsigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
}
SUREST = {
    "sigmoid": lambda a: 1 / (1 + (-a).exp()),
    "tanh": lambda a: a.tanh(),
    "exp": lambda a: a.exp(),
    "softplus": lambda a: a.exp().log1p() if a < 0 else a + (-a).exp().log1p(),
    "logsigmoid": lambda a: a - a.exp().log1p() if a < 0 else -(-a).exp().log1p(),
}
LIMITS = {name: alphabet.get(name).limits or (-np.inf, np.inf) for name in TOLD}


WORST = [88.72167, 0.8569586, 5.126039, 16.63624]
"""Where exp, softplus, tanh and sigmoid of float32 are worst, by ``benchmarks/soundness.py``."""


def samples(dtype: str, size: int) -> np.ndarray:
    """Numbers of all sizes, of the range where the curves bend, and around every threshold. The last is where exp
    overflows."""
    draw, told = np.random.default_rng(0), ACCURACIES[dtype]
    exponents = draw.integers(told.format.least_normal, 10, size)
    wide = draw.uniform(1, 2, size) * 2.0**exponents
    places = [told.one, -told.zero, told.saturated, told.identity, -told.format.least_normal * np.log(2), 0.5, 1, 9]
    places.append(np.log(told.format.largest))
    near = np.concatenate([place * (1 + draw.normal(0, 1e-3, size // 10)) for place in places])
    found = np.concatenate([wide, draw.uniform(0, 40, size), near, WORST]).astype(dtype)
    return np.concatenate([found, -found])


def run(word: str, x: np.ndarray) -> np.ndarray:
    return looped(getattr(Numbers(), word), x).ravel()


def looped(act: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """As the engine computes it: inside a loop that is compiled."""
    step = lambda carry, a: (carry, act(a))  # noqa: E731
    return np.asarray(jax.jit(lambda x: jax.lax.scan(step, 0, x)[1])(jnp.asarray(x).reshape(4, -1)))


def cosines_and_sines(angles: np.ndarray) -> np.ndarray:
    """[angle, 2]: the pair (1, 0) turned."""

    def turned(a: Any) -> Any:
        return Numbers().rotate(jnp.broadcast_to(jnp.asarray([1, 0], a.dtype), (*a.shape, 2)), a)

    return looped(turned, angles).reshape(-1, 2)


def angles_of(dtype: str, size: int) -> np.ndarray:
    """Of all sizes, and around multiples of a quarter turn."""
    draw = np.random.default_rng(1)
    near = draw.integers(-1000, 1000, size) * np.pi / 2 * (1 + draw.normal(0, 1e-6, size))
    return np.concatenate(
        [samples(dtype, size), near.astype(dtype), np.ldexp(1.7, draw.integers(9, 127, size)).astype(dtype)]
    )


def test_cosine_and_sine_of_float32_are_as_accurate_as_assumed(float64):
    x, told = angles_of("float32", 100_000), ACCURACIES["float32"]
    found, wide = cosines_and_sines(x).astype(np.float64), x.astype(np.float64)
    off = np.abs(found - np.stack([np.cos(wide), np.sin(wide)], -1)) / told.format.roundoff
    assert told.circle_errors / 2 < off.max() <= told.circle_errors
    assert np.abs(found).max() <= 1


def test_cosine_and_sine_of_float64_are_as_accurate_as_assumed(float64, monkeypatch):
    x, told = angles_of("float64", 1000), ACCURACIES["float64"]
    monkeypatch.setattr(ctx, "prec", 300)
    most = told.circle_errors * told.format.roundoff
    for z, (cosine, sine) in zip(x.tolist(), cosines_and_sines(x).tolist(), strict=True):
        right = arb(z).sin_cos()
        assert abs(arb(cosine) - right[1]) <= most, z
        assert abs(arb(sine) - right[0]) <= most, z
        assert max(abs(cosine), abs(sine)) <= 1


@pytest.mark.parametrize("dtype", ACCURACIES)
def test_roots_are_rounded_once_and_an_angle_of_0_is_exact(dtype, float64):
    x = np.abs(samples(dtype, 100_000))
    x = x[x >= 2.0 ** ACCURACIES[dtype].format.least_normal]
    x = x[: len(x) // 4 * 4]
    np.testing.assert_array_equal(looped(jnp.sqrt, x).ravel(), np.sqrt(x))
    assert (cosines_and_sines(np.zeros(8, dtype)) == [1, 0]).all()


@pytest.mark.parametrize("word", TOLD)
def test_float32_is_as_accurate_as_assumed(word, float64):
    x, told = samples("float32", 200_000), ACCURACIES["float32"]
    assert not np.isnan(off := errors(word, x)).any()
    assert off.max() <= getattr(told, TOLD[word])


def errors(word: str, x: np.ndarray) -> np.ndarray:
    """In units of u of the value, where that is a normal number; infinite where the result is outside its range."""
    form, (low, high) = ACCURACIES["float32"].format, LIMITS[word]
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        value, found = SURE[word](x.astype(np.float64)), run(word, x).astype(np.float64)
        away = np.abs(found - value)
        off = np.where(away <= 2.0**form.least_normal, 0, away / np.abs(value) / form.roundoff)
    fits = np.abs(value) <= form.largest
    assert (np.abs(found[~fits]) > 0.999999 * form.largest).all()
    return np.where((found >= low) & (found <= high), off, np.inf)[fits]


@pytest.mark.parametrize("word", TOLD)
def test_float64_is_as_accurate_as_assumed(word, float64, monkeypatch):
    x, told = samples("float64", 4000), ACCURACIES["float64"]
    monkeypatch.setattr(ctx, "prec", 128)
    most, tiny = getattr(told, TOLD[word]) * told.format.roundoff, arb(2) ** told.format.least_normal
    low, high = LIMITS[word]
    for z, found in zip(x.tolist(), run(word, x).tolist(), strict=True):
        value = SUREST[word](arb(z))
        if abs(value) > told.format.largest:
            assert abs(found) > 0.999999 * told.format.largest
            continue
        assert abs(arb(found) - value) <= most * abs(value) + tiny, z
        assert low <= found <= high


@pytest.mark.parametrize("dtype", ACCURACIES)
def test_functions_are_exact_where_it_is_assumed(dtype, float64):
    x, told = samples(dtype, 100_000), ACCURACIES[dtype]
    sigmoid, tanh = run("sigmoid", x), run("tanh", x)
    assert (sigmoid[x >= told.one] == 1).all()
    assert (sigmoid[x <= told.zero] == 0).all()
    assert (np.abs(tanh)[np.abs(x) >= told.saturated] == 1).all()
    assert (run("exp", x)[x <= told.zero] == 0).all()
    assert (run("softplus", x)[x <= told.zero] == 0).all()
    assert (run("exp", 0 * x) == 1).all()
    np.testing.assert_array_equal(run("logsigmoid", x), -run("softplus", -x))
    small = np.abs(x) <= told.identity
    np.testing.assert_array_equal(tanh[small], x[small])
    assert small.sum() > 1000


@pytest.mark.parametrize("word", TOLD)
def test_half_of_what_is_assumed_would_be_seen_to_fail(word, float64):
    assert errors(word, samples("float32", 200_000)).max() > getattr(ACCURACIES["float32"], TOLD[word]) / 2


@given(st.floats(width=64, allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_nearest_is_the_rounding_of_float32(value):
    if abs(value) >= 2.0**-126 or value == 0:
        assert float(nearest(arb(value), 24)) == float(np.float32(value))
