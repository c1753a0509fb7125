"""The alphabet read as numbers: JAX arrays, hence gradients, batching and compilation."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.engine.network import Linear

SHUT = -40.0
"""Below this sigmoid(a) is exp(a), in every number format."""


class Numbers:
    """Words on arrays whose last axis is the unit; every other axis is carried along."""

    def linear(self, weights: Linear, source: Array) -> Mapping[str, Array]:
        parts = jnp.split(weights(source), len(weights.gates), axis=-1)
        return dict(zip(weights.gates, parts, strict=True))

    def add(self, *terms: Array) -> Array:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def multiply(self, a: Array, b: Array) -> Array:
        return a * b

    def mix(self, keep: Array, kept: Array, new: Array) -> Array:
        return keep * kept + (1 - keep) * new

    def sigmoid(self, a: Array) -> Array:
        return jax.nn.sigmoid(a)

    def tanh(self, a: Array) -> Array:
        return jnp.tanh(a)

    def relu(self, a: Array) -> Array:
        return jax.nn.relu(a)  # its slope at 0 is 0, as PyTorch's and the native engine's; that of jnp.maximum is 1/2

    def share(self, a: Array, b: Array) -> Array:
        shut = (a < SHUT) & (b < SHUT)  # there sigmoid is exp, and may underflow
        one, other = jax.nn.sigmoid(a), jax.nn.sigmoid(b)
        return jnp.where(shut, jax.nn.sigmoid(a - b), one / jnp.where(shut, 1, one + other))
