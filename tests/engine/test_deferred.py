"""A deferred function gives the numbers and derivatives of the function, and is traced when it is lowered."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from holdfast.engine.deferred import deferred
from holdfast.engine.unroll import unroll
from tests.networks import numbers, random_network, random_state

pytestmark = pytest.mark.usefixtures("quick_to_compile", "float64")


def of(function, *operands):
    return deferred(function, jax.eval_shape(function, *operands))


def f(tree, x, n):
    return {"y": jnp.sin(tree["a"]) @ x, "z": (x**3 * n).sum()}


def test_numbers_and_derivatives_are_those_of_the_function():
    weights, at, count = {"a": numbers(3, 4)}, numbers(4, seed=2), jnp.arange(4)
    placed = of(f, weights, at, count)

    def objective(function):
        def of_both(tree, x):
            found = function(tree, x, count)
            return (found["y"] ** 2).sum() * found["z"]

        return of_both

    mine, plain = objective(placed), objective(f)
    for way in (
        lambda g: g,
        lambda g: jax.grad(g, argnums=(0, 1)),
        lambda g: jax.hessian(g, argnums=1),
        lambda g: lambda tree, x: jax.jvp(lambda x: jax.jvp(lambda x: g(tree, x), (x,), (x,))[1], (x,), (x,)),
        lambda g: lambda tree, x: jax.grad(lambda x: jax.grad(lambda x: g(tree, x))(x).sum())(x),
        lambda g: lambda tree, x: jax.jvp(lambda x: g(tree, x), (x,), (2 * x,)),
        lambda g: lambda tree, x: jax.vmap(jax.grad(g, argnums=1), (None, 0))(tree, jnp.stack([x, 2 * x, -x])),
        lambda g: lambda tree, x: jax.jacrev(lambda x: jnp.stack([g(tree, x), g(tree, x * x)]))(x),
    ):
        found, expected = jax.jit(way(mine))(weights, at), jax.jit(way(plain))(weights, at)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13), found, expected)


def test_it_is_traced_where_it_is_lowered_and_not_before():
    at, traced = numbers(4), []

    def noting(x):
        traced.append(x)
        return 2 * x

    def chosen(x):
        return jax.lax.platform_dependent(x, cpu=lambda x: 3 * x, default=of_shape(noting))

    def of_shape(function):
        return deferred(function, jax.ShapeDtypeStruct((4,), at.dtype))

    program = jax.jit(jax.grad(lambda x: chosen(x).sum()))
    np.testing.assert_array_equal(program(at), 3 * jnp.ones(4))
    assert not traced
    assert "stablehlo" in program.trace(at).lower(lowering_platforms=("cuda",)).as_text()
    assert traced


def test_the_engine_for_other_platforms_has_the_gradient_of_the_loop(monkeypatch):
    """On a processor, in the place of its own engine: the branch of an accelerator."""
    network, inputs = random_network("gru", layers=2), numbers(3, 5, 2)
    state, present = random_state(network, 3), jnp.asarray(np.random.default_rng(0).random((3, 5)) < 0.8)

    def found(engine):
        def loss(network, inputs, state):
            outputs, last = unroll(network, inputs, state, present=present, truncate=2, engine=engine)
            return jnp.square(outputs[:, 1:]).sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(last))

        return jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)))(network, inputs, state)

    expected = found("loop")
    monkeypatch.setattr("holdfast.engine.unroll.platform_dependent", lambda *operands, cpu, default: default(*operands))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13), found("auto"), expected)
