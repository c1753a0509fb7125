"""The linear recurrence s_t = a_t * s_(t-1) + b_t, component by component.

On a CPU, one compiled loop over time computes all components together (``native/recurrence.py``). Without the library,
time is divided into chunks that are computed in parallel. Within a chunk, every step is an affine map of the state that
enters the chunk; then the states that enter the chunks are computed one after another. With as many chunks as steps in
a chunk, this takes 2 sqrt(time) sequential steps instead of time. With many components, fewer chunks suffice, because
the vectors are already long. The gradient is the same recurrence backwards in time; it needs only a and s.

Source: Blelloch 1990, "Prefix sums and their applications"; Martin & Cundy 2018, arXiv:1709.04057.
"""

from __future__ import annotations

import math

import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import custom_vjp, ones_like, platform_dependent, vjp, zeros_like
from holdfast.engine.native import recurrence
from holdfast.engine.over_time import over_time

LANES = 4096
"""The number of values computed in parallel beyond which more chunks bring no gain."""

Kept = tuple[Array, Array, Array]
Given = tuple[Array, Array, Array, Array]


@custom_vjp
def linear_recurrence(factor: Array, offset: Array, start: Array) -> Array:
    """The states [time, ...] after every step, for a ``factor`` and ``offset`` [time, ...] and a ``start`` [...].

    >>> linear_recurrence(jnp.full(4, 0.5), jnp.ones(4), jnp.zeros(())).tolist()
    [1.0, 1.5, 1.75, 1.875]
    """
    if recurrence.is_suitable(factor, offset, start):
        return platform_dependent(factor, offset, start, cpu=recurrence.states, default=in_chunks)
    return in_chunks(factor, offset, start)


def in_chunks(factor: Array, offset: Array, start: Array) -> Array:
    """``linear_recurrence`` in JAX operations."""
    time, components = factor.shape[0], math.prod(factor.shape[1:])
    chunks = max(1, min(math.isqrt(time), LANES // max(1, components)))
    if chunks == 1:
        return over_time(_step, start, (factor, offset))[1]
    length = -(-time // chunks)
    missing = chunks * length - time
    factor = chunked(jnp.concatenate([factor, ones_like(factor[:missing])]), chunks, length)
    offset = chunked(jnp.concatenate([offset, zeros_like(offset[:missing])]), chunks, length)
    first = ones_like(factor[0]), zeros_like(offset[0])
    (whole, added), (factors, offsets) = over_time(_joined, first, (factor, offset))
    _, after = over_time(_step, start, (whole, added))
    states = factors * jnp.concatenate([start[None], after[:-1]]) + offsets
    return jnp.swapaxes(states, 0, 1).reshape(chunks * length, *states.shape[2:])[:time]


def _step(state: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
    factor, offset = now
    state = factor * state + offset
    return state, state


def _joined(so_far: tuple[Array, Array], now: tuple[Array, Array]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The composition of the affine map of all steps so far with that of this step."""
    joined = now[0] * so_far[0], now[0] * so_far[1] + now[1]
    return joined, joined


def chunked(along: Array, chunks: int, length: int) -> Array:
    """Reshape [time, ...] to [step in chunk, chunk, ...]."""
    return jnp.swapaxes(along.reshape(chunks, length, *along.shape[1:]), 0, 1)


def _forward(factor: Array, offset: Array, start: Array) -> tuple[Array, Kept]:
    states = linear_recurrence(factor, offset, start)
    return states, (factor, states, start)


def _backward(kept: Kept, cotangent: Array) -> Kept:
    """The cotangents of factor, offset and start."""
    return _cotangents(*kept, cotangent)


@custom_vjp
def _cotangents(factor: Array, states: Array, start: Array, cotangent: Array) -> Kept:
    if recurrence.is_suitable(factor, states, start):
        given = (factor, states, start, cotangent)
        return platform_dependent(*given, cpu=recurrence.cotangents, default=_reversed)
    return _reversed(factor, states, start, cotangent)


def _reversed(factor: Array, states: Array, start: Array, cotangent: Array) -> Kept:
    """The cotangents of factor, offset and start, computed as the recurrence backwards in time."""
    later = jnp.concatenate([factor[1:], ones_like(factor[:1])])
    reached = linear_recurrence(later[::-1], cotangent[::-1], zeros_like(start))[::-1]
    before = jnp.concatenate([start[None], states[:-1]])
    return reached * before, reached, factor[0] * reached[0]


def _again(factor: Array, states: Array, start: Array, cotangent: Array) -> tuple[Kept, Given]:
    return _cotangents(factor, states, start, cotangent), (factor, states, start, cotangent)


def _second(operands: Given, cotangents: Kept) -> Given:
    return vjp(_reversed, *operands)[1](cotangents)


linear_recurrence.defvjp(_forward, _backward)
_cotangents.defvjp(_again, _second)
