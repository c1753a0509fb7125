"""How good a network is at a task: loss, error and accuracy over what is scored, on rows it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array, Leaf
from holdfast.core.losses import LOSSES
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll

CHUNK = 256
"""Rows run at once: it bounds memory and changes no figure."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Score:
    """Sums over scored steps, so that scores of several chunks add up; the properties are the figures.

    ``error_sup`` is the largest absolute error of any output; ``right`` counts steps whose largest output is the
    right symbol; a NaN in any output makes ``loss`` NaN.
    """

    loss_sum: Leaf
    square_sum: Leaf
    error_sup: Leaf
    right: Leaf
    scored: Leaf
    wrong_rows: Leaf

    @property
    def loss(self) -> Array:
        return self.loss_sum / self.scored

    @property
    def error_rms(self) -> Array:
        return jnp.sqrt(self.square_sum / self.scored)

    @property
    def accuracy(self) -> Array:
        return self.right / self.scored


def score(network: Network, task: Task, rows: Batch, tolerance: float, engine: str = "auto") -> Score:
    """Judge ``network`` on these rows; a row of reals is wrong where any error reaches ``tolerance``."""
    outputs, targets, scored = _answers(network, task, rows, engine)
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


def read_wrongly(network: Network, task: Task, rows: Batch, engine: str = "auto") -> Array:
    """Whether each of these rows has a wrong answer [batch], by the bound of the task's own criterion."""
    outputs, targets, scored = _answers(network, task, rows, engine)
    error, right = _judged(outputs, targets, scored)
    bad = ~(error < task.criterion.bound) if task.criterion.of_numbers else ~right
    return (bad & scored).any(1)


def _answers(network: Network, task: Task, rows: Batch, engine: str) -> tuple[Array, Array, Array]:
    """Outputs, targets and which are scored, from the first step on that any row is asked at."""
    first = task.asked_from
    outputs, _ = unroll(network, rows.inputs, present=rows.present, read_from=first, engine=engine)
    return outputs, rows.targets[:, first:], rows.scored[:, first:]


def _judged(outputs: Array, targets: Array, scored: Array) -> tuple[Array, Array]:
    """The largest error of each step, 0 where it is not scored, and whether its largest output is the right symbol."""
    error = jnp.where(scored, jnp.abs(outputs - targets).max(-1), 0.0)
    return error, (outputs.argmax(-1) == targets.argmax(-1)) & jnp.isfinite(outputs).all(-1)


def measure(network: Network, task: Task, key: Array, sequences: int | Array, engine: str = "auto") -> Score:
    """Judge ``network`` on ``sequences`` fresh rows of the test split, or on all rows of a fixed list."""
    tolerance = task.criterion.bound
    examples = task.examples()
    if examples is not None:
        return score(network, task, examples, tolerance, engine)

    def of_chunk(chunk: Array) -> Score:
        first = chunk * CHUNK
        rows = task.sample(key, CHUNK, "test", first)
        asked = rows.scored & (first + jnp.arange(CHUNK) < sequences)[:, None]
        return score(network, task, replace(rows, scored=asked), tolerance, engine)

    def add(chunk: Array, total: Score) -> Score:
        new = of_chunk(chunk)
        summed = jax.tree.map(jnp.add, total, new)
        return replace(summed, error_sup=jnp.maximum(total.error_sup, new.error_sup))

    return lax.fori_loop(1, -(-sequences // CHUNK), add, of_chunk(jnp.int32(0)))
