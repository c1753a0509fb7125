"""More rows than the subject has, their whole state kept at a few steps only: what probes are fitted to."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.task import Batch
from holdfast.engine.network import Network
from holdfast.engine.unroll import advance
from holdfast.explain.dynamics import pack
from holdfast.explain.subject import Subject


def fresh(subject: Subject, rows: int) -> Batch:
    """Test rows that are not the subject's; of a task that is a fixed list, that list over and over."""
    listed = subject.task.examples()
    if listed is not None:
        return listed.take(np.resize(np.arange(listed.inputs.shape[0]), rows))
    draw = jax.jit(lambda key: subject.task.sample(key, rows, "test", subject.rows))
    return draw(jax.random.key(subject.seed))


def visits(network: Network, batch: Batch, steps: np.ndarray) -> np.ndarray:
    """The state [step, batch, component] after each of these steps (counted from 0), in the network's own format."""
    length, last = batch.inputs.shape[1], len(steps)
    slots = np.full(length, last)
    slots[steps] = np.arange(last)
    inputs, places = jnp.asarray(batch.inputs, network.dtype), jnp.zeros(last + 1)
    return np.asarray(_kept(network, inputs, jnp.asarray(batch.present), jnp.asarray(slots), places))[:last]


@jax.jit
def _kept(network: Network, inputs: jax.Array, present: jax.Array, slots: jax.Array, places: jax.Array) -> jax.Array:
    """A state is written over its step's slot; those of all other steps over the last one, which nobody reads."""

    def one(carried: Any, now: Any) -> Any:
        state, kept = carried
        x, here, slot = now
        after = advance(network, state, x)[1]
        state = jax.tree.map(lambda new, old: jnp.where(here[:, None], new, old), after, state)
        return (state, jax.lax.dynamic_update_index_in_dim(kept, pack(state), slot, 0)), None

    start = network.start(inputs.shape[0])
    kept = jnp.zeros((places.shape[0], *pack(start).shape), network.dtype)
    times = (jnp.swapaxes(inputs, 0, 1), jnp.swapaxes(present, 0, 1), slots)
    return jax.lax.scan(one, (start, kept), times)[0][1]


def spread_steps(steps: int, most: int) -> np.ndarray:
    """At most so many steps, counted from 0: the first ones, ever wider apart, and the last."""
    return np.unique(np.round(np.geomspace(1, steps, most)).astype(int)) - 1
