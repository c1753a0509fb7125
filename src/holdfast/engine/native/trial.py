"""A self-test of the installed library: a small computation, compared with the cells' definitions.

The reference is the cells' own steps on NumPy arrays in double precision, with finite differences for the derivatives.
Nothing has to be compiled for it, and it does not use XLA.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import cells
from holdfast.alphabet import Words
from holdfast.core.ops import Word
from holdfast.core.typed_jax import asarray, grad, jit, tree_flatten, tree_map, tree_unflatten
from holdfast.engine.engines import Request, native
from holdfast.engine.native import library
from holdfast.engine.network import Linear, Network, create
from holdfast.engine.unroll import unroll

Tree = TypeVar("Tree")

UNITS, INPUTS, ROWS, STEPS = 9, 2, 3, 5
LARGEST = 1e-4
"""The largest accepted difference in float32, relative to the largest number. Rounding over so few steps is smaller."""

CHANGE = 1e-5
"""The step of the finite differences: every weight is changed by this much, up and down."""

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""XLA options for compiling the library's calls quickly: they run only once."""


def disagreement() -> str:
    """The first difference between the library and the cells' definitions, as a clause. "" if the outputs and
    gradients of all its cells agree with them."""
    known = set(cells.FOLDER.names())  # an older library may have cells that no longer exist
    networks = {cell: _drawn(create(cell, INPUTS, UNITS, 1)) for cell in library.status().cells if cell in known}
    for cell, network in networks.items():
        if reason := native.unsuitable(Request(network.cell, arrays=network)):
            return f"the library cannot be used for {cell}: {reason}"
    inputs = _drawn(np.zeros((ROWS, STEPS, INPUTS), np.float32))

    @partial(jit, compiler_options=QUICKLY)
    def computed(networks: dict[str, Network]) -> dict[str, Any]:
        return {cell: grad(partial(_loss, inputs), has_aux=True)(network) for cell, network in networks.items()}

    for cell, found in jax.device_get(computed(networks)).items():
        sure = as_written(networks[cell], inputs)
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(sure), strict=True):
            difference = np.abs(a - b).max() / (np.abs(b).max() + 1e-30)
            if not difference <= LARGEST:
                return f"the library computes {cell} wrongly: it is off by {difference:.2g} of the largest number"
    return ""


def _loss(inputs: np.ndarray, network: Network) -> tuple[jax.Array, jax.Array]:
    outputs, _ = unroll(network, asarray(inputs), engine="native")
    return jnp.square(outputs).sum(), outputs


def as_written(network: Network, inputs: np.ndarray) -> tuple[Network, np.ndarray]:
    """The gradient of the sum of squared outputs, and the outputs, from the cell's step in double precision.

    Each copy of the network has one weight changed. The copies are a leading axis: the first half has the weight
    increased, the second half has it decreased.
    """
    leaves, shape = tree_flatten(network)
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves]).astype(np.float64)
    moves = CHANGE * np.eye(len(flat))
    moved = flat + np.concatenate([moves, -moves, np.zeros((1, len(flat)))])
    ends = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def unflattened(rows: np.ndarray) -> list[np.ndarray]:
        parts = np.split(rows, ends, -1)
        return [part.reshape(*rows.shape[:-1], *leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]

    outputs = _outputs(tree_unflatten(shape, unflattened(moved)), inputs)
    losses = np.square(outputs).sum((1, 2, 3))
    up, down = losses[: len(flat)], losses[len(flat) : -1]
    return tree_unflatten(shape, unflattened((up - down) / (2 * CHANGE))), outputs[-1]


def _outputs(network: Network, inputs: np.ndarray) -> np.ndarray:
    """The outputs [weights, batch, time, output] of a network whose weights have a leading axis."""
    cell, plain = network.cell, NumpyReading()
    reading: Any = plain  # it has the words that the kernels support
    (layer,) = network.layers
    zeros = np.zeros((len(network.readout.matrix), len(inputs), UNITS))
    state = cell.state_type(*(zeros for _ in cell.states))
    outputs: list[np.ndarray] = []
    for x in np.swapaxes(inputs, 0, 1):
        hidden, state, _ = cell.step(reading, layer, x, state)
        outputs += plain.linear(network.readout_maps[-1], hidden).values()
    return np.stack(outputs, 2)


class NumpyReading(Words):
    """The alphabet on NumPy arrays [weights, batch, unit]."""

    def linear(self, weights: Linear, source: np.ndarray) -> Mapping[str, np.ndarray]:
        product = source @ weights.matrix + (0 if weights.bias is None else weights.bias[:, None])
        return dict(zip(weights.gates, np.split(product, len(weights.gates), -1), strict=True))

    def apply(self, word: Word, *operands: np.ndarray) -> np.ndarray:
        return word.reference(*operands)


def _drawn(tree: Tree) -> Tree:
    draw = np.random.default_rng(0)
    return tree_map(lambda a: draw.normal(0, 0.5, a.shape).astype(a.dtype), tree)
