"""The network as a map of one vector: all that it carries from step to step, of every layer, side by side.

    s_t = F(s_(t-1), x_t)

s holds the states layer by layer, each by its name, unit by unit: for an LSTM h_1 ... h_H, c_1 ... c_H. Diagnostics
that ask for derivatives of F compute in float64, whatever the network's format.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.advance import advance
from holdfast.engine.network import Network


def names(network: Network) -> list[str]:
    """One name for each component of s: ``c3`` is state c of unit 3 (counted from 1), ``2.c3`` that of layer 2."""
    layers = range(1, len(network.layers) + 1)
    prefix = [f"{layer}." if len(layers) > 1 else "" for layer in layers]
    return [f"{p}{state}{unit + 1}" for p in prefix for state in network.cell.states for unit in range(network.units)]


def vectors(states: Any) -> np.ndarray:
    """States of all layers, each [..., unit], as one array [..., component]; with none, no components."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(states)]
    return np.concatenate(leaves, -1) if leaves else np.zeros((0, 0, 0))


def in_float64(network: Network) -> Network:
    """The same weights as double precision numbers. Call it where ``jax.enable_x64`` is on."""
    return jax.tree.map(lambda a: jnp.asarray(np.asarray(a), jnp.float64), network)


def pack(state: Any) -> Array:
    """A state as one vector, inside compiled programs."""
    return jnp.concatenate(jax.tree.leaves(state), -1)


def unpack(network: Network, vector: Array) -> tuple[Any, ...]:
    """The state of this vector [..., component]."""
    parts = iter(jnp.split(vector, len(network.layers) * len(network.cell.states), -1))
    return tuple(network.cell.state_type(*(next(parts) for _ in network.cell.states)) for _ in network.layers)


def step(network: Network, vector: Array, x: Array) -> Array:
    """F: vectors [..., component] and inputs [..., input] to the vectors after one step."""
    return pack(advance(network, unpack(network, vector), x)[1])


def jacobian(network: Network, vector: Array, x: Array) -> Array:
    """dF/ds at one vector [component] and one input [input]: [component after, component before]."""
    return jax.jacfwd(partial(step, network))(vector, x)


def holding_input(inputs: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, str]:
    """What the network reads while it only has to hold: the commonest input of all rows and steps where one makes up
    a tenth or more of them, their mean otherwise; and which of the two it is, in words."""
    read = np.asarray(inputs, np.float64)[np.asarray(present)]
    distinct, counts = np.unique(read, axis=0, return_counts=True)
    if counts.max() >= 0.1 * len(read):
        return distinct[counts.argmax()], "the commonest input"
    return read.mean(0), "the mean input"


def bound_to_time(network: Network) -> bool:
    """Whether steps have weights of their own: there is then no one map F to ask about."""
    return network.steps is not None


TIMELESS = "Every step of this network has weights of its own, so there is no one map to ask about."
"""What a question about one map answers where there is none."""
