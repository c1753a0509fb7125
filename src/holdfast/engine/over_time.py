"""The only loop over time: it repeats a step along a sequence, keeps the state in padding, and truncates the gradient.

Unrolling, tracing, interventions, probes, gradients, Lyapunov exponents and updates after every step call this function
with different bodies. It relies on two axes: time is the first axis of every input, batch the first axis of every leaf
of the state. Further axes are free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import arange, eval_shape, full, tree_map, update_at, zeros

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

    Each step does the following, in this order. ``change(state, now)`` replaces the state before the step. At the first
    step of every window of ``cut`` steps, the gradient of this state is stopped; its value is not changed. The body
    runs. Rows that are padding, where ``present`` [time, batch] is false, keep the state before the step.
    ``keep(state, seen)`` selects what is stored for the step; by default this is ``seen``. With ``at``, only the steps
    in ``at``, counted from 0, are stored.
    Returns the last state and the stored values, [time, ...] or [at, ...].

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
    # Each step in ``at`` is written to its slot. All other steps are written to one extra slot, which is not returned.
    count = at.shape[0]
    slots = full(time, count).at[at].set(arange(count))
    _, shapes = eval_shape(step, state, tree_map(lambda a: a[0], along))
    stored = tree_map(lambda a: zeros((count + 1, *a.shape), a.dtype), shapes)

    def storing(
        carried: tuple[State, Kept], now: tuple[tuple[Now, Array | None, Array | None], Array]
    ) -> tuple[tuple[State, Kept], None]:
        (state, stored), (along, slot) = carried, now
        state, kept = step(state, along)

        def put(slots: Array, one: Array) -> Array:
            return update_at(slots, one, slot, 0)

        return (state, tree_map(put, stored, kept)), None

    (state, stored), _ = lax.scan(storing, (state, stored), (along, slots))
    return state, tree_map(lambda a: a[:-1], stored)


def hold(here: Array, new: Tree, old: Tree) -> Tree:
    """``new`` in the rows where ``here`` [batch] is true, ``old`` in padding; leaves are [batch, ...]."""

    def row_by_row(new: Array, old: Array) -> Array:
        return jnp.where(here.reshape(here.shape + (1,) * (new.ndim - here.ndim)), new, old)

    return tree_map(row_by_row, new, old)


def time_first(tree: Tree) -> Tree:
    """Swap [batch, time, ...] and [time, batch, ...] in every leaf."""
    return tree_map(lambda a: jnp.swapaxes(a, 0, 1), tree)
