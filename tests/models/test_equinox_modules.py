"""Modules of Equinox are opened where they are made of standard parts, and compute as Equinox does."""

from __future__ import annotations

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.errors import BadValue
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace
from holdfast.exchange.adapters import as_model, equinox
from holdfast.models.answers import Answers
from holdfast.models.levels import level_of, outputs_of
from holdfast.models.steps import Steps

pytestmark = pytest.mark.usefixtures("quick_to_compile")
INPUTS, UNITS = 2, 3
KEYS = jax.random.split(jax.random.key(2), 9)


class Scanned(eqx.Module):
    """Cells scanned over one sequence [time, input], and parts above."""

    cells: list
    above: list
    every_step: bool = True

    def __call__(self, x):
        for cell in self.cells:
            zeros = jnp.zeros(cell.hidden_size)

            def step(state, one, cell=cell):
                state = cell(one, state)
                return state, state[0] if isinstance(state, tuple) else state

            _, x = jax.lax.scan(step, (zeros, zeros) if isinstance(cell, eqx.nn.LSTMCell) else zeros, x)
        for part in self.above:
            x = jax.vmap(part)(x)
        return x if self.every_step else x[-1]


class Symbols(eqx.Module):
    embedding: eqx.nn.Embedding
    rest: Scanned

    def __call__(self, x):
        return self.rest(jax.vmap(self.embedding)(x))


class Batched(eqx.Module):
    rest: Scanned

    def __call__(self, x):
        assert x.ndim == 3
        return jax.vmap(self.rest)(x)


def lstm(inputs=INPUTS, **words):
    return eqx.nn.LSTMCell(inputs, UNITS, key=KEYS[0], **words)


def gru(inputs=INPUTS, **words):
    return eqx.nn.GRUCell(inputs, UNITS, key=KEYS[1], **words)


def linear(a=UNITS, b=2):
    return eqx.nn.Linear(a, b, key=KEYS[2])


def some_inputs() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((2, 6, INPUTS)).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "cell", "function"),
    [
        (lambda: Scanned([lstm()], [linear()]), "lstm", ""),
        (lambda: Scanned([lstm(), lstm(UNITS)], [eqx.nn.Dropout(0.0), linear(), jax.nn.sigmoid]), "lstm", "sigmoid"),
        (lambda: Scanned([gru()], [linear(UNITS, 4), jax.nn.relu, linear(4, 2), jax.nn.softmax]), "gru", "softmax"),
        (lambda: Scanned([gru(use_bias=False)], [eqx.nn.MLP(UNITS, 2, 5, 2, key=KEYS[3])]), "gru", ""),
        (lambda: Batched(Scanned([gru()], [])), "gru", ""),
    ],
    ids=["LSTM", "two LSTM, sigmoid", "hidden layer, softmax", "GRU without bias, MLP", "of batches"],
)
def test_standard_parts_are_opened_and_compute_as_equinox_does(make, cell, function):
    module, x = make(), some_inputs()
    opened = as_model(module, inputs=INPUTS)
    assert level_of(opened) == "opened", getattr(opened, "why_not_opened", "")
    assert isinstance(opened, Network)
    assert (opened.cell_name, opened.output_function) == (cell, function)
    expected = module(x) if isinstance(module, Batched) else jax.vmap(module)(x)
    np.testing.assert_allclose(outputs_of(opened, x), expected, rtol=0, atol=1e-6)


def test_the_gates_are_those_of_equinox():
    module = Scanned([lstm()], [linear()])
    opened = as_model(module, inputs=INPUTS)
    assert isinstance(opened, Network)
    for place, gate in enumerate(("input", "forget", "candidate", "output")):
        for source, theirs in (("x", module.cells[0].weight_ih), ("h", module.cells[0].weight_hh)):
            map_ = opened.layers[0][source]
            ours = np.asarray(map_.matrix)[:, map_.columns(gate)]
            np.testing.assert_array_equal(ours, np.asarray(theirs)[place * UNITS : (place + 1) * UNITS].T)


@pytest.mark.parametrize(
    ("cell", "names"), [(lstm, ("input", "forget", "candidate", "output")), (gru, ("reset", "update"))]
)
def test_gates_have_the_values_that_equinox_computes(cell, names):
    module, x = Scanned([cell()], []), some_inputs()
    hidden = jax.vmap(module)(x)
    before = jnp.concatenate([jnp.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
    own = module.cells[0]
    columns = jnp.split(x @ own.weight_ih.T + before @ own.weight_hh.T + own.bias, len(own.bias) // UNITS, -1)
    opened = trace(as_model(module, inputs=INPUTS), jnp.asarray(x)).gates[0]._asdict()
    for name, column in zip(names, columns, strict=False):
        gate = jnp.tanh(column) if name == "candidate" else jax.nn.sigmoid(column)
        np.testing.assert_allclose(opened[name], gate, rtol=0, atol=1e-6)


def test_a_module_that_answers_at_its_last_step_is_opened():
    module, x = Scanned([lstm()], [linear()], every_step=False), some_inputs()
    opened = as_model(module, inputs=INPUTS)
    assert isinstance(opened, Network), opened.why_not_opened
    np.testing.assert_allclose(outputs_of(opened, x)[:, -1], jax.vmap(module)(x), rtol=0, atol=1e-6)


def test_an_embedding_reads_symbols():
    module = Symbols(eqx.nn.Embedding(5, 4, key=KEYS[5]), Scanned([gru(4)], [linear()]))
    opened, symbols = as_model(module, inputs=5), np.random.default_rng(1).integers(5, size=(2, 6))
    assert isinstance(opened, Network), opened.why_not_opened
    np.testing.assert_allclose(outputs_of(opened, np.eye(5)[symbols]), jax.vmap(module)(symbols), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "level", "why"),
    [
        (lambda: Scanned([lstm(), gru(UNITS)], [linear()]), Steps, "its layers are of several kinds"),
        (lambda: Scanned([lstm()], [jnp.tanh, linear()]), Steps, "its read-out applies tanh"),
        (lambda: Scanned([lstm()], [eqx.nn.LayerNorm(UNITS)]), Answers, "it has a part that is not known here, Layer"),
        (lambda: Scanned([lstm()], [linear(), jnp.cos]), Answers, "its known parts alone compute other outputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_other_modules_are_used_at_their_level_and_say_why(make, level, why):
    module, x = make(), some_inputs()
    lower = as_model(module, inputs=INPUTS)
    assert type(lower) is level
    assert not isinstance(lower, Network)
    assert lower.why_not_opened.startswith(why)
    if isinstance(lower, Answers):
        assert lower.has_gradients
    np.testing.assert_allclose(outputs_of(lower, x), jax.vmap(module)(x), rtol=0, atol=1e-6)


def test_gates_in_another_order_are_noticed(monkeypatch):
    monkeypatch.setitem(equinox.ORDERS, "lstm", ("input", "forget", "output", "candidate"))
    lower = as_model(Scanned([lstm()], []), inputs=INPUTS)
    assert isinstance(lower, Answers)
    assert "its known parts alone compute other outputs" in lower.why_not_opened


class Random(eqx.Module):
    weight: jax.Array

    def __call__(self, x):
        return x + np.random.default_rng().standard_normal(x.shape)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Scanned([lstm()], [eqx.nn.Dropout(0.5)]), "is in training mode, which changes the outputs of Dropout"),
        (lambda: Scanned([lstm(dtype=jnp.float16)], []), "has float16 numbers, expected float32 or float64"),
        (lambda: Scanned([lstm(5)], []), "called with the shape [2, 3, 2]"),
        (lambda: eqx.filter_eval_shape(lambda: Scanned([lstm()], [])), "has shapes in place of weights"),
        (lambda: Symbols(eqx.nn.Embedding(5, 4, key=KEYS[5]), Scanned([gru(4)], [])), "an Embedding of 5 symbols"),
        (lambda: linear(5), "called with the shape [2, 3, 2]"),
    ],
    ids=["training", "float16", "inputs", "no weights", "symbols", "no sequence"],
)
def test_bad_modules_get_one_clear_message(make, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        as_model(make(), inputs=INPUTS)
