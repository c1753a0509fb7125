"""How far a gradient reaches back: how strongly a loss depends on what the network holds before every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.unroll import advance


def reach(
    network: Network,
    loss: Callable[[Array], Array],
    inputs: Array,
    present: Array,
    truncate: int | None = None,
) -> Array:
    """|d loss / d state| for the whole state that enters every step, over all layers: [batch, time].

    ``loss`` takes the outputs [batch, time, output]; rows do not mix, so of a loss that is a sum over rows each row
    has its own gradient. ``inputs`` [batch, time, input], ``present`` [batch, time]. With ``truncate`` the gradient is
    cut as it is in training. What enters is looked at, not the inputs: a network that has learned to hold something
    shuts its inputs out, and the gradient with respect to those fades though nothing is lost.
    """
    batch, time = inputs.shape[:2]
    still = jax.tree.map(lambda s: jnp.zeros((time, *s.shape), s.dtype), network.start(batch))

    def of_pushes(pushes: Any) -> Array:
        def step(state: Any, now: Any) -> tuple[Any, Array]:
            clock, x, here, push = now
            state = jax.tree.map(jnp.add, state, push)
            if truncate is not None:
                first = clock % truncate == 0
                state = jax.tree.map(lambda s: jnp.where(first, lax.stop_gradient(s), s), state)
            hidden, after, _ = advance(network, state, x)
            after = jax.tree.map(lambda new, old: jnp.where(here[:, None], new, old), after, state)
            return after, hidden

        along = (jnp.arange(time), jnp.swapaxes(inputs, 0, 1), jnp.swapaxes(present, 0, 1), pushes)
        _, hidden = lax.scan(step, network.start(batch), along)
        return loss(network.readout(jnp.swapaxes(hidden, 0, 1)))

    squares = [jnp.square(g).sum(-1) for g in jax.tree.leaves(jax.grad(of_pushes)(still))]
    return jnp.sqrt(jnp.stack(squares).sum(0)).T


def slope_decades(norms: np.ndarray, last: np.ndarray, lag_steps: int) -> float | None:
    """By how many decades a gradient changes per step back: -0.1 is a tenth in ten steps, 0 a constant gradient.

    ``norms`` [batch, time]; ``last`` [batch] is the step of each row's answer. Least squares through log10 of the mean
    over rows, over the ``lag_steps`` steps up to the answer at which any gradient arrives; None where there are fewer
    than two of those.

    >>> slope_decades(np.array([[1e-4, 1e-3, 1e-2, 1e-1]]), np.array([3]), 3)
    -1.0
    """
    back = np.arange(lag_steps)
    place = last[:, None] - back[None, :]
    there = place >= 0
    gathered = np.take_along_axis(norms.astype(np.float64), np.maximum(place, 0), 1)
    mean = np.where(there, gathered, 0.0).sum(0) / np.maximum(there.sum(0), 1)
    known = np.isfinite(mean) & (mean > 0)
    if known.sum() < 2:
        return None
    return round(float(np.polyfit(back[known], np.log10(mean[known]), 1)[0]), 12)
