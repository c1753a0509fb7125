"""Networks, states and inputs with random numbers, reproducible by their seed."""

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
    """Normally distributed numbers of this shape."""
    return jnp.asarray(np.random.default_rng(seed).normal(0, scale, shape), dtype)


def randomised(tree: Tree, seed: int, scale: float = 0.8) -> Tree:
    """The same tree with normally distributed numbers in every array, including biases."""
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
    """A network without zero weights. By default it has three units, or two heads of three units for a cell with heads.
    A cell whose input must have the size of its units gets an embedding. Where the memory holds products of what is
    read, numbers grow with their third power from layer to layer: weights are smaller."""
    kind = resolve(cell)
    heads = 2 if units is None and kind.has_heads else 1
    made = create(
        *(cell, inputs, 3 * heads if units is None else units, outputs, layers, dtype, steps, heads),
        embedding=kind.reads_units,
    )
    return randomised(made, seed=100, scale=0.8 if kind.is_vector else 0.3)


def random_state(network: Network, batch: int) -> PerLayer:
    """A random first state, which is not zero."""
    return randomised(network.start(batch), seed=200, scale=0.5)
