"""The cells with a matrix memory are the recurrences of their papers, forwards and backwards, however they are run.

The references are PyTorch's (``tests/oracle/matrices.py``), differentiated by its autograd, in float64 to 1e-10.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from holdfast.core.errors import BadValue
from holdfast.engine.initialise import build
from holdfast.engine.unroll import unroll
from holdfast.plugins.cell_laws import by_letter, same
from tests.networks import numbers, random_network, random_state
from tests.oracle import matrices

pytestmark = pytest.mark.usefixtures("quick_to_compile")
every_one = pytest.mark.parametrize("cell", matrices.STEPS)
CLOSE = {"rtol": 1e-10, "atol": 1e-10}
BATCH, STEPS = 3, 24


def wanted(cell: str, network: Any, inputs: Any, start: Any, present: Any) -> tuple[float, list[Any]]:
    """The loss of ``loss``, and its gradient with respect to weights, inputs and state, of the reference."""
    given = jax.tree.map(
        lambda a: torch.tensor(np.asarray(a), requires_grad=True), (by_letter(cell, network.layers[0]))
    )
    x, state = (jax.tree.map(lambda a: torch.tensor(np.asarray(a), requires_grad=True), a) for a in (inputs, start))
    now, total = state[0]._asdict(), torch.zeros((), dtype=torch.float64)
    readout = [torch.tensor(np.asarray(a)) for a in (network.readout.matrix, network.readout.bias)]
    for t in range(STEPS):
        here = torch.tensor(np.asarray(present[:, t]))
        output, after, _ = matrices.STEPS[cell](given, x[:, t], now)
        now = {s: torch.where(here.reshape(-1, *[1] * (a.ndim - 1)), a, now[s]) for s, a in after.items()}
        total = total + (here[:, None] * torch.tanh(output @ readout[0] + readout[1])).sum()
    total = total + sum(torch.sin(a).sum() for a in now.values())
    total.backward()
    return total.item(), [{name: a.grad for name, a in given.items()}, x.grad, [a.grad for a in state[0]]]


def loss(network: Any, inputs: Any, start: Any, present: Any, engine: str) -> Any:
    outputs, last = unroll(network, inputs, start, present=present, engine=engine)
    seen = jnp.where(present[..., None], jnp.tanh(outputs), 0)
    return seen.sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(last))


@pytest.mark.parametrize("engine", ["loop", "parallel"])
@every_one
def test_numbers_and_gradients_are_those_of_the_papers_recurrence(cell, engine, float64):
    network, inputs = random_network(cell), numbers(BATCH, STEPS, 2, scale=0.5)
    start = random_state(network, BATCH)
    present = jnp.asarray(np.random.default_rng(0).random((BATCH, STEPS)) < 0.8)
    act = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2)), static_argnames="engine")
    value, (weights, *found) = act(network, inputs, start, present, engine=engine)
    total, gradients = wanted(cell, network, inputs, start, present)
    np.testing.assert_allclose(value, total, **CLOSE)
    found = [by_letter(cell, weights.layers[0]), found[0], list(found[1][0])]
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(gradients), strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def test_retention_starts_with_the_decays_of_its_paper(float64):
    network = build("retnet", inputs=2, units=6, outputs=1, heads=3, dtype=jnp.float64)
    decays = jax.nn.sigmoid(network.layers[0]["constant"].bias)
    np.testing.assert_allclose(decays, [1 - 2.0**-5, 1 - 2.0**-6, 1 - 2.0**-7], rtol=1e-14)


@every_one
def test_units_are_divided_among_heads(cell):
    with pytest.raises(BadValue, match="heads is 4, expected a divisor of 6 units"):
        build(cell, inputs=1, units=6, outputs=1, heads=4)
    network = build(cell, inputs=1, units=6, outputs=1, heads=3)
    assert (network.places, network.place_name) == ((3,), "head")
    held = sum(leaf.size for leaf in jax.tree.leaves(network.start(1)))
    assert network.cell.state_size(6, 3) == held == 3 * 2 * 2 + (6 if cell == "linear_attention" else 0)


def test_a_write_of_strength_1_replaces_a_value_and_one_of_strength_2_turns_it(float64):
    """Under orthogonal keys, whatever was held before: the arithmetic that recall and parity need."""
    for cell, strength, expected in (("deltanet", 40.0, [[5.0, 7.0]]), ("deltanet_negative", 40.0, [[-3.0, 7.0]])):
        network = build(cell, inputs=2, units=2, outputs=2, dtype=jnp.float64)
        layer = network.layers[0]["x"]
        eye, none = jnp.eye(2), jnp.zeros((2, 2))
        for gate, matrix in (("key", eye), ("query", eye), ("value", none)):
            layer = layer.put(gate, matrix, jnp.zeros(2))
        value = jnp.array([5.0, 5.0]) if cell == "deltanet" else jnp.zeros(2)
        layer = layer.put("value", bias=value).put("strength", jnp.zeros((2, 1)), jnp.array([strength]))
        held = network.cell.state_type(jnp.array([[[[3.0, 7.0], [3.0, 7.0]]]]))
        after = network.cell.step(_numbers(), {"x": layer}, jnp.array([[1.0, 0.0]]), held).state.S
        np.testing.assert_allclose(after[0, 0, :1], expected, rtol=0, atol=1e-14)


def _numbers() -> Any:
    from holdfast.engine.readings.numbers import Numbers

    return Numbers()


@pytest.mark.parametrize("cell", ["prenorm(deltanet)", "stack(rwkv7,gated_deltanet)", "stack(mingru,deltaproduct)"])
def test_in_blocks_and_stacks_all_steps_at_once_give_what_the_loop_gives(cell, float64):
    network, inputs = random_network(cell, layers=2), numbers(2, 19, 2)
    start = random_state(network, 2)
    act = jax.jit(unroll, static_argnames="engine")
    found, wanted = (act(network, inputs, start, engine=engine) for engine in ("parallel", "loop"))
    same(found, wanted, cell, atol=1e-12)


@pytest.mark.parametrize("cell", ["deltanet", "linear_attention"])
def test_the_memories_of_all_steps_are_not_kept(cell):
    """Of 256 steps with 2 heads of 16 times 16 numbers, one in 16; what a step reads is less, as is its gradient."""
    network, inputs = build(cell, inputs=2, units=32, outputs=2, heads=2), jnp.zeros((1, 256, 2))
    whole = jax.grad(lambda network: unroll(network, inputs, engine="parallel")[0].sum())
    assert largest(jax.make_jaxpr(whole)(network)) < 256 * 2 * 16 * 16 / 4
    by_loop = jax.grad(lambda network: unroll(network, inputs, engine="loop")[0].sum())
    assert largest(jax.make_jaxpr(by_loop)(network)) >= 256 * 2 * 16 * 16


def largest(program: Any) -> int:
    """The number of numbers in the largest array that a program makes."""
    sizes = [np.prod(v.aval.shape, dtype=int) for eqn in program.eqns for v in eqn.outvars if hasattr(v.aval, "shape")]
    return max([*sizes, *(largest(one) for eqn in program.eqns for one in _programs_in(eqn.params))], default=0)


def _programs_in(params: Any) -> list[Any]:
    found = [leaf for value in params.values() for leaf in (value if isinstance(value, tuple | list) else [value])]
    return [getattr(one, "jaxpr", one) for one in found if hasattr(one, "eqns") or hasattr(one, "jaxpr")]
