"""The alphabet read as numbers: JAX arrays, hence gradients, batching and compilation."""

from __future__ import annotations

from collections.abc import Mapping

import jax.numpy as jnp

from holdfast.alphabet import Words
from holdfast.core.arrays import Array
from holdfast.core.ops import Word
from holdfast.engine.network import Linear


class Numbers(Words):
    """Words on arrays whose last axis is the unit; every other axis is carried along."""

    def linear(self, weights: Linear, source: Array) -> Mapping[str, Array]:
        parts = jnp.split(weights(source), len(weights.gates), axis=-1)
        return dict(zip(weights.gates, parts, strict=True))

    def apply(self, word: Word, *operands: Array) -> Array:
        return word.numbers(*operands)
