"""``holdfast.testing``: what is right passes, and each planted fault is named."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import holdfast
from holdfast.models.answers import from_function
from holdfast.plugins import model_laws
from holdfast.tasks.recall import Recall


def test_a_cell_of_the_package_keeps_every_law():
    found = holdfast.testing.check_cell("irnn")
    assert {one.check for one in found} >= {"gradient", "bounds", "scan", "chunks", "singles", "padding", "reset"}
    assert not any(one.fails for one in found)


def test_a_task_whose_oracle_is_wrong_is_named():
    class WrongRecall(Recall):
        def oracle(self, inputs):
            return super().oracle(inputs) + 1

    assert not any(one.fails for one in holdfast.testing.check_task(Recall(steps=3), rows=200))
    with pytest.raises(AssertionError, match=r"oracle: "):
        holdfast.testing.check_task(WrongRecall(steps=3), rows=200)


def test_models_of_every_level_pass():
    network = holdfast.build("gru", inputs=2, units=3, outputs=1)
    steps = holdfast.from_steps(lambda n: jnp.zeros((n, 2)), lambda s, x: (0.5 * s + x, 0.5 * s + x), inputs=2)
    for model in (network, steps):
        found = holdfast.testing.check_model(model)
        assert {one.verdict for one in found} == {"passes"}
        assert {one.check for one in found} == {"outputs", "scan", "chunks", "singles", "padding", "reset"}
    found = holdfast.testing.check_model(lambda x: np.cumsum(x, 1), inputs=2)
    assert {one.check for one in found if one.verdict == "not checked"} == {"scan", "chunks"}
    with pytest.raises(holdfast.Problem, match="how many inputs"):
        holdfast.testing.check_model(lambda x: x)


class Stateful:
    """Keeps its state between calls, as a stateful layer of Keras does; the first calls, which look at the sizes, do
    not show it."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return np.cumsum(x, 1) + max(0, self.calls - 3) * 0.01


@pytest.mark.parametrize(
    ("function", "law"),
    [
        (Stateful(), "reset: the same sequences read a second time"),
        (lambda x: x - x.mean(0, keepdims=True) if len(x) == 3 else x, "singles: row 1 alone and among others"),
        (lambda x: np.full_like(x, np.nan), "outputs: an output is no finite number"),
    ],
)
def test_a_planted_fault_of_a_function_is_named(function, law):
    model = from_function(function, inputs=1, has_gradients=False, name="a faulty function")
    with pytest.raises(AssertionError, match=f"a faulty function: .*{law}"):
        holdfast.testing.check_model(model)


def test_a_step_that_counts_on_padding_or_on_the_first_row_is_named():
    def step(state, x):
        mixed = state + x - (x.mean(0) if x.shape[0] == 3 else 0.0)
        return mixed, mixed

    model = holdfast.from_steps(lambda n: jnp.zeros((n, 1)), step, inputs=1)
    with pytest.raises(AssertionError, match="singles: row 1"):
        holdfast.testing.check_model(model)


def test_padding_that_is_read_is_named(monkeypatch):
    """A function of the whole sequence, called with the padding."""
    model = from_function(lambda x: x + x.sum(1, keepdims=True), inputs=1, has_gradients=False, name="a sum")
    assert holdfast.testing.check_model(model)
    outputs = model_laws._outputs
    monkeypatch.setattr(model_laws, "_outputs", lambda model, inputs, present=None: outputs(model, inputs))
    with pytest.raises(AssertionError, match="a sum: padding: row 2 of 4 steps"):
        holdfast.testing.check_model(model)


def test_a_start_that_differs_is_named():
    keys = iter(range(1000))

    def start(batch):
        return jax.random.normal(jax.random.key(next(keys)), (batch, 1))

    model = holdfast.from_steps(start, lambda s, x: (s + x, s + x), inputs=1)
    with pytest.raises(AssertionError, match="reset: the same sequences"):
        holdfast.testing.check_model(model)
