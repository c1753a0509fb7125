"""A small computation by the library and by XLA, to see that what is installed computes what it should."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.engine.native import choice, library
from holdfast.engine.network import Network, create
from holdfast.engine.unroll import unroll

UNITS, ROWS, STEPS = 9, 3, 5
LARGEST = 1e-4
"""A difference of float32 in so few steps that rounding cannot explain, relative to the largest number."""


def disagreement() -> str:
    """What is wrong with the library, as a clause; nothing where outputs and gradients of all its cells agree with
    XLA's."""
    for cell in library.status().cells:
        shape = create(cell, 2, UNITS, 1)
        if reason := choice.why_not(shape.cell, shape):
            return f"the library cannot be used for {cell}: {reason}"
        network, inputs = _numbers(shape), _numbers(jnp.zeros((ROWS, STEPS, 2)))
        with jax.disable_jit():
            found, sure = (_computed(network, inputs, engine) for engine in ("native", "xla"))
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(sure), strict=True):
            difference = float(jnp.abs(a - b).max() / (jnp.abs(b).max() + 1e-30))
            if not difference <= LARGEST:
                return f"the library computes {cell} wrongly: it is off by {difference:.2g} of the largest number"
    return ""


def _computed(network: Network, inputs: jax.Array, engine: str):
    def loss(network: Network) -> tuple[jax.Array, jax.Array]:
        outputs, _ = unroll(network, inputs, engine=engine)
        return jnp.square(outputs).sum(), outputs

    return jax.grad(loss, has_aux=True)(network)


def _numbers(tree):
    draw = np.random.default_rng(0)
    return jax.tree.map(lambda a: jnp.asarray(draw.normal(0, 0.5, a.shape), a.dtype), tree)
