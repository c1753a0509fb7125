"""Compiled programs are shared where they are the same, and only there."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.engine.initialise import build
from holdfast.engine.traced import TracedProgram
from holdfast.engine.unroll import unroll
from holdfast.tasks.recall import Recall
from holdfast.training.programs import Programs, _learning, kept_bytes, programs, together
from holdfast.training.settings import Settings


def test_cells_with_weights_of_the_same_shapes_are_not_confused(monkeypatch):
    elman = build("elman", inputs=1, units=3, outputs=1)
    doubled = replace(elman, cell_name="doubled")

    def step(ops, weights, x, state):
        output, state, gates = cells.get("elman").step(ops, weights, x, state)
        return output * 2, state, gates

    kinds = {"elman": cells.get("elman"), "doubled": replace(cells.get("elman"), step=step)}
    monkeypatch.setattr("holdfast.engine.network.resolve", kinds.__getitem__)
    shared = TracedProgram(lambda: lambda network, x: unroll(network, x)[0], lambda *_: 0, lambda *_: None)
    x = jnp.ones((1, 4, 1))
    plain, twice = shared(elman, x), shared(doubled, x)
    np.testing.assert_allclose(np.asarray(twice), 2 * np.asarray(plain), rtol=1e-6)
    assert len(shared._compiled) == 2
    shared(elman, x)
    assert len(shared._compiled) == 2


def test_a_function_is_compiled_once_for_one_shape():
    traced = []
    shared = TracedProgram(lambda: lambda a: traced.append(a.shape) or a + 1, lambda a: a, lambda a: None)
    for shape in ((2,), (2,), (3,)):
        shared(jnp.zeros(shape))
    assert traced == [(2,), (3,)]


def test_settings_that_are_equal_share_their_programs():
    one, same, other = (Settings(Recall(steps=2), units=n) for n in (2, 2, 3))
    assert programs(one) is programs(same)
    assert programs(one) is not programs(other)


@pytest.mark.parametrize("number", [0, 5])
def test_a_network_starts_the_same_beside_others_and_alone(number):
    made = programs(Settings(Recall(steps=2), units=2, seeds=8))
    alone = made.begin([number]).network
    beside = made.begin([number, number + 1]).network
    for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(beside), strict=True):
        assert np.array_equal(a[0], b[0])


@pytest.mark.parametrize(
    ("lanes", "each", "width"), [(8, 0, 8), (8, 3_000_000, 4), (32, 400_000, 16), (6, 4_000_000, 3), (5, 4_000_000, 1)]
)
def test_as_many_networks_learn_at_once_as_caches_hold_and_none_is_left_over(lanes, each, width):
    assert together(lanes, each) == width


def test_what_one_network_keeps_is_what_its_gradient_needs_and_nothing_where_the_library_is_not_used():
    settings = Settings(Recall(steps=100), units=32, engine="native")
    # At most four gates, the cell state and its tanh, of 32 rows; the hidden state is an output.
    assert 4 * 32 * 100 * 32 <= kept_bytes(settings) <= 4 * 6 * 32 * 100 * 32
    assert kept_bytes(replace(settings, engine="loop")) == kept_bytes(replace(settings, update="step")) == 0


def test_networks_learn_the_same_a_few_at_a_time(monkeypatch):
    settings = Settings(Recall(steps=4), cell="gru", units=4, seeds=4, engine="native")
    found = []
    for width in (4, 2, 1):
        monkeypatch.setattr("holdfast.training.programs.CACHED", width * kept_bytes(settings))
        _learning.cache_clear()
        made = Programs(settings)
        found.append(jax.tree.leaves(made.learn(made.begin([0, 1, 2, 3]), 5)))
    for one, other in zip(found[0], found[1], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(found[0], found[2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_rates_of_a_sweep_share_their_program_and_each_has_its_own_effect():
    slow, fast = (Settings(Recall(3), units=2, learning_rate=rate, seeds=1) for rate in (1e-3, 1e-2))
    assert programs(slow)._learn is programs(fast)._learn
    moved = []
    for settings in (slow, fast):
        before = programs(settings).begin([0])
        after = programs(settings).learn(before, 1)
        moved.append(float(np.abs(after.network.readout.matrix - before.network.readout.matrix).max()))
    # Adam's first step is the rate itself, whatever the gradient.
    np.testing.assert_allclose(moved, [1e-3, 1e-2], rtol=1e-2)
