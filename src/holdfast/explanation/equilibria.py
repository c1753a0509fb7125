"""States at which the map F stands still or nearly so, found by Levenberg's and Marquardt's method.

Minimised is q(s) = 1/2 |F(s) - s|^2 under one constant input, from many starts at once, in float64. The damping has a
floor: along a direction in which F barely moves, a start stays where it is, instead of sliding to the one true fixed
point that such a direction leads to in the end. What is found there is a slow point.

Source: Sussillo & Barak 2013, Neural Computation 25(3).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import PRECISION, Count
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import in_float64, jacobian, step
from holdfast.explanation.factorise import solve
from holdfast.models.levels import Stepped

ITERATIONS = 40
FLOOR, MOST = 1e-8, 1e8
"""Of the damping. Directions in which F(s) - s changes by less than the root of the first per unit of s are left alone;
a start that has reached the second has found no better point in many iterations and is at its end."""
ROUNDING = 1e-16
"""|F(s) - s| per 1 + |s| below which there is nothing left to gain; the iterations end when every start is there."""

Now = tuple[jax.Array, jax.Array, jax.Array, jax.Array]
"""Iterations done; of every start its point, F(s) - s there, and the damping."""


class Found(NamedTuple):
    """``points`` [start, component], ``moves`` F(s) - s there, and the ``jacobians`` [start, component, component]."""

    points: np.ndarray
    moves: np.ndarray
    jacobians: np.ndarray


def still(network: Stepped, starts: np.ndarray, x: np.ndarray) -> Found:
    """The nearest states that stand still, or slow ones, from every start [start, component]."""
    with jax.enable_x64(True):
        found = _minimise(in_float64(network), np.asarray(starts, np.float64), np.asarray(x, np.float64))
        return Found(*(np.asarray(a) for a in found))


def run_on(network: Stepped, states: np.ndarray, x: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The states after so many steps of this input, and how far one more step moves them."""
    with jax.enable_x64(True):
        made = _run(
            in_float64(network), np.asarray(states, np.float64), np.asarray(x, np.float64), np.asarray(steps, np.int64)
        )
        return np.asarray(made[0]), np.asarray(made[1])


def _run_on(network: Stepped, states: jax.Array, x: jax.Array, steps: Count) -> tuple[jax.Array, jax.Array]:
    forward = partial(step, network, x=jnp.broadcast_to(x, (states.shape[0], *x.shape)))
    states = jax.lax.fori_loop(0, steps, lambda _, s: forward(s), states)
    return states, forward(states) - states


def _minimised(network: Stepped, starts: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    xs = jnp.broadcast_to(x, (starts.shape[0], *x.shape))
    eye = jnp.eye(starts.shape[1])

    def moves(s: jax.Array) -> jax.Array:
        return step(network, s, xs) - s

    def improve(now: Now) -> Now:
        count, s, r, damping = now
        a = jax.vmap(partial(jacobian, network))(s, xs) - eye
        normal = jnp.einsum("bji,bjk->bik", a, a, precision=PRECISION) + damping[:, None, None] * eye
        tried = s - solve(normal, jnp.einsum("bji,bj->bi", a, r, precision=PRECISION))
        there = moves(tried)
        better = (there**2).sum(1) < (r**2).sum(1)
        s, r = (jnp.where(better[:, None], new, old) for new, old in ((tried, s), (there, r)))
        return count + 1, s, r, jnp.clip(jnp.where(better, damping / 10, damping * 10), FLOOR, MOST)

    def unfinished(now: Now) -> jax.Array:
        count, s, r, damping = now
        moving = jnp.linalg.norm(r, axis=1) > ROUNDING * (1 + jnp.linalg.norm(s, axis=1))
        return (count < ITERATIONS) & jnp.any(moving & (damping < MOST))

    first = (jnp.asarray(0), starts, moves(starts), jnp.full(starts.shape[0], 1e-2))
    _, s, r, _ = jax.lax.while_loop(unfinished, improve, first)
    return s, r, jax.vmap(partial(jacobian, network))(s, xs)


_run = network_program(_run_on, lambda *_: (0, 0))
_minimise = network_program(_minimised, lambda *_: (0, 0, 0))
