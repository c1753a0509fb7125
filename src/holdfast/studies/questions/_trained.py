"""What a study asks of trained networks themselves: other lengths, reading in pieces, how full their units are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.compare.lags import with_lag
from holdfast.compare.result import Result
from holdfast.compare.results import Results
from holdfast.core.errors import BadValue
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace, unroll
from holdfast.train.programs import measured
from holdfast.train.streams import stream

ROWS = 32
FRESH = 2560
FULL = 0.95
"""A unit of tanh is called full beyond this: its slope is then below a tenth."""


def solves(network: Network, task: Task, seed: int = 1) -> bool | None:
    """Whether the network meets the criterion of ``task`` on fresh rows; None where it cannot read so many steps."""
    try:
        figures = measured(network, task, stream(seed, 0, "measure"), FRESH)
    except BadValue:
        return None
    return task.criterion.met(figures)


def weights(network: Network) -> int:
    """How many numbers it holds."""
    return sum(leaf.size for leaf in jax.tree.leaves(network))


def largest_difference_in_pieces(network: Network, task: Task, pieces: int = 3) -> float:
    """The largest difference between outputs of sequences read whole, and read in pieces with the state carried."""
    rows = task.sample(stream(2, 0, "measure"), ROWS, "test")
    whole, _ = unroll(network, rows.inputs, present=rows.present)
    edges = [task.longest * i // pieces for i in range(pieces + 1)]
    state, parts = network.start(ROWS), []
    for low, high in pairwise(edges):
        part, state = unroll(network, rows.inputs[:, low:high], state, present=rows.present[:, low:high])
        parts.append(part)
    return float(jnp.abs(jnp.concatenate(parts, 1) - whole).max())


def share_full(network: Network, task: Task) -> tuple[float, float]:
    """The share of (row, unit) whose hidden state is full after a tenth of the steps, and at the end."""
    rows = task.sample(stream(3, 0, "measure"), ROWS, "test")
    hidden = np.asarray(_hidden(network, rows.inputs))
    full = np.abs(hidden) > FULL
    return float(full[:, max(0, hidden.shape[1] // 10 - 1)].mean()), float(full[:, -1].mean())


@cache
def _tracer():
    return jax.jit(lambda network, inputs: trace(network, inputs).states[-1].h)


def _hidden(network: Network, inputs):
    return _tracer()(network, inputs)


def kept(results: Results, points: Sequence[Result], most: int = 24) -> list[Network]:
    """The networks of the first of these points."""
    return [results.networks(point) for point in points[:most]]


def longer(point: Result, times: int) -> Task:
    """The task of a point of echo with its lag so many times as long."""
    return with_lag(point.place.task, {}, point.place.lag_steps * times)
