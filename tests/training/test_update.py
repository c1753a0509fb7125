"""One step of learning against PyTorch: the same weights, losses, gradients and Adam, in float64.

Every way of updating is a different loop in PyTorch, written here by hand; after several updates the weights
must agree. A planted fault (a gradient that flows where it must not) is seen to be caught.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.engine.initialise import build
from holdfast.tasks.echo import Echo
from holdfast.training.learner import Learner, drawing, learn, transformation
from holdfast.training.rules.batch import gradient
from holdfast.training.settings import Settings
from tests.training.twin import RATE, SEQUENCES, UNITS, assert_same, torch_trains


def settings(**changes):
    base = {"task": Echo(sequences=SEQUENCES), "cell": "lstm", "units": UNITS, "clip": None, "learning_rate": RATE}
    return Settings(**{**base, **changes})


def ours(chosen: Settings, batches: int):
    network = build("lstm", inputs=5, units=UNITS, outputs=5, dtype=jnp.float64, seed=3)
    zero = jnp.zeros((), jnp.uint32)
    learner = Learner(network, transformation(chosen).init(network), zero, zero, jnp.zeros((), jnp.int32))
    return network, jax.jit(learn(chosen))(learner, batches).network


@pytest.mark.parametrize(
    ("way", "changes"),
    [
        ("step", {}),
        ("sequence", {}),
        ("batch", {}),
        ("sequence", {"truncate": 2}),
        ("sequence", {"truncate": 3}),
        ("sequence", {"clip": 0.05}),
    ],
)
def test_twelve_updates_agree_with_pytorch(float64, way, changes):
    before, after = ours(settings(update=way, **changes), 12)
    twin = torch_trains(before, way, 12, truncate=changes.get("truncate"), clip=changes.get("clip"))
    assert np.abs(np.asarray(after.readout.matrix) - np.asarray(before.readout.matrix)).max() > 0.1
    assert_same(after, twin)


def test_a_gradient_through_time_where_there_is_to_be_none_is_seen(float64):
    before, after = ours(settings(update="sequence"), 12)
    with pytest.raises(AssertionError):
        assert_same(after, torch_trains(before, "sequence", 12, truncate=1))


def test_padded_steps_and_unscored_steps_change_nothing(float64):
    """A shorter sequence beside a longer one trains as it does alone."""
    longer, shorter = ("a", "b", "c", "d", "e"), ("b", "a", "c")
    together = Echo(sequences=(shorter, longer))
    for way in ("step", "sequence"):
        with_padding = settings(task=together, update=way)
        before, after = ours(with_padding, 1)
        trimmed = np.asarray(together.examples().present[0]).sum()
        assert trimmed == 2
        assert together.longest == 4
        _, by_hand = one_short_sequence(with_padding, before, together)
        for got, expected in zip(jax.tree.leaves(after), jax.tree.leaves(by_hand), strict=True):
            np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=0, atol=1e-12)


def one_short_sequence(chosen, network, task):
    """One pass over the first row, cut to its own length, by the gradient of a loss written out here."""
    import optax

    rows = task.examples()
    inputs, targets = rows.inputs[:1, :2], rows.targets[:1, :2]
    adapt = transformation(chosen)
    state = adapt.init(network)
    from holdfast.engine.unroll import unroll

    def loss(network, x, y, carried):
        outputs, carried = unroll(network, x, carried)
        return optax.sigmoid_binary_cross_entropy(outputs, y).mean(), carried

    pieces = [slice(0, 1), slice(1, 2)] if chosen.update == "step" else [slice(0, 2)]
    carried = network.start(1)
    for piece in pieces:
        gradient, carried = jax.grad(loss, has_aux=True)(network, inputs[:, piece], targets[:, piece], carried)
        changes, state = adapt.update(gradient, state)
        network = optax.apply_updates(network, changes)
    return state, network


def test_shuffled_order_reads_every_sequence_once_per_epoch():
    chosen = settings(task=Echo(sequences=tuple((s, "x", s) for s in "abcd")), update="sequence", order="shuffled")
    draw = jax.jit(drawing(chosen, jnp.uint32(0), jnp.uint32(0)))
    firsts = [int(draw(jnp.int32(n)).inputs[0, 0].argmax()) for n in range(40)]
    epochs = [tuple(firsts[i : i + 4]) for i in range(0, 40, 4)]
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in epochs)
    assert len(set(epochs)) > 3


def test_a_task_that_scores_a_step_before_it_said_is_refused_in_words(offenders):
    with pytest.raises(BadValue) as caught:
        gradient(Settings(tasks.get("asks_early")(), units=UNITS))
    assert caught.value.message == ("asks_early: its 'asked_from' is 2 (from 0), but it scores an earlier step.")
    assert caught.value.fix == "Set 'asked_from' to the first step, from 0, at which any row is scored."
