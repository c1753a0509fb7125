"""Compiled programs are shared where they are the same, and only there."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast import cells
from holdfast.engine.initialise import build
from holdfast.engine.unroll import unroll
from holdfast.tasks.recall import Recall
from holdfast.train.programs import _Shared, programs
from holdfast.train.settings import Settings


def test_cells_with_weights_of_the_same_shapes_are_not_confused(monkeypatch):
    elman = build("elman", inputs=1, units=3, outputs=1)
    doubled = replace(elman, cell_name="doubled")

    def step(ops, weights, x, state):
        output, state, gates = cells.get("elman").step(ops, weights, x, state)
        return output * 2, state, gates

    kinds = {"elman": cells.get("elman"), "doubled": replace(cells.get("elman"), step=step)}
    monkeypatch.setattr("holdfast.engine.network.cells.get", kinds.__getitem__)
    shared = _Shared(lambda network, x: unroll(network, x)[0])
    x = jnp.ones((1, 4, 1))
    plain, twice = shared(elman, x), shared(doubled, x)
    np.testing.assert_allclose(np.asarray(twice), 2 * np.asarray(plain), rtol=1e-6)
    assert len(shared._compiled) == 2
    shared(elman, x)
    assert len(shared._compiled) == 2


def test_a_function_is_compiled_once_for_one_shape():
    traced = []
    shared = _Shared(lambda a: traced.append(a.shape) or a + 1)
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
