"""What a study asks of trained networks themselves: other lengths, reading in pieces, how full their units are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import jax
import jax.numpy as jnp

from holdfast.comparison.grid.lags import with_lag
from holdfast.comparison.results.result import Result
from holdfast.comparison.results.results import Results
from holdfast.core.arrays import Array, Leaf
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import trace, unroll
from holdfast.training.figures import as_numbers, figures_of
from holdfast.training.measure import measure
from holdfast.training.programs import programs
from holdfast.training.settings import Settings
from holdfast.training.streams import stream

ROWS = 32
PIECES = 3
ROOT = 2**32 - 2
"""The root of these measurements' rows; the studies train under root 0."""
FULL = (0.5**0.5, 0.95)
"""From where on a unit of tanh is called full: its slope is below a half (a gradient through ten such steps is down to
a thousandth), or below a tenth. There is no one right line, so a claim about full units has to hold for both."""


def solves(network: Network, task: Task, number: int = 0) -> bool | None:
    """Whether the network meets the criterion of ``task`` on fresh rows; None where it cannot read so many steps."""
    # Programs are compiled once for a task and a cell; a root of its own keeps rows apart from those of training.
    settings = Settings(task, network.cell_name, network.units, initialisation="keras", seed=ROOT)
    if network.steps is not None and network.steps < task.longest:
        return None
    return task.criterion.met(programs(settings).test(network, number, 0))


def right(network: Network, task: Task, sequences: int) -> bool:
    """Whether the network meets the criterion of ``task`` on so many fresh rows, once: of a network that has already
    solved its task, at a length where the full test would take long."""
    return task.criterion.met(_measured(network, task, sequences))


def accuracy(network: Network, task: Task, sequences: int) -> float:
    """The share of right answers on so many fresh rows."""
    return _measured(network, task, sequences)["accuracy"]


def _measured(network: Network, task: Task, sequences: int) -> dict[str, float]:
    return as_numbers(_figures(task)(network, sequences))


@lru_cache(maxsize=8)
def _figures(task: Task) -> Callable[[Network, int], dict[str, Leaf]]:
    """Compiled once for a task and the networks of a cell, whatever the number of sequences."""

    def figures(network: Network, sequences: Leaf) -> dict[str, Leaf]:
        return figures_of(measure(network, task, stream(ROOT, 2, "measure"), sequences))

    return jax.jit(figures)


def weights(network: Network) -> int:
    """How many numbers it holds."""
    return sum(leaf.size for leaf in jax.tree.leaves(network))


def largest_difference_in_pieces(network: Network, task: Task) -> float:
    """The largest difference between outputs of sequences read whole, and read in pieces with the state carried."""
    return float(_in_pieces(task)(network))


@lru_cache(maxsize=8)
def _in_pieces(task: Task) -> Callable[[Network], Array]:
    rows = task.sample(stream(ROOT, 0, "measure"), ROWS, "test")
    edges = [task.longest * i // PIECES for i in range(PIECES + 1)]

    def difference(network: Network) -> Array:
        whole, _ = unroll(network, rows.inputs, present=rows.present)
        state, parts = network.start(ROWS), []
        for low, high in pairwise(edges):
            part, state = unroll(network.after(low), rows.inputs[:, low:high], state, present=rows.present[:, low:high])
            parts.append(part)
        return jnp.abs(jnp.concatenate(parts, 1) - whole).max()

    return jax.jit(difference)


def share_full(network: Network, task: Task) -> tuple[tuple[float, float], ...]:
    """The share of (row, unit) whose hidden state is full after a tenth of the steps, and at the end, for each line of
    ``FULL``."""
    return tuple((float(early), float(late)) for early, late in _shares_full(task)(network))


@lru_cache(maxsize=8)
def _shares_full(task: Task) -> Callable[[Network], list[tuple[Array, Array]]]:
    rows = task.sample(stream(ROOT, 1, "measure"), ROWS, "test")
    tenth = max(0, task.longest // 10 - 1)

    def shares(network: Network) -> list[tuple[Array, Array]]:
        size = jnp.abs(trace(network, rows.inputs).states[-1].h)
        return [((size[:, tenth] > line).mean(), (size[:, -1] > line).mean()) for line in FULL]

    return jax.jit(shares)


def kept(results: Results, points: Sequence[Result]) -> list[Network]:
    """The networks of these points."""
    return [results.networks(point) for point in points]


def longer(point: Result, times: int) -> Task:
    """The task of a point of echo with its lag so many times as long."""
    return with_lag(point["task"], {}, point["lag_steps"] * times)
