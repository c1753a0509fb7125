"""How training and test rows are kept apart: by construction, not by chance.

The last bit of a real number's mantissa is 0 in training rows and 1 in test rows. A row of symbols belongs to
training or to tests by one bit of a hash of all its symbols, which has no structure that a network could learn in
place of the task, as a plain checksum would have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.task import Split
from holdfast.core.typed_jax import arange

FEWEST = 16
"""Rows of symbols there must be for either half to have some. (A task may need many more to be learned.)"""

Other = TypeVar("Other")

TAIL = 16
"""Symbols, at the end of a row, that are drawn again until the row lies in the half asked for."""


def reals(key: Array, shape: tuple[int, ...], split: Split, low: float = 0.0, high: float = 1.0) -> Array:
    """Uniform numbers between ``low`` and ``high``, float32, of this split."""
    return mark(jax.random.uniform(key, shape, jnp.float32, low, high), split, low, high)


def mark(numbers: Array, split: Split, low: float, high: float) -> Array:
    """The same float32 numbers, at most two units in the last place away, such that they belong to this split."""
    bits = lax.bitcast_convert_type(numbers, jnp.uint32) >> 1 << 1 | jnp.uint32(split == "test")
    marked = lax.bitcast_convert_type(bits, jnp.float32)
    # A number pushed over an end of the range takes the next one of its split on the inner side.
    towards_zero = (marked > high) == (marked > 0)
    inward = lax.bitcast_convert_type(jnp.where(towards_zero, bits - 2, bits + 2), jnp.float32)
    return jnp.where((marked < low) | (marked > high), inward, marked)


def symbols(key: Array, length: int, size: int, split: Split) -> Array:
    """``length`` symbol numbers below ``size``, uniform over the half of all rows that this split owns.

    (Rows longer than ``TAIL``: their beginning is uniform, their tail uniform over what then belongs to the split.)
    """
    start = max(0, length - TAIL)

    def wrong(tried: tuple[Array, Array]) -> Array:
        return half(tried[0]) != int(split == "test")

    def again(tried: tuple[Array, Array]) -> tuple[Array, Array]:
        row, count = tried
        tail = jax.random.randint(jax.random.fold_in(key, count), (length - start,), 0, size)
        return row.at[start:].set(tail), count + 1

    first = jax.random.randint(key, (length,), 0, size)
    return lax.while_loop(wrong, again, (first, jnp.uint32(0)))[0]


def dependent(key: Array, draw: Callable[[Array], tuple[Array, Other]], split: Split) -> tuple[Array, Other]:
    """What ``draw(key)`` gives, a row of symbol numbers first, drawn anew until the row lies in the half of this split.
    For rows whose symbols depend on each other; there have to be some in each half."""

    def wrong(tried: tuple[Any, Array]) -> Array:
        return half(tried[0][0]) != int(split == "test")

    def again(tried: tuple[Any, Array]) -> tuple[Any, Array]:
        return draw(jax.random.fold_in(key, tried[1])), tried[1] + 1

    return lax.while_loop(wrong, again, (draw(key), jnp.uint32(0)))[0]


def half(row: Array) -> Array:
    """0 where this row of symbol numbers belongs to training, 1 where it belongs to tests."""
    place = _mixed(arange(row.shape[-1], dtype=jnp.uint32) + 1)
    return _mixed((place * (row.astype(jnp.uint32) + 1)).sum(-1, dtype=jnp.uint32)) >> 31


def _mixed(bits: Array) -> Array:
    """The finaliser of MurmurHash3 (Appleby, public domain): every bit of the result depends on all of ``bits``."""
    bits = (bits ^ (bits >> 16)) * jnp.uint32(0x85EBCA6B)
    bits = (bits ^ (bits >> 13)) * jnp.uint32(0xC2B2AE35)
    return bits ^ (bits >> 16)
