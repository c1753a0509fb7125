"""Evaluate a network on a task: loss, error and accuracy over scored steps, on rows that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.losses import LOSSES
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, outputs_of

CHUNK = 256
"""The number of rows that are run together. It limits memory and does not affect the figures."""
MOST_NUMBERS = 2**26
"""Of very long rows, or of very many symbols, so few are run together that their inputs or outputs are no more."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Score:
    """Sums over scored steps, which can be added over chunks; the properties are the figures.

    ``error_sup`` is the largest absolute error of any output; ``right`` counts the steps whose largest output is the
    right symbol. A NaN in any output makes ``loss`` NaN.
    """

    loss_sum: Leaf
    square_sum: Leaf
    error_sup: Leaf
    right: Leaf
    scored: Leaf
    wrong_rows: Leaf

    @property
    def loss(self) -> Leaf:
        return self.loss_sum / self.scored

    @property
    def error_rms(self) -> Leaf:
        return jnp.sqrt(self.square_sum / self.scored)

    @property
    def accuracy(self) -> Leaf:
        return self.right / self.scored


SUMS = ("loss_sum", "square_sum", "right", "scored", "wrong_rows")


def score(network: Model, task: Task, rows: Batch, tolerance: float, engine: str = "auto") -> Score:
    """Evaluate ``network``, a model of any level, on these rows. A row of reals is wrong if any error is at least
    ``tolerance``."""
    return _sums(task, tolerance, rows, _outputs(network, task, rows, engine))


def together(task: Task) -> int:
    """How many rows of this task are run together."""
    each = task.longest * max(task.inputs, task.outputs)
    return max(1, min(CHUNK, MOST_NUMBERS // each))


def reads_symbols(network: Model, task: Task) -> bool:
    """Whether the network has an embedding, so that it can read the rows of the task as symbols."""
    return isinstance(network, Network) and network.embedding is not None and task.draws_symbols


def fresh(network: Model, task: Task, key: Array, chunk: Array | int, sequences: int | Array) -> Batch:
    """A chunk of ``sequences`` new rows of the test split, as the network reads them; rows beyond them are not
    scored."""
    size = together(task)
    first = chunk * size
    rows = task.sample(key, size, "test", first, symbols=reads_symbols(network, task))
    return replace(rows, scored=rows.scored & (first + jnp.arange(size) < sequences)[:, None])


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StepFigures:
    """Figures of every step, [batch, time] from ``asked_from`` on: the largest error of its outputs (0 where it is not
    scored), the mean square of the errors, whether the largest output is the right symbol, and whether it is scored."""

    error: Array
    square: Array
    right: Array
    scored: Array


def step_figures(network: Model, task: Task, rows: Batch, engine: str = "auto") -> StepFigures:
    """The figures of ``network``, a model of any level, at every step of these rows."""
    outputs, (targets, scored) = _outputs(network, task, rows, engine), _asked(task, rows)
    error, right = _judged(outputs, targets, scored)
    return StepFigures(error, jnp.square(outputs - targets).mean(-1), right, scored)


def _sums(task: Task, tolerance: float, rows: Batch, outputs: Array) -> Score:
    targets, scored = _asked(task, rows)
    error, right = _judged(outputs, targets, scored)
    bad = ~(error < tolerance) if task.criterion.of_numbers else ~right
    return Score(
        loss_sum=jnp.where(scored, LOSSES[task.loss](outputs, targets), 0.0).sum(),
        square_sum=jnp.where(scored, jnp.square(outputs - targets).mean(-1), 0.0).sum(),
        error_sup=error.max(),
        right=(right & scored).sum(),
        scored=scored.sum(),
        wrong_rows=(bad & scored).any(1).sum(),
    )


def chunks(rows: Batch) -> Iterator[Batch]:
    """Given rows in pieces of ``CHUNK``, all of one shape: the last is filled up with rows that are not scored."""
    count = rows.inputs.shape[0]
    for first in range(0, count, CHUNK):
        places = np.arange(first, first + CHUNK)
        piece = rows.take(jnp.asarray(np.minimum(places, count - 1)))
        yield replace(piece, scored=piece.scored & jnp.asarray(places < count)[:, None])


def added(sums: Sequence[Score]) -> Score:
    """The sums over several chunks, added in float64."""
    total = {name: np.sum([getattr(one, name) for one in sums], dtype=np.float64) for name in SUMS}
    return Score(**total, error_sup=np.max([one.error_sup for one in sums]))


def read_wrongly(network: Model, task: Task, rows: Batch, engine: str = "auto") -> Array:
    """Whether each of these rows has a wrong answer, [batch], by the task's own criterion."""
    targets, scored = _asked(task, rows)
    error, right = _judged(_outputs(network, task, rows, engine), targets, scored)
    bad = ~(error < task.criterion.bound) if task.criterion.of_numbers else ~right
    return (bad & scored).any(1)


def _outputs(network: Model, task: Task, rows: Batch, engine: str) -> Array:
    """The outputs from the first step on at which any row is scored."""
    return outputs_of(network, rows.inputs, rows.present, read_from=task.asked_from, engine=engine)


def _asked(task: Task, rows: Batch) -> tuple[Array, Array]:
    """The targets and the mask of scored steps, from the same step on."""
    rows = rows.arrays()
    return rows.targets[:, task.asked_from :], rows.scored[:, task.asked_from :]


def _judged(outputs: Array, targets: Array, scored: Array) -> tuple[Array, Array]:
    """The largest error of each step, 0 where it is not scored, and whether its largest output is the right symbol."""
    error = jnp.where(scored, jnp.abs(outputs - targets).max(-1), 0.0)
    return error, (outputs.argmax(-1) == targets.argmax(-1)) & jnp.isfinite(outputs).all(-1)


def measure(network: Model, task: Task, key: Array, sequences: int | Array, engine: str = "auto") -> Score:
    """Evaluate ``network``, a model of any level, on ``sequences`` new rows of the test split, or on all its rows,
    where they are a fixed list. For a model of level *answers*, this function cannot be compiled, since the model needs
    concrete arrays."""
    tolerance = task.criterion.bound
    examples = task.examples("test")
    if examples is not None:
        return score(network, task, examples.arrays(), tolerance, engine)

    def drawn(chunk: Array) -> Batch:
        return fresh(network, task, key, chunk, sequences)

    def add(total: Score, new: Score) -> Score:
        summed = jax.tree.map(jnp.add, total, new)
        return replace(summed, error_sup=jnp.maximum(total.error_sup, new.error_sup))

    def of_chunk(chunk: Array) -> Score:
        return score(network, task, drawn(chunk), tolerance, engine)

    chunks = -(-sequences // together(task))
    if isinstance(network, Answers):
        draw, sums, both = jax.jit(drawn), jax.jit(partial(_sums, task, tolerance)), jax.jit(add)
        rows = (draw(jnp.int32(chunk)) for chunk in range(int(chunks)))
        return reduce(both, (sums(some, _outputs(network, task, some, engine)) for some in rows))
    return lax.fori_loop(1, chunks, lambda chunk, total: add(total, of_chunk(chunk)), of_chunk(jnp.int32(0)))
