"""The linear recurrence of several states together, s_t[i] = sum_j a_t[i][j] s_(t-1)[j] + b_t[i].

Two states with a = ((p, -q), (q, p)) are the real and imaginary part of a complex state, multiplied by p + iq. Every
component of a state is combined with the same component of the other states only.

A processor computes one step after another: XLA makes one function of so short a step, and composing maps costs more
than it gains. Elsewhere, as in ``linear_recurrence.py``, time is divided into chunks that are computed in parallel.
Within a chunk, the affine maps of the steps are composed, matrix by matrix. The gradient is the recurrence with
transposed factors, backwards in time; it needs only a and s.

Source: Blelloch 1990, "Prefix sums and their applications"; for complex states Orvieto et al. 2023, arXiv:2303.06349.
"""

from __future__ import annotations

import math

import jax.numpy as jnp

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import custom_vjp, ones_like, platform_dependent, tree_map, zeros_like
from holdfast.engine.linear_recurrence import LANES, chunked
from holdfast.engine.over_time import over_time

States = tuple[Array, ...]
"""One array for each state."""
Factors = tuple[States, ...]
"""``factors[i][j]``: how the new state i depends on the old state j."""
Map = tuple[Factors, States]
"""An affine map: factors and offsets."""
Kept = tuple[Factors, States, States]


@custom_vjp
def joint_recurrence(factors: Factors, offsets: States, start: States) -> States:
    """The states [time, ...] after every step, for ``factors`` and ``offsets`` [time, ...] and a ``start`` [...].

    A quarter turn, four times:

    >>> turn = (jnp.zeros(4), -jnp.ones(4)), (jnp.ones(4), jnp.zeros(4))
    >>> real, imaginary = joint_recurrence(turn, (jnp.zeros(4),) * 2, (jnp.ones(()), jnp.zeros(())))
    >>> real.tolist(), imaginary.tolist()
    ([0.0, -1.0, 0.0, 1.0], [1.0, 0.0, -1.0, 0.0])
    """
    return platform_dependent(factors, offsets, start, cpu=step_by_step, default=in_chunks)


def step_by_step(factors: Factors, offsets: States, start: States) -> States:
    """``joint_recurrence``, one step after another."""
    return over_time(_step, start, (factors, offsets))[1]


def in_chunks(factors: Factors, offsets: States, start: States) -> States:
    """``joint_recurrence``, chunk by chunk."""
    time, components = offsets[0].shape[0], math.prod(offsets[0].shape[1:])
    chunks = max(1, min(math.isqrt(time), LANES // max(1, components)))
    if chunks == 1:
        return step_by_step(factors, offsets, start)
    length = -(-time // chunks)
    missing = chunks * length - time
    same = _identity(offsets)
    factors, offsets = tree_map(
        lambda a, still: chunked(jnp.concatenate([a, still[:missing]]), chunks, length), (factors, offsets), same
    )
    first = tree_map(lambda a: a[0], _identity(offsets))
    (whole, added), (until, gained) = over_time(_composed, first, (factors, offsets))
    _, after = over_time(_step, start, (whole, added))
    entering = tree_map(lambda first, later: jnp.concatenate([first[None], later[:-1]]), start, after)
    states = _applied(until, entering, gained)
    return tree_map(lambda a: jnp.swapaxes(a, 0, 1).reshape(chunks * length, *a.shape[2:])[:time], states)


def _identity(offsets: States) -> Map:
    """The affine map that changes nothing, in the shape of ``offsets``."""
    one, zero = ones_like(offsets[0]), zeros_like(offsets[0])
    places = range(len(offsets))
    return tuple(tuple(one if i == j else zero for j in places) for i in places), tuple(zero for _ in places)


def _applied(factors: Factors, states: States, offsets: States) -> States:
    """``factors`` times ``states``, plus ``offsets``."""
    return tuple(
        sum((a * s for a, s in zip(row, states, strict=True)), offset)
        for row, offset in zip(factors, offsets, strict=True)
    )


def _step(states: States, now: Map) -> tuple[States, States]:
    after = _applied(now[0], states, now[1])
    return after, after


def _composed(so_far: Map, now: Map) -> tuple[Map, Map]:
    """The composition of the affine map of all steps so far with that of this step."""
    zeros = tuple(zeros_like(offset) for offset in now[1])
    columns = [_applied(now[0], column, zeros) for column in zip(*so_far[0], strict=True)]
    composed = tuple(zip(*columns, strict=True)), _applied(now[0], so_far[1], now[1])
    return composed, composed


def _forward(factors: Factors, offsets: States, start: States) -> tuple[States, Kept]:
    states = joint_recurrence(factors, offsets, start)
    return states, (factors, states, start)


def _backward(kept: Kept, cotangents: States) -> tuple[Factors, States, States]:
    """The cotangents of factors, offsets and start, computed as the recurrence backwards in time."""
    factors, states, start = kept
    transposed = tuple(zip(*factors, strict=True))
    still, nothing = _identity(start)
    # Step t + 1 leads back to step t; nothing leads back to the last step.
    later = tree_map(lambda a, last: jnp.concatenate([a[1:], last[None]])[::-1], transposed, still)
    backwards = joint_recurrence(later, tree_map(lambda a: a[::-1], cotangents), nothing)
    reached = tree_map(lambda a: a[::-1], backwards)
    before = tree_map(lambda first, after: jnp.concatenate([first[None], after[:-1]]), start, states)
    of_factors = tuple(tuple(one * other for other in before) for one in reached)
    of_start = _applied(tree_map(lambda a: a[0], transposed), tree_map(lambda a: a[0], reached), nothing)
    return of_factors, reached, of_start


joint_recurrence.defvjp(_forward, _backward)
