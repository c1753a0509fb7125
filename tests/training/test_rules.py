"""Update rules against each other and against PyTorch, in float64."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.engine.initialise import build
from holdfast.tasks.copy import Copy
from holdfast.tasks.echo import Echo
from holdfast.tasks.recall import Recall
from holdfast.training.learner import Learner, learn, transformation
from holdfast.training.settings import Settings

SEQUENCES = (("a", "b", "c"), ("b", "a", "c"))


def learned(settings: Settings, batches: int):
    task = settings.task
    network = build(settings.cell, inputs=task.inputs, units=settings.units, outputs=task.outputs, dtype=jnp.float64)
    zero = jnp.zeros((), jnp.uint32)
    learner = Learner(network, transformation(settings).init(network), zero, zero, jnp.zeros((), jnp.int32))
    return network, jax.jit(learn(settings))(learner, batches).network


@pytest.mark.parametrize("cell", ["elman", "lstm"])
@pytest.mark.parametrize("batch", [1, 3])
def test_where_only_the_last_step_is_asked_for_online_is_the_gradient_through_all_of_them(float64, cell, batch):
    """No weight has changed before: both rules follow the same gradient."""
    base = Settings(Recall(steps=5), cell, 3, batch=batch, update="online", clip=None, engine="loop")
    _, online = learned(base, 4)
    before, whole = learned(Settings(Recall(steps=5), cell, 3, batch=batch, clip=None, engine="loop"), 4)
    for got, expected, old in zip(*map(jax.tree.leaves, (online, whole, before)), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=0, atol=1e-12)
        assert np.abs(np.asarray(got) - np.asarray(old)).max() > 1e-3


def test_weights_that_change_on_the_way_agree_with_pytorch(float64):
    """Each step is differentiated at the weights with which it was taken: w_0 + d, ..., w_t + d by d, at d = 0."""
    task = Echo(sequences=SEQUENCES)
    settings = Settings(task, "elman", 3, update="online", optimiser="sgd+momentum=0", learning_rate=0.3, clip=None)
    before, after = learned(settings, 2)
    rows, size = task.examples(), task.inputs
    torch.set_default_dtype(torch.float64)
    try:
        layer = before.layers[0]
        weights = [layer["x"].matrix, layer["x"].bias, layer["h"].matrix, before.readout.matrix, before.readout.bias]
        now = [torch.tensor(np.array(a)) for a in weights]
        for row in range(2):
            x, y = (torch.tensor(np.array(a[row], float)) for a in (rows.inputs, rows.targets))
            taken = []
            for t in range(x.shape[0]):
                taken.append(now)
                moved = [torch.zeros_like(w, requires_grad=True) for w in now]
                h = torch.zeros(3)
                for past, used in enumerate(taken):
                    wx, b, wh, ro, rb = (w + d for w, d in zip(used, moved, strict=True))
                    h = torch.tanh(x[past] @ wx + b + h @ wh)
                loss = torch.nn.functional.binary_cross_entropy_with_logits(h @ ro + rb, y[t])
                now = [w - 0.3 * g for w, g in zip(now, torch.autograd.grad(loss, moved), strict=True)]
        assert size == 3
    finally:
        torch.set_default_dtype(torch.float32)
    layer = after.layers[0]
    ours = [layer["x"].matrix, layer["x"].bias, layer["h"].matrix, after.readout.matrix, after.readout.bias]
    for got, expected in zip(ours, now, strict=True):
        np.testing.assert_allclose(np.asarray(got), expected.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("update", ["online", "step"])
def test_padding_behind_a_sequence_changes_nothing(float64, update):
    task = Echo(sequences=(("b", "a", "c"), ("a", "b", "c", "d", "e")))
    settings = Settings(task, "elman", 3, update=update, clip=None)
    network = build("elman", inputs=task.inputs, units=3, outputs=task.outputs, dtype=jnp.float64)
    zero = jnp.zeros((), jnp.uint32)
    learner = Learner(network, transformation(settings).init(network), zero, zero, jnp.zeros((), jnp.int32))
    padded = task.examples().take(slice(0, 1))
    cut = jax.tree.map(lambda a: a[:, :2], padded)
    assert padded.present.tolist() == [[True, True, False, False]]
    learned = [settings.rule.absorbing(settings)(learner, batch).network for batch in (padded, cut)]
    for got, expected in zip(*map(jax.tree.leaves, learned), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=0, atol=1e-15)


def test_online_learns_a_task_that_asks_at_many_steps():
    from holdfast.training.loop import train_networks

    task = Copy(steps=2, lag=1, variant="reals", tolerance=0.3)
    settings = Settings(task, "elman", 8, update="online", batch=8, budget=4000, check_every=1000, seeds=2)
    done = train_networks(settings)
    assert all(o.loss < 0.2 for o in done.outcomes), done.outcomes
