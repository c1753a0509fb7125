"""How far a gradient reaches back: how strongly what is asked for at the end depends on the input at every step."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll


def reach(
    network: Network,
    loss: Callable[[Array], Array],
    inputs: Array,
    present: Array | None = None,
    truncate: int | None = None,
    engine: str = "auto",
) -> Array:
    """|d loss / d x_t| for every row and step, [batch, time]; ``loss`` takes the outputs [batch, time, output].

    With ``truncate`` the gradient is cut as it is in training. Rows do not mix, so a loss that is a sum over rows
    gives each row its own gradient.
    """

    def of_inputs(inputs: Array) -> Array:
        outputs, _ = unroll(network, inputs, present=present, truncate=truncate, engine=engine)
        return loss(outputs)

    return jnp.linalg.norm(jax.grad(of_inputs)(inputs), axis=-1)


def slope_decades(norms: np.ndarray, last: np.ndarray, lag_steps: int) -> float | None:
    """By how many decades a gradient changes per step back: -0.1 is a tenth in ten steps, 0 a constant gradient.

    ``norms`` [batch, time]; ``last`` [batch] is the step of each row's answer. Least squares through log10 of the mean
    over rows, from the answer to ``lag_steps`` before it, over steps where any gradient arrives; None where there are
    fewer than two of those.

    >>> slope_decades(np.array([[1e-4, 1e-3, 1e-2, 1e-1]]), np.array([3]), 3)
    -1.0
    """
    back = np.arange(lag_steps + 1)
    place = last[:, None] - back[None, :]
    there = place >= 0
    gathered = np.take_along_axis(norms.astype(np.float64), np.maximum(place, 0), 1)
    mean = np.where(there, gathered, 0.0).sum(0) / np.maximum(there.sum(0), 1)
    known = np.isfinite(mean) & (mean > 0)
    if known.sum() < 2:
        return None
    return round(float(np.polyfit(back[known], np.log10(mean[known]), 1)[0]), 12)
