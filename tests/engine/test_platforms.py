"""Which engine a program has that is compiled for another platform than this one: no GPU is needed to see it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.native import library
from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network

pytestmark = pytest.mark.usefixtures("quick_to_compile")


def program(cell: str, engine: str, platform: str) -> str:
    """The gradient of a network's outputs, lowered for a platform."""
    assert library.ready().available
    network, inputs = random_network(cell, dtype=jnp.float32), numbers(3, 9, 2, dtype=jnp.float32)

    def loss(network):
        return jnp.square(unroll(network, inputs, engine=engine)[0]).sum()

    return jax.jit(jax.grad(loss)).trace(network).lower(lowering_platforms=(platform,)).as_text()


@pytest.mark.parametrize(("cell", "engine"), [("gru", "auto"), ("mingru", "parallel"), ("minlstm", "parallel")])
def test_kernels_are_for_processors_alone(cell, engine):
    assert "holdfast_" in program(cell, engine, "cpu")
    for platform in ("cuda", "rocm", "tpu"):
        text = program(cell, engine, platform)
        assert "holdfast_" not in text
        assert engine != "auto" or "stablehlo.while" in text


def test_an_engine_that_is_asked_for_by_name_is_what_runs():
    assert "holdfast_forward" in program("gru", "native", "cpu")
    assert "holdfast_" not in program("gru", "loop", "cpu")


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_choice_changes_no_bit(cell):
    network, inputs = random_network(cell, dtype=jnp.float32), numbers(3, 9, 2, dtype=jnp.float32)
    present = jnp.asarray(np.random.default_rng(0).random((3, 9)) < 0.8)

    def found(engine):
        def loss(network, inputs):
            outputs, last = unroll(network, inputs, present=present, engine=engine)
            return jnp.square(outputs).sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(last))

        return jax.tree.leaves(jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(network, inputs))

    for a, b in zip(found("auto"), found("native"), strict=True):
        np.testing.assert_array_equal(a, b)


def test_products_are_in_the_precision_of_their_numbers():
    text = program("gru", "loop", "cuda")
    products = [line for line in text.splitlines() if "stablehlo.dot_general" in line]
    assert products
    assert all("precision = [HIGHEST, HIGHEST]" in line for line in products)
