"""How training and test rows are kept apart: by construction, not by chance.

Real numbers lie on a grid of 2^24 points; training rows use the even points, test rows the odd ones. Rows of
symbols have a checksum, the sum of their symbol numbers; it is even in training and odd in tests. The last
symbol is drawn among those that make it so, hence both sets hold every symbol at every place.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.task import Split

GRID = 24
"""Bits of the grid of reals: the mantissa of a float32, so that every point is exact in [0, 1)."""

FEWEST = 16
"""Below this many different rows, halves of them are too small to learn from and to test on."""


def reals(key: Array, shape: tuple[int, ...], split: Split) -> Array:
    """Uniform numbers in [0, 1), float32, even grid points for training and odd ones for tests."""
    half = jax.random.randint(key, shape, 0, 2 ** (GRID - 1))
    return (2 * half + int(split == "test")).astype(jnp.float32) / 2**GRID


def symbols(key: Array, length: int, size: int, split: Split) -> Array:
    """``length`` symbol numbers below ``size``, uniform but for the parity of their sum."""
    first, last = jax.random.split(key)
    drawn = jax.random.randint(first, (length,), 0, size)
    parity = (drawn[:-1].sum() + int(split == "test")) % 2
    choices = jnp.where(parity == 0, (size + 1) // 2, size // 2)
    return drawn.at[-1].set(2 * jax.random.randint(last, (), 0, choices) + parity)
