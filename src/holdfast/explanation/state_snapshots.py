"""More rows than the subject has, their whole state kept at a few steps only: what probes are fitted to."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from holdfast.core.task import Batch
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.sampled import sampled
from holdfast.engine.traced import network_program
from holdfast.explanation.dynamics import advanced, along, pack, using
from holdfast.explanation.subject import Subject
from holdfast.models.levels import Stepped


def fresh(subject: Subject, rows: int) -> Batch:
    """Test rows that are not the subject's; of a task that is a fixed list, that list over and over, from the first row
    on that the subject does not have."""
    listed = subject.task.examples("test")
    if listed is not None:
        order = np.roll(np.arange(listed.inputs.shape[0]), -subject.rows)
        return listed.take(np.resize(order, rows))
    return sampled(subject.task, subject.seed, rows, "test", subject.rows)


def state_snapshots(network: Stepped, batch: Batch, steps: np.ndarray) -> np.ndarray:
    """The state [step, batch, component] after each of these steps (counted from 0), in the network's own format."""
    inputs = np.asarray(batch.inputs, network.dtype)
    return np.asarray(_keep(network, inputs, np.asarray(batch.present), np.asarray(steps)))


def _kept(network: Stepped, inputs: jax.Array, present: jax.Array, steps: jax.Array) -> jax.Array:
    def body(state: Any, now: Any) -> tuple[Any, None]:
        x, weights = now
        return advanced(using(network, weights), state, x)[1], None

    inputs, present = time_first((inputs, present))
    start, read = network.start(inputs.shape[1]), (inputs, along(network, len(inputs)))
    return over_time(body, start, read, present=present, keep=lambda state, _: pack(network, state), at=steps)[1]


_keep = network_program(_kept)


def spread_steps(steps: int, most: int) -> np.ndarray:
    """At most so many steps, counted from 0: the first ones, ever wider apart, and the last."""
    return np.unique(np.round(np.geomspace(1, steps, most)).astype(int)) - 1
