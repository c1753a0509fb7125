"""The slope of a network's gradient on its task: how fast the gradient of the answer's loss decays back in time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.losses import LOSSES
from holdfast.core.registered import forgotten_on_change
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.reach import norms, reach, slope_decades
from holdfast.training.measure import reads_symbols
from holdfast.training.settings import Settings
from holdfast.training.streams import stream

ROWS = 32


def gradient_slope(network: Network, settings: Settings, number: int) -> float | None:
    """The change of the gradient with respect to the state, in decades per step back from the last answer. The gradient
    is the one that these settings train with. It is measured on rows of the test split, which do not change during
    training. None if no gradient flows through time."""
    if not settings.rule.through_time:
        return None
    measured = _reached(settings.task, settings.truncate, settings.gradient)
    sizes, last = measured(network, stream(settings.seed, number, "measure"))
    return slope_decades(np.asarray(sizes), np.asarray(last), settings.task.lag_steps)


@forgotten_on_change
@lru_cache(maxsize=32)
def _reached(task: Task, truncate: int | None, gradient: str) -> Callable[[Network, Array], tuple[Array, Array]]:
    """The function from (network, key) to |d(loss of the last answer) / d(state)| [batch, time] and the step of that
    answer [batch]."""

    def run(network: Network, key: Array) -> tuple[Array, Array]:
        drawn = task.examples("test") or task.sample(key, ROWS, "test", symbols=reads_symbols(network, task))
        rows = drawn.arrays()
        steps = jnp.arange(rows.scored.shape[1])
        last = jnp.where(rows.scored, steps, 0).max(1)
        asked = rows.scored & (steps == last[:, None])

        def loss(outputs: Array) -> Array:
            return jnp.where(asked, LOSSES[task.loss](outputs, rows.targets), 0.0).sum()

        present, above = jnp.asarray(rows.present), network.above_embedding()
        reached = reach(above, loss, network.embedded(rows.inputs), present, truncate=truncate, gradient=gradient)
        return norms(reached.states), last

    return jax.jit(run)
