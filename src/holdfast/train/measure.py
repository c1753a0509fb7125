"""How good a network is at a task: loss, error and accuracy over what is scored, on rows it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.engine.unroll import unroll
from holdfast.train.losses import LOSSES

CHUNK = 256
"""Rows run at once: it bounds memory and changes no figure."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Score:
    """Sums over scored steps, so that scores of several chunks add up; the properties are the figures.

    ``error_sup`` is the largest absolute error of any output; ``right`` counts steps whose largest output is the
    right symbol; a NaN in any output makes ``loss`` NaN.
    """

    loss_sum: Array
    square_sum: Array
    error_sup: Array
    right: Array
    scored: Array
    wrong_rows: Array

    @property
    def loss(self) -> Array:
        return self.loss_sum / self.scored

    @property
    def error_rms(self) -> Array:
        return jnp.sqrt(self.square_sum / self.scored)

    @property
    def accuracy(self) -> Array:
        return self.right / self.scored


def score(network: Network, task: Task, rows: Batch, tolerance: float) -> Score:
    """Judge ``network`` on these rows; a row of reals is wrong where any error reaches ``tolerance``."""
    outputs, _ = unroll(network, rows.inputs, present=rows.present)
    scored = rows.scored
    error = jnp.where(scored, jnp.abs(outputs - rows.targets).max(-1), 0.0)
    right = (outputs.argmax(-1) == rows.targets.argmax(-1)) & jnp.isfinite(outputs).all(-1)
    bad = ~right if task.criterion.metric == "accuracy" else ~(error < tolerance)
    return Score(
        loss_sum=jnp.where(scored, LOSSES[task.loss](outputs, rows.targets), 0.0).sum(),
        square_sum=jnp.where(scored, jnp.square(outputs - rows.targets).mean(-1), 0.0).sum(),
        error_sup=error.max(),
        right=(right & scored).sum(),
        scored=scored.sum(),
        wrong_rows=(bad & scored).any(1).sum(),
    )


def measure(network: Network, task: Task, key: Array, sequences: int) -> Score:
    """Judge ``network`` on ``sequences`` fresh rows of the test split, or on all rows of a fixed list."""
    tolerance = task.criterion.bound
    examples = task.examples()
    if examples is not None:
        return score(network, task, examples, tolerance)
    chunk = min(CHUNK, sequences)
    full, rest = divmod(sequences, chunk)

    def of_chunk(first: Array) -> Score:
        return score(network, task, task.sample(key, chunk, "test", first), tolerance)

    scores = lax.map(of_chunk, jnp.arange(full) * chunk)
    if rest:
        last = score(network, task, task.sample(key, rest, "test", full * chunk), tolerance)
        scores = jax.tree.map(lambda many, one: jnp.concatenate([many, one[None]]), scores, last)
    total = jax.tree.map(lambda a: a.sum(0), scores)
    return Score(**{**total.__dict__, "error_sup": scores.error_sup.max()})
