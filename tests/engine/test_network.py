"""A network's weights by gate: what is put is what is read, nothing else moves, and sizes are what was asked for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.core.errors import UnknownName
from holdfast.engine.network import create
from tests.networks import random_network


def test_a_gate_that_is_put_is_read_again_and_no_other_changes(float64):
    old = random_network("lstm").layers[0]["x"]
    matrix, bias = jnp.full((2, 3), 7.0), jnp.full(3, 8.0)
    new = old.put("forget", matrix, bias)
    assert (new.of("forget")[0] == matrix).all()
    assert (new.of("forget")[1] == bias).all()
    for gate in ("input", "candidate", "output"):
        assert (new.of(gate)[0] == old.of(gate)[0]).all()
        assert (new.of(gate)[1] == old.of(gate)[1]).all()


def test_the_matrix_and_the_bias_are_put_apart(float64):
    old = random_network("gru").layers[0]["h"]
    assert (old.put("reset", bias=jnp.ones(3)).matrix == old.matrix).all()
    assert (old.put("reset", matrix=jnp.ones((3, 3))).bias == old.bias).all()


def test_gates_lie_side_by_side_in_their_order(float64):
    linear = random_network("lstm").layers[0]["x"]
    assert (np.concatenate([linear.of(gate)[0] for gate in linear.gates], 1) == linear.matrix).all()
    assert linear.gates == ("input", "forget", "candidate", "output")


def test_a_map_without_a_bias_has_none_and_takes_none():
    linear = create("lstm", 2, 3, 1).layers[0]["h"]
    assert linear.of("forget")[1] is None
    with pytest.raises(AssertionError, match="this map has no bias, so forget cannot be given one"):
        linear.put("forget", bias=jnp.ones(3))


def test_sizes_are_what_was_asked_for_in_every_layer():
    network = create("gru", inputs=2, units=3, outputs=4, layers=2, dtype=jnp.float16)
    assert (network.inputs, network.units, network.outputs, len(network.layers)) == (2, 3, 4, 2)
    assert [layer["x"].matrix.shape for layer in network.layers] == [(2, 9), (3, 9)]
    assert [layer["h"].bias.shape for layer in network.layers] == [(9,), (9,)]
    assert network.readout.matrix.shape == (3, 4)
    assert all(leaf.dtype == jnp.float16 and not leaf.any() for leaf in jax.tree.leaves(network))
    assert network.dtype == jnp.float16


def test_the_first_state_is_zero_by_name_for_every_layer(float64):
    first, second = random_network("lstm", layers=2).start(5)
    assert first._fields == second._fields == ("h", "c")
    assert all(part.shape == (5, 3) and part.dtype == jnp.float64 and not part.any() for part in (*first, *second))


def test_a_cell_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UnknownName) as caught:
        create("lstn", 1, 1, 1)
    assert caught.value.message.startswith("there is no cell named 'lstn'; there are: ")
    assert caught.value.fix == "Did you mean 'lstm'?"


def test_a_network_is_a_tree_of_its_weights_alone():
    network = create("elman", 2, 3, 1)
    leaves, shape = jax.tree.flatten(network)
    assert [leaf.shape for leaf in leaves] == [(3, 3), (2, 3), (3,), (3, 1), (1,)]
    assert shape.unflatten(leaves).cell_name == "elman"
