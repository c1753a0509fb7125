"""Modules of Flax NNX are opened where they are made of standard parts, and compute as Flax does."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from holdfast.core.errors import BadValue
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace
from holdfast.exchange.adapters import as_model, flax
from holdfast.models.answers import Answers
from holdfast.models.levels import level_of, outputs_of
from holdfast.models.steps import Steps

pytestmark = [
    pytest.mark.usefixtures("quick_to_compile"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flax"),
]
INPUTS, UNITS = 2, 3
NORM = nnx.LayerNorm(UNITS, rngs=nnx.Rngs(0))


class Chain(nnx.Module):
    """Parts one after the other, and functions between them."""

    def __init__(self, *parts):
        self.parts = nnx.List(parts)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x


class Loop(nnx.Module):
    """A cell in a Python loop, and outputs at the last step alone."""

    def __init__(self, rngs):
        self.cell = nnx.GRUCell(INPUTS, UNITS, rngs=rngs)
        self.head = nnx.Linear(UNITS, 1, rngs=rngs)

    def __call__(self, x):
        state = jnp.zeros((x.shape[0], UNITS))
        for step in range(x.shape[1]):
            state, _ = self.cell(state, x[:, step])
        return nnx.sigmoid(self.head(state))


def rngs() -> nnx.Rngs:
    return nnx.Rngs(3)


def moved(module: nnx.Module) -> nnx.Module:
    """The module in evaluation mode with random numbers in place of its biases of 0."""
    module.eval()
    graph, state = nnx.split(module)
    random = np.random.default_rng(7)
    new = jax.tree.map(lambda a: a + 0.3 * random.standard_normal(a.shape) if a.dtype == jnp.float32 else a, state)
    return nnx.merge(graph, jax.tree.map(lambda a, old: jnp.asarray(a, old.dtype), new, state))


def layer(cell, inputs=INPUTS, **words) -> nnx.RNN:
    return nnx.RNN(cell(inputs, UNITS, rngs=rngs(), **words))


def head(*sizes) -> list:
    return [nnx.Linear(a, b, rngs=rngs()) for a, b in zip((UNITS, *sizes), sizes, strict=False)]


def some_inputs() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((2, 6, INPUTS)).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "cell", "function"),
    [
        (lambda: Chain(layer(nnx.LSTMCell), *head(2)), "lstm", ""),
        (lambda: Chain(layer(nnx.OptimizedLSTMCell), nnx.Dropout(0.5, rngs=rngs()), *head(2)), "lstm", ""),
        (lambda: Chain(layer(nnx.GRUCell), layer(nnx.GRUCell, UNITS), *head(2), nnx.softmax), "gru", "softmax"),
        (lambda: Chain(layer(nnx.SimpleCell), *head(4, 2)[:1], nnx.relu, head(4, 2)[1]), "elman", ""),
        (lambda: Chain(layer(nnx.SimpleCell, activation_fn=nnx.relu), *head(2), nnx.sigmoid), "irnn", "sigmoid"),
        (lambda: Chain(nnx.Linear(INPUTS, 4, rngs=rngs()), layer(nnx.LSTMCell, 4)), "lstm", ""),
    ],
    ids=["LSTM", "optimized LSTM, dropout", "two GRU, softmax", "hidden layer", "relu, sigmoid", "linear below"],
)  # fmt: skip
def test_standard_parts_are_opened_and_compute_as_flax_does(make, cell, function):
    module, x = moved(make()), some_inputs()
    opened = as_model(module, inputs=INPUTS)
    assert level_of(opened) == "opened", getattr(opened, "why_not_opened", "")
    assert isinstance(opened, Network)
    assert (opened.cell_name, opened.output_function) == (cell, function)
    np.testing.assert_allclose(outputs_of(opened, x), module(x), rtol=0, atol=1e-6)


def test_the_gates_are_those_of_flax():
    module = moved(layer(nnx.LSTMCell))
    opened = as_model(module, inputs=INPUTS)
    assert isinstance(opened, Network)
    names = {"input": ("ii", "hi"), "forget": ("if_", "hf"), "candidate": ("ig", "hg"), "output": ("io", "ho")}
    for gate, (of_x, of_h) in names.items():
        for source, name in (("x", of_x), ("h", of_h)):
            linear = opened.layers[0][source]
            ours = np.asarray(linear.matrix)[:, linear.columns(gate)]
            np.testing.assert_array_equal(ours, getattr(module.cell, name).kernel[...])


@pytest.mark.parametrize(
    ("kind", "names"), [(nnx.LSTMCell, ("input", "forget", "candidate", "output")), (nnx.GRUCell, ("reset", "update"))]
)
def test_gates_have_the_values_that_flax_computes(kind, names):
    module, x = moved(layer(kind)), some_inputs()
    hidden = module(x)
    before = jnp.concatenate([jnp.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
    cell = module.cell
    if kind is nnx.LSTMCell:
        sums = [
            cell.ii(x) + cell.hi(before),
            cell.if_(x) + cell.hf(before),
            cell.ig(x) + cell.hg(before),
            cell.io(x) + cell.ho(before),
        ]
    else:
        sums = jnp.split(cell.dense_i(x) + cell.dense_h(before), 3, -1)
    opened = trace(as_model(module, inputs=INPUTS), jnp.asarray(x)).gates[0]._asdict()
    for name, column in zip(names, sums, strict=False):
        gate = jnp.tanh(column) if name == "candidate" else nnx.sigmoid(column)
        np.testing.assert_allclose(opened[name], gate, rtol=0, atol=1e-6)


def test_a_loop_over_a_cell_that_answers_at_its_last_step_is_opened():
    module, x = moved(Loop(rngs())), some_inputs()
    opened = as_model(module, inputs=INPUTS)
    assert isinstance(opened, Network), opened.why_not_opened
    np.testing.assert_allclose(outputs_of(opened, x)[:, -1], module(x), rtol=0, atol=1e-6)


def test_an_embedding_reads_symbols():
    module = moved(Chain(nnx.Embed(5, UNITS, rngs=rngs()), layer(nnx.LSTMCell, UNITS), *head(2)))
    opened, symbols = as_model(module, inputs=5), np.random.default_rng(1).integers(5, size=(2, 6))
    assert isinstance(opened, Network), opened.why_not_opened
    assert opened.embedding is not None
    np.testing.assert_allclose(outputs_of(opened, np.eye(5)[symbols]), module(symbols), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "level", "why"),
    [
        (lambda: Chain(layer(nnx.LSTMCell), layer(nnx.GRUCell, UNITS)), Steps, "its layers are of several kinds"),
        (lambda: Chain(layer(nnx.GRUCell, activation_fn=nnx.relu)), Steps, "its gru has relu, expected tanh"),
        (lambda: Chain(layer(nnx.LSTMCell), NORM), Answers, "it has a part that is not known here, LayerNorm"),
        (lambda: nnx.Bidirectional(layer(nnx.LSTMCell), layer(nnx.LSTMCell)), Answers, "it is bidirectional"),
        (lambda: Chain(layer(nnx.SimpleCell, residual=True)), Answers, "its SimpleCell has residual=True"),
        (lambda: Chain(layer(nnx.LSTMCell), jnp.cos), Answers, "its known parts alone compute other outputs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_other_modules_are_used_at_their_level_and_say_why(make, level, why):
    module, x = moved(make()), some_inputs()
    lower = as_model(module, inputs=INPUTS)
    assert type(lower) is level
    assert not isinstance(lower, Network)
    assert lower.why_not_opened.startswith(why)
    if isinstance(lower, Answers):
        assert lower.has_gradients
    np.testing.assert_allclose(outputs_of(lower, x), module(x), rtol=0, atol=1e-6)


def test_gates_in_another_order_are_noticed(monkeypatch):
    monkeypatch.setitem(flax.ORDERS, "gru", ("update", "reset", "candidate"))
    lower = as_model(moved(layer(nnx.GRUCell)), inputs=INPUTS)
    assert isinstance(lower, Answers)
    assert "its known parts alone compute other outputs" in lower.why_not_opened


class Counting(nnx.Module):
    def __init__(self):
        self.calls = nnx.Variable(jnp.zeros(()))

    def __call__(self, x):
        self.calls[...] += 1
        return x


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Chain(nnx.Dropout(0.5, rngs=rngs())), "is in training mode, which changes the outputs of Dropout"),
        (lambda: Chain(layer(nnx.LSTMCell, param_dtype=jnp.bfloat16)), "has bfloat16 numbers, expected float32"),
        (lambda: Chain(layer(nnx.LSTMCell, dtype=jnp.float16)), "has float16 and float32 numbers, expected float32"),
        (Counting, "changes its own variables when it is called: calls"),
        (lambda: Chain(layer(nnx.LSTMCell, 5)), "called with the shape [2, 3, 2]"),
        (lambda: Chain(lambda x: x.sum()), "gives outputs of the shape []"),
        (lambda: nnx.eval_shape(lambda: layer(nnx.LSTMCell)), "has shapes in place of weights"),
        (lambda: Chain(nnx.Embed(5, UNITS, rngs=rngs())), "has an Embedding of 5 symbols, but there are 2 inputs"),
    ],
    ids=["training", "bfloat16", "computes in float16", "side effect", "inputs", "shape", "no weights", "symbols"],
)  # fmt: skip
def test_bad_modules_get_one_clear_message(make, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        as_model(make(), inputs=INPUTS)
