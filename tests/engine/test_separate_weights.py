"""Networks with weights of their own for every step, of any cell: step t uses those of step t; there are no more."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.core.errors import BadValue
from holdfast.engine import engines
from holdfast.engine.advance import advance
from holdfast.engine.engines import Request
from holdfast.engine.files import load, save
from holdfast.engine.network import create
from holdfast.engine.reach import reach
from holdfast.engine.unroll import trace, unroll
from holdfast.explanation import dynamics, perturbed_rollout
from holdfast.explanation.diagnostics import capacity, fixed_points, gradient_flow, noise_margin
from holdfast.explanation.interventions import interventions
from holdfast.explanation.state_snapshots import state_snapshots
from holdfast.explanation.subject import examine
from holdfast.tasks.recall import Recall
from holdfast.training.loop import train_networks
from holdfast.training.settings import Settings
from tests.networks import numbers, random_network, random_state

CLOSE = {"rtol": 0, "atol": 1e-12}
STEPS = 5


def step_by_step(network, inputs, state):
    """A loop of Python's, each step by a network of that step's weights: outputs and states after every step."""
    outputs, states = [], []
    for t in range(inputs.shape[1]):
        hidden, state, _ = advance(network.at(t), state, inputs[:, t])
        outputs.append(network.readout(hidden))
        states.append(state)
    return jnp.stack(outputs, 1), states


def close(one, other):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), one, other)


@pytest.mark.parametrize("cell", ["lstm", "peephole", "output_network"])
def test_step_t_uses_the_weights_of_step_t_forwards_and_backwards(cell, float64):
    network, inputs = random_network(cell, layers=2, steps=STEPS), numbers(2, STEPS, 2)
    start = random_state(network, 2)
    outputs, states = step_by_step(network, inputs, start)
    found = trace(network, inputs, start)
    close((found.outputs, found.state), (outputs, states[-1]))
    close(found.states, jax.tree.map(lambda *steps: jnp.stack(steps, 1), *states))
    close(unroll(network, inputs, start), (outputs, states[-1]))
    ours, theirs = (
        jax.grad(lambda n, run=run: (run(n)[0] * numbers(2, STEPS, 2, seed=7)).sum())(network)
        for run in (lambda n: unroll(n, inputs, start), lambda n: step_by_step(n, inputs, start))
    )
    close(ours, theirs)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_with_the_same_weights_at_every_step_it_is_the_network_that_shares_them(cell, float64):
    shared, inputs = random_network(cell, layers=2), numbers(2, STEPS, 2)
    layers = jax.tree.map(lambda a: jnp.broadcast_to(a, (STEPS, *a.shape)), shared.layers)
    network = shared.using(layers)
    assert (network.steps, shared.steps) == (STEPS, None)
    close(unroll(network, inputs), unroll(shared, inputs, engine="loop"))


def test_read_in_pieces_the_next_one_is_read_by_what_is_left(float64):
    network, inputs = random_network("lstm", layers=2, steps=STEPS), numbers(2, STEPS, 2)
    start = random_state(network, 2)
    first, state = unroll(network, inputs[:, :2], start)
    second, last = unroll(network.after(2), inputs[:, 2:], state)
    close((jnp.concatenate([first, second], 1), last), unroll(network, inputs, start))
    assert network.after(2).steps == 3
    assert random_network("lstm").after(2).steps is None


REFUSAL = "this lstm network has separate weights for 5 steps, not for"


def test_it_cannot_run_past_its_last_step(float64):
    network, inputs = random_network("lstm", steps=STEPS), numbers(2, STEPS + 1, 2)
    rows = jnp.asarray([[1, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 0]], bool)
    for run in (unroll, trace):
        with pytest.raises(BadValue, match=REFUSAL):
            run(network, inputs)
        with pytest.raises(BadValue, match=REFUSAL):
            run(network, inputs, present=rows.at[1, 5].set(True))
    outputs, state = unroll(network, inputs, present=rows)
    close(outputs[0, 3:5], unroll(network, inputs[:, :5], present=rows[:, :5])[0][0, 3:5])
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))


def test_past_the_last_step_a_compiled_program_that_cannot_know_gives_no_numbers(float64):
    network, inputs = random_network("lstm", steps=STEPS), numbers(2, STEPS + 1, 2)
    outputs, _ = jax.jit(lambda here: unroll(network, inputs, present=here))(jnp.ones((2, STEPS + 1), bool))
    assert np.isfinite(outputs[:, :STEPS]).all()
    assert np.isnan(outputs[:, STEPS]).all()


def test_the_file_says_for_how_many_steps_there_are_weights(tmp_path):
    network = create("gru", 2, 3, 2, layers=2, steps=7)
    save(network, tmp_path / "net.safetensors")
    again, _ = load(tmp_path / "net.safetensors")
    assert again.steps == 7
    assert again.layers[1]["h"].of("update")[0].shape == (7, 3, 3)
    assert jax.tree.structure(again) == jax.tree.structure(network)
    assert sum(leaf.size for leaf in jax.tree.leaves(again.layers[0])) == cells.get("gru").parameters(2, 3, 7)


def test_there_are_no_kernels_for_it():
    network = random_network("lstm", dtype=jnp.float32, steps=STEPS)
    with pytest.raises(BadValue, match="it computes with one set of weights for all steps"):
        unroll(network, numbers(1, 2, 2, dtype=jnp.float32), engine="native")
    assert engines.chosen("auto", Request(network.cell, shared_weights=False)) == "loop"
    minimal = random_network("mingru", dtype=jnp.float32, steps=STEPS)
    with pytest.raises(BadValue, match="'parallel' cannot be used: it computes with one set of weights"):
        unroll(minimal, numbers(1, 2, 2, dtype=jnp.float32), engine="parallel")


TASK = Recall(steps=STEPS)


@pytest.fixture(scope="module")
def subject():
    return examine(random_network("lstm", 1, 3, 1, layers=2, dtype=jnp.float32, steps=STEPS), TASK, rows=4)


def test_one_step_derivatives_are_those_of_each_steps_own_weights(subject, float64):
    found, exact = subject.jacobians, dynamics.in_float64(subject.network)
    for row, t in ((0, 0), (1, 3)):
        before = np.concatenate([subject.before[layer][name][row, t] for layer, name in found.places])
        wanted = dynamics.jacobian(exact.at(t), jnp.asarray(before), jnp.asarray(subject.inputs[row, t]))
        np.testing.assert_allclose(found.state[row, t], wanted, atol=1e-12)
    loss = lambda y: y[:, -1].sum()  # noqa: E731
    states = reach(exact, loss, jnp.asarray(subject.inputs)).states
    (first,) = jax.vjp(lambda s: unroll(exact, jnp.asarray(subject.inputs), s)[0][:, -1].sum(), exact.start(4))[1](1.0)
    close(jax.tree.map(lambda a: a[0], states), first)
    assert gradient_flow.measure(subject).figures["verdict"] is not None


def test_probes_and_interventions_run_each_step_with_its_own_weights(subject):
    states = np.concatenate([a for layer in subject.states for a in layer.values()], -1)
    found = state_snapshots(subject.network, subject.batch, np.array([1, 4]))
    np.testing.assert_allclose(found, np.moveaxis(states[:, [1, 4]], 1, 0), atol=1e-6)
    made = interventions(subject)
    nothing = np.zeros((1, made.units), bool)
    np.testing.assert_allclose(made.emptied(nothing)[0], made.answers, atol=1e-6)
    _, _, by_input = made.after_one_step(seed=0)
    network, inputs = subject.network, jnp.asarray(subject.inputs, jnp.float32)
    drawn = np.random.default_rng(0).integers(0, made.rows * STEPS, made.rows * STEPS).reshape(made.rows, STEPS)
    elsewhere = inputs.reshape(-1, 1)[drawn]
    for t in range(STEPS):
        held = ({n: jnp.asarray(a[:, t], jnp.float32) for n, a in layer.items()} for layer in subject.before)
        state = tuple(network.cell.state_type(**layer) for layer in held)
        one, other = (
            np.concatenate([layer.c for layer in advance(network.at(t), state, x)[1]], -1)
            for x in (inputs[:, t], elsewhere[:, t])
        )
        np.testing.assert_allclose(by_input[:, t], other - one, atol=1e-6)


@pytest.mark.parametrize("diagnostic", [capacity, fixed_points, noise_margin])
def test_what_asks_about_one_map_says_that_there_is_none(diagnostic, subject):
    assert diagnostic.measure(subject).figures["reason"] == dynamics.TIMELESS
    assert perturbed_rollout.columns(subject.network) == 24


@pytest.mark.parametrize("update", ["step", "sequence", "batch", "online"])
def test_it_is_trained_on_as_many_steps_as_the_longest_row_has(update):
    settings = Settings(Recall(steps=3), units=2, weights="per_step", update=update, budget=40, seeds=1, stop="budget")
    begun = Settings(**{**settings.__dict__, "budget": 1})
    network, first = (train_networks(s, threads=1).networks[0] for s in (settings, begun))
    assert network.steps == 3
    for ours, theirs in zip(jax.tree.leaves(network.layers), jax.tree.leaves(first.layers), strict=True):
        moved = np.abs(np.asarray(ours) - np.asarray(theirs)).reshape(3, -1).max(1)
        # With an update after every step no gradient comes to a step whose answer is not asked for.
        assert (moved[-1] > 0).all()
        assert (moved[:-1].max() > 0) == (update != "step")
    assert Settings.from_json(settings.as_json()) == settings
    assert "weights" not in Settings(Recall(steps=3)).identity()
