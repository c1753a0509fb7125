"""The one loop over time: a step repeated along a sequence, its state held in padding and its gradient cut as asked.

Unrolling, tracing, interventions, probes, gradients, Lyapunov exponents and updates after every step are this
function with different bodies. It knows two axes and no more: time is the first axis of every input, batch the first
axis of every leaf of the state. What follows them may have any rank.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import arange, eval_shape, full, tree_map, zeros

State = TypeVar("State")
Now = TypeVar("Now")
Seen = TypeVar("Seen")
Kept = TypeVar("Kept")
Tree = TypeVar("Tree")


def _seen(state: object, seen: Seen) -> Seen:
    return seen


def over_time(
    body: Callable[[State, Now], tuple[State, Seen]],
    state: State,
    inputs: Now,
    *,
    present: Array | None = None,
    change: Callable[[State, Now], State] | None = None,
    cut: int | None = None,
    keep: Callable[[State, Seen], Kept] = _seen,
    at: Array | None = None,
) -> tuple[State, Kept]:
    """Run ``body(state, now) -> (state, seen)`` over the steps of ``inputs``, whose leaves are [time, ...].

    In each step, in this order: ``change(state, now)`` alters the state that enters; at the first step of every window
    of ``cut`` steps the gradient of that state, not its value, is stopped; the body runs; rows that ``present`` [time,
    batch] marks as padding keep the state that entered; ``keep(state, seen)`` says what is kept of the step: what the
    body saw, where nothing is said. Of the steps ``at`` alone, counted from 0, where they are given.
    Returns the last state and what was kept, [time, ...] or [at, ...].

    >>> numbers = jnp.arange(1.0, 5.0)[:, None]
    >>> last, sums = over_time(lambda total, x: (total + x, total + x), jnp.zeros(1), numbers, present=numbers != 2)
    >>> last.item(), sums.ravel().tolist()
    (8.0, [1.0, 3.0, 4.0, 8.0])
    """
    time = jax.tree.leaves(inputs)[0].shape[0]
    first = None if cut is None else arange(time) % cut == 0

    def step(state: State, along: tuple[Now, Array | None, Array | None]) -> tuple[State, Kept]:
        now, here, cuts = along
        if change is not None:
            state = change(state, now)
        if cuts is not None:
            state = tree_map(lambda s: jnp.where(cuts, lax.stop_gradient(s), s), state)
        after, seen = body(state, now)
        if here is not None:
            after = hold(here, after, state)
        return after, keep(after, seen)

    along = (inputs, present, first)
    if at is None:
        return lax.scan(step, state, along)
    # A step is written over its slot; every step that is not asked for over the last slot, which is not returned.
    count = at.shape[0]
    slots = full(time, count).at[at].set(arange(count))
    _, shapes = eval_shape(step, state, tree_map(lambda a: a[0], along))
    stored = tree_map(lambda a: zeros((count + 1, *a.shape), a.dtype), shapes)

    def storing(
        carried: tuple[State, Kept], now: tuple[tuple[Now, Array | None, Array | None], Array]
    ) -> tuple[tuple[State, Kept], None]:
        (state, stored), (along, slot) = carried, now
        state, kept = step(state, along)
        put = lax.dynamic_update_index_in_dim
        return (state, tree_map(lambda all, one: put(all, one, slot, 0), stored, kept)), None

    (state, stored), _ = lax.scan(storing, (state, stored), (along, slots))
    return state, tree_map(lambda a: a[:-1], stored)


def hold(here: Array, new: Tree, old: Tree) -> Tree:
    """``new`` in the rows that are ``here`` [batch], ``old`` in padding; leaves are [batch, ...]."""

    def row_by_row(new: Array, old: Array) -> Array:
        return jnp.where(here.reshape(here.shape + (1,) * (new.ndim - here.ndim)), new, old)

    return tree_map(row_by_row, new, old)


def time_first(tree: Tree) -> Tree:
    """[batch, time, ...] to [time, batch, ...] in every leaf, and back."""
    return tree_map(lambda a: jnp.swapaxes(a, 0, 1), tree)
