"""The network as a map of one state vector: the states of all layers, concatenated.

    s_t = F(s_(t-1), x_t)

s holds the states layer by layer, each by its name, component by component (of a matrix in row-major order): for an
LSTM h_1 ... h_H, c_1 ... c_H. Diagnostics that ask for derivatives of F compute in float64, whatever the network's
format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.advance import advance
from holdfast.engine.network import Network


def names(network: Network) -> list[str]:
    """One name for each component of s: ``c3`` is state c of unit 3 (counted from 1), ``2.c3`` that of layer 2, and
    ``C1,2,3`` the component of a matrix memory in head 1, row 2 and column 3."""
    layers = range(1, len(network.layers) + 1)
    prefix = [f"{layer}." if len(layers) > 1 else "" for layer in layers]
    places = {state: np.ndindex(network.shape(state)) for state in network.cell.states}
    labels = [f"{state}{','.join(str(n + 1) for n in place)}" for state, some in places.items() for place in some]
    return [f"{p}{label}" for p in prefix for label in labels]


def in_float64(network: Network) -> Network:
    """The same weights as double precision numbers. Call it where ``jax.enable_x64`` is on."""
    return jax.tree.map(lambda a: jnp.asarray(np.asarray(a), jnp.float64), network)


def pack(network: Network, state: Any) -> Array:
    """A state as one vector [..., component], inside compiled programs."""
    axes = [len(network.cell.axes_of(name)) for name in network.cell.states] * len(network.layers)
    leaves = zip(jax.tree.leaves(state), axes, strict=True)
    return jnp.concatenate([a if n == 1 else a.reshape(*a.shape[: a.ndim - n], -1) for a, n in leaves], -1)


def unpack(network: Network, vector: Array) -> tuple[Any, ...]:
    """The state of this vector [..., component]."""
    shapes = [network.shape(name) for name in network.cell.states] * len(network.layers)
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1].tolist()
    parts = zip(jnp.split(vector, ends, -1), shapes, strict=True)
    leaves = iter([a if len(shape) == 1 else a.reshape(*a.shape[:-1], *shape) for a, shape in parts])
    return tuple(network.cell.state_type(*(next(leaves) for _ in network.cell.states)) for _ in network.layers)


def memory_index(network: Network, name: str) -> np.ndarray | None:
    """For each component of the memory, the index of the matching component of a state or gate; None if both have the
    same axes."""
    own, axes = network.cell.axes_of(name), network.cell.axes_of(network.cell.memory)
    if own == axes:
        return None
    sizes = network.sizes(axes)
    none = np.zeros(sizes, int)
    where = [none, *(np.indices(sizes)[axes.index(axis)] if axis in axes else none for axis in own)]
    return np.ravel_multi_index(where, (1, *network.sizes(own))).ravel()


def shaped(network: Network, layers: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    """States by name [batch, time, component], for every layer, as a network has them [batch, time, *axes]."""

    def state(name: str, a: Any) -> Any:
        return a.reshape(*a.shape[:2], *network.shape(name))

    return tuple(network.cell.state_type(**{name: state(name, a) for name, a in layer.items()}) for layer in layers)


def step(network: Network, vector: Array, x: Array) -> Array:
    """F: vectors [..., component] and inputs [..., input] to the vectors after one step."""
    return pack(network, advance(network, unpack(network, vector), x)[1])


def jacobian(network: Network, vector: Array, x: Array) -> Array:
    """dF/ds at one vector [component] and one input [input]: [component after, component before]."""
    return jax.jacfwd(partial(step, network))(vector, x)


def holding_input(inputs: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, str]:
    """The input while the network only holds: the most frequent input if it makes up a tenth or more of all, otherwise
    their mean; and a name for which of the two it is."""
    read = np.asarray(inputs, np.float64)[np.asarray(present)]
    distinct, counts = np.unique(read, axis=0, return_counts=True)
    if counts.max() >= 0.1 * len(read):
        return distinct[counts.argmax()], "the most frequent input"
    return read.mean(0), "the mean input"


def bound_to_time(network: Network) -> bool:
    """Whether steps have separate weights, so that there is no single map F."""
    return network.steps is not None


TIMELESS = "This network has separate weights for every step, so there is no single map to analyse."
"""The reason that a diagnostic of the map gives for such a network."""
