"""One step of learning against PyTorch: the same weights, losses, gradients and Adam, in float64.

Every way of updating is a different loop in PyTorch, written here by hand; after several updates the weights
must agree. A planted fault (a gradient that flows where it must not) is seen to be caught.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast import tasks
from holdfast.core.errors import BadValue
from holdfast.engine.initialise import build
from holdfast.tasks.echo import Echo
from holdfast.train.learner import Learner, drawing, learn, transformation
from holdfast.train.optimisers import EPSILON
from holdfast.train.rules.batch import gradient
from holdfast.train.settings import Settings

SEQUENCES = (("3", "0", "1", "2", "3"), ("4", "0", "1", "2", "4"))
UNITS = 3


def settings(**changes):
    base = {"task": Echo(sequences=SEQUENCES), "cell": "lstm", "units": UNITS, "clip": None, "learning_rate": 0.05}
    return Settings(**{**base, **changes})


def ours(chosen: Settings, batches: int):
    network = build("lstm", inputs=5, units=UNITS, outputs=5, dtype=jnp.float64, seed=3)
    zero = jnp.zeros((), jnp.uint32)
    learner = Learner(network, transformation(chosen).init(network), zero, zero, jnp.zeros((), jnp.int32))
    return network, jax.jit(learn(chosen))(learner, batches).network


class Twin(torch.nn.Module):
    """The same network in PyTorch; its second bias is zero and never trained, since ours has one."""

    def __init__(self, network):
        super().__init__()
        self.lstm = torch.nn.LSTM(5, UNITS, batch_first=True, dtype=torch.float64)
        self.read = torch.nn.Linear(UNITS, 5, dtype=torch.float64)
        x, h = network.layers[0]["x"], network.layers[0]["h"]
        with torch.no_grad():
            for name, value in {
                "weight_ih_l0": np.asarray(x.matrix).T,
                "weight_hh_l0": np.asarray(h.matrix).T,
                "bias_ih_l0": np.asarray(x.bias),
                "bias_hh_l0": np.zeros(4 * UNITS),
            }.items():
                getattr(self.lstm, name).copy_(torch.tensor(value))
            self.read.weight.copy_(torch.tensor(np.asarray(network.readout.matrix).T))
            self.read.bias.copy_(torch.tensor(np.asarray(network.readout.bias)))
        self.lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, x, state=None):
        hidden, state = self.lstm(x, state)
        return self.read(hidden), state


def torch_trains(network, way: str, updates: int, rate: float = 0.05, truncate: int | None = None, clip=None):
    twin = Twin(network)
    adam = torch.optim.Adam([p for p in twin.parameters() if p.requires_grad], rate, eps=EPSILON)
    loss_of = torch.nn.BCEWithLogitsLoss()
    one_hot = torch.eye(5, dtype=torch.float64)
    numbers = torch.tensor([[int(s) for s in words] for words in SEQUENCES])
    inputs, targets = one_hot[numbers[:, :-1]], one_hot[numbers[:, 1:]]

    def change(loss):
        adam.zero_grad()
        loss.backward()
        if clip is not None:
            # torch.nn.utils.clip_grad_norm_ adds 1e-6 to the norm; the definition does not.
            norm = torch.sqrt(sum((p.grad**2).sum() for p in twin.parameters() if p.requires_grad))
            for p in twin.parameters():
                if p.requires_grad and norm > clip:
                    p.grad.mul_(clip / norm)
        adam.step()

    for update in range(updates):
        rows = slice(None) if way == "batch" else slice(update % 2, update % 2 + 1)
        x, y, state = inputs[rows], targets[rows], None
        if way == "step":
            for t in range(x.shape[1]):
                output, state = twin(x[:, t : t + 1], state)
                change(loss_of(output, y[:, t : t + 1]))
                state = tuple(s.detach() for s in state)
        elif truncate:
            outputs = []
            for start in range(0, x.shape[1], truncate):
                output, state = twin(x[:, start : start + truncate], state)
                state = tuple(s.detach() for s in state)
                outputs.append(output)
            change(loss_of(torch.cat(outputs, 1), y))
        else:
            change(loss_of(twin(x)[0], y))
    return twin


def assert_same(network, twin, tolerance=1e-9):
    for got, expected in (
        (network.layers[0]["x"].matrix, twin.lstm.weight_ih_l0.T),
        (network.layers[0]["h"].matrix, twin.lstm.weight_hh_l0.T),
        (network.layers[0]["x"].bias, twin.lstm.bias_ih_l0),
        (network.readout.matrix, twin.read.weight.T),
        (network.readout.bias, twin.read.bias),
    ):
        np.testing.assert_allclose(np.asarray(got), expected.detach().numpy(), rtol=0, atol=tolerance)


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
    assert caught.value.message == ("asks_early: it says that no step before 2 (from 0) is asked for, and scores one.")
    assert caught.value.fix == "Let 'asked_from' of the task be the first step, from 0, that any row is scored at."
