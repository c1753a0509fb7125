"""Cells whose gates read the input alone, in the compiled library: what the loop gives, of every size, in batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.native.gated import MOST_INPUTS
from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network, random_state, randomised

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def loss(network, inputs, start, present, engine):
    outputs, last = unroll(network, inputs, start, present=present, engine=engine)
    return jnp.square(outputs).sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(last))


def same(found, wanted, tolerance):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(b).max(initial=0))))


@pytest.mark.parametrize(
    ("inputs", "units", "batch", "steps", "masked"),
    [
        (1, 8, 1, 40, False),
        (2, 16, 3, 9, False),
        (2, 16, 3, 9, True),
        (3, 33, 2, 5, True),
        (MOST_INPUTS, 70, 2, 4, False),
        (MOST_INPUTS + 1, 20, 3, 6, True),
        (1, 130, 4, 130, True),
    ],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-4)])
def test_every_size_is_what_the_loop_gives(inputs, units, batch, steps, masked, dtype, tolerance):
    with jax.enable_x64(dtype == "float64"):
        network = random_network("mingru", inputs=inputs, units=units, dtype=jnp.dtype(dtype))
        x, start = numbers(batch, steps, inputs, dtype=jnp.dtype(dtype)), random_state(network, batch)
        act = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)), static_argnames="engine")
        present = jnp.asarray(np.random.default_rng(0).random((batch, steps)) < 0.7) if masked else None
        found, wanted = (act(network, x, start, present, engine=engine) for engine in ("parallel", "loop"))
        same(found, wanted, tolerance)


def test_networks_side_by_side_are_each_as_alone(float64):
    networks = [randomised(random_network("mingru", inputs=2, units=5), seed) for seed in range(3)]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *networks)
    x = numbers(4, 6, 2)

    def slope(network):
        return jax.value_and_grad(loss)(network, x, None, None, "parallel")

    found = jax.jit(jax.vmap(slope))(together)
    for n, network in enumerate(networks):
        same(jax.tree.map(lambda leaf, n=n: leaf[n], found), slope(network), 1e-13)


def test_a_sequence_gets_the_same_bits_alone_or_in_a_batch():
    network, x = random_network("mingru", units=20, dtype=jnp.float32), numbers(5, 300, 2, dtype=jnp.float32)
    whole = unroll(network, x, engine="parallel", read_from=299)[1][0].h
    for row in range(5):
        np.testing.assert_array_equal(unroll(network, x[row : row + 1], engine="parallel")[1][0].h[0], whole[row])
