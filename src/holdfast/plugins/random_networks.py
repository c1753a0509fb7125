"""Networks, states and inputs of random numbers, the same at every call with the same seed."""

from __future__ import annotations

from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from holdfast.core.arrays import PerLayer
from holdfast.core.typed_jax import tree_flatten, tree_unflatten
from holdfast.engine.network import Network, create
from holdfast.engine.resolve import resolve

Tree = TypeVar("Tree")


def numbers(*shape: int, seed: int = 1, scale: float = 1.0, dtype: DTypeLike = jnp.float64) -> jax.Array:
    """Normal numbers of this shape."""
    return jnp.asarray(np.random.default_rng(seed).normal(0, scale, shape), dtype)


def randomised(tree: Tree, seed: int, scale: float = 0.8) -> Tree:
    """The same tree with normal numbers in every array, biases too."""
    leaves, shape = tree_flatten(tree)
    drawn = [numbers(*leaf.shape, seed=seed + n, scale=scale, dtype=leaf.dtype) for n, leaf in enumerate(leaves)]
    return tree_unflatten(shape, drawn)


def random_network(
    cell: str,
    inputs: int = 2,
    units: int | None = None,
    outputs: int = 2,
    layers: int = 1,
    dtype: DTypeLike = jnp.float64,
    steps: int | None = None,
) -> Network:
    """A network in which no weight is zero, of three units, or of a cell with heads of two heads of three. The
    inputs of a cell that reads the values of units are embedded."""
    kind = resolve(cell)
    heads = 2 if units is None and kind.has_heads else 1
    made = create(
        *(cell, inputs, 3 * heads if units is None else units, outputs, layers, dtype, steps, heads),
        embedding=kind.reads_units,
    )
    return randomised(made, seed=100)


def random_state(network: Network, batch: int) -> PerLayer:
    """A state to start from that is not zero."""
    return randomised(network.start(batch), seed=200, scale=0.5)
