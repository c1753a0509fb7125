"""Models of Keras are opened where their layers are standard parts, and compute as Keras does."""

from __future__ import annotations

import os
import re

import jax.numpy as jnp
import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras

from holdfast.core.errors import BadValue
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace
from holdfast.exchange import _keras_parts
from holdfast.exchange.adapters import as_model
from holdfast.models.answers import Answers
from holdfast.models.levels import level_of, outputs_of
from holdfast.models.steps import Steps

pytestmark = [
    pytest.mark.usefixtures("quick_to_compile"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]
LAYERS = keras.layers
EVERY = {"return_sequences": True}


def model(*layers, shape=(None, None, 2)) -> keras.Model:
    keras.utils.set_random_seed(4)
    return keras.Sequential([keras.Input(batch_shape=shape), *layers])


def some_inputs() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((2, 6, 2)).astype(np.float32)


def answered(made: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(made(x, training=False))


@pytest.mark.parametrize(
    "layers",
    [
        (LAYERS.GRU(3, **EVERY), LAYERS.TimeDistributed(LAYERS.Dense(2))),
        (LAYERS.LSTM(3, **EVERY), LAYERS.Dropout(0.5), LAYERS.LSTM(3, **EVERY), LAYERS.Dense(2, "sigmoid")),
        (LAYERS.SimpleRNN(3, activation="relu", **EVERY), LAYERS.Dense(4, "relu"), LAYERS.Dense(2, "softmax")),
    ],
    ids=["TimeDistributed", "two layers, sigmoid", "hidden layers, softmax"],
)
def test_standard_layers_are_opened_and_compute_as_keras_does(layers):
    made, x = model(*layers), some_inputs()
    opened = as_model(made, inputs=2)
    assert level_of(opened) == "opened", getattr(opened, "why_not_opened", "")
    np.testing.assert_allclose(outputs_of(opened, x), answered(made, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "names"), [(LAYERS.LSTM, ("input", "forget", "candidate", "output")), (LAYERS.GRU, ("update", "reset"))]
)
def test_gates_have_the_values_that_keras_computes(kind, names):
    made, x = model(kind(3, **EVERY)), some_inputs()
    kernel, recurrent, bias = (np.asarray(weight) for weight in made.layers[-1].weights)
    hidden = answered(made, x)
    before = np.concatenate([np.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
    sums = x @ kernel + before @ recurrent + bias.reshape(-1, kernel.shape[1]).sum(0)
    opened = trace(as_model(made, inputs=2), jnp.asarray(x)).gates[0]._asdict()
    for name, column in zip(names, np.split(sums, kernel.shape[1] // 3, -1), strict=False):
        gate = np.tanh(column) if name == "candidate" else 1 / (1 + np.exp(-column))
        np.testing.assert_allclose(opened[name], gate, rtol=0, atol=1e-6)


def test_the_tutorials_model_reads_one_step_at_a_time_and_keeps_its_states():
    """LSTM(20, stateful=True) and Dense(sigmoid), one step of one row for each call, as in the tutorial."""
    made = model(LAYERS.LSTM(20, stateful=True), LAYERS.Dense(2, activation="sigmoid"), shape=(1, 1, 2))
    x = some_inputs()[:1]
    expected = np.stack([answered(made, x[:, step : step + 1]) for step in range(6)], 1)
    held = [np.asarray(state) for state in made.layers[0].states]
    opened = as_model(made, inputs=2)
    assert isinstance(opened, Network)
    assert (opened.cell_name, opened.units, opened.output_function) == ("lstm", 20, "sigmoid")
    np.testing.assert_allclose(outputs_of(opened, x), expected, rtol=0, atol=1e-6)
    assert all(state.any() for state in held)
    for state, before in zip(made.layers[0].states, held, strict=True):
        np.testing.assert_array_equal(np.asarray(state), before)


def test_a_model_of_one_length_that_answers_at_its_last_step_is_opened():
    made, x = model(LAYERS.LSTM(3), LAYERS.Dense(1), shape=(None, 6, 2)), some_inputs()
    opened = as_model(made, inputs=2)
    assert isinstance(opened, Network), opened.why_not_opened
    np.testing.assert_allclose(outputs_of(opened, x)[:, -1], answered(made, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "level", "why"),
    [
        ((LAYERS.Masking(0.5), LAYERS.LSTM(3, **EVERY)), Steps, "it skips the steps that its mask leaves out"),
        ((LAYERS.GRU(3, reset_after=False, **EVERY),), Steps, "its reset gate acts before the recurrent product"),
        ((LAYERS.LSTM(3, recurrent_activation="hard_sigmoid", **EVERY),), Steps, "its gates are hard_sigmoid"),
        ((LAYERS.Bidirectional(LAYERS.LSTM(3, **EVERY)),), Answers, "it has a layer that is not known here, Bidir"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_models_are_used_at_their_level_and_say_why(layers, level, why):
    made, x = model(*layers, LAYERS.Dense(2)), some_inputs()
    x[0, 2] = 0.5
    lower = as_model(made, inputs=2)
    assert type(lower) is level
    assert not isinstance(lower, Network)
    assert lower.why_not_opened.startswith(why)
    np.testing.assert_allclose(outputs_of(lower, x), answered(made, x), rtol=0, atol=1e-6)


def test_gates_in_another_order_are_noticed(monkeypatch):
    monkeypatch.setitem(_keras_parts.ORDERS, "gru", ("reset", "update", "candidate"))
    lower = as_model(model(LAYERS.GRU(3, **EVERY), LAYERS.Dense(2)), inputs=2)
    assert isinstance(lower, Answers)
    assert "its known parts alone compute other outputs" in lower.why_not_opened


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: model(LAYERS.LSTM(3, **EVERY), shape=(None, None, 4)), "reads 4 inputs, expected 2"),
        (lambda: keras.Sequential([LAYERS.LSTM(3, **EVERY)]), "is not built for one input"),
        (lambda: model(LAYERS.LSTM(3, dtype="float16", **EVERY)), "computes in float16, expected float32 throughout"),
        (lambda: model(LAYERS.LSTM(3, dtype="mixed_float16", **EVERY)), "computes in float16 and float32, expected"),
        (lambda: keras.Sequential([keras.Input((None,)), LAYERS.Embedding(5, 3), LAYERS.LSTM(3)]), "of 5 symbols"),
    ],
)
def test_bad_models_get_one_clear_message(make, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        as_model(make(), inputs=2)
