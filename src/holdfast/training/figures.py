"""The figures of a model on fresh rows of a task, by a program whose trace is kept."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.task import Task
from holdfast.engine.network import Network
from holdfast.engine.traced import TracedProgram, task_identity
from holdfast.engine.unroll import refuse_past_the_last
from holdfast.models.answers import Answers
from holdfast.models.levels import Model
from holdfast.training.measure import Score, measure
from holdfast.training.streams import words

Figures = dict[str, float]
FIGURES = ("loss", "error_sup", "error_rms", "accuracy", "wrong_rows")


def measured(network: Model, task: Task, seed: int, sequences: int) -> Figures:
    """``measure`` as plain figures, on rows of the stream "measure" of this seed, compiled if possible. Raises
    ``BadValue`` if a network with separate weights has fewer steps than the task."""
    key = np.asarray(words(seed, 0, "measure"), np.uint32)

    def run(network: Model, key: Array) -> dict[str, Array]:
        return figures_of(measure(network, task, jax.random.wrap_key_data(key), sequences))

    if isinstance(network, Answers):
        return as_numbers(run(network, jnp.asarray(key)))
    if not isinstance(network, Network):
        return as_numbers(jax.jit(run)(network, key))
    refuse_past_the_last(network, task.longest)
    if not task.criterion.of_numbers:  # the losses of symbols read logits, and the largest is the same
        network = network.before_output_function()
    program = TracedProgram(
        lambda: run,
        lambda *_: dict.fromkeys(FIGURES, 0),
        lambda network, key: task_identity("measure", network.cell_name, task, sequences=sequences),
    )
    return as_numbers(program(network, key))


def figures_of(score: Score) -> dict[str, Array]:
    """The figures of a score by name, inside compiled programs."""
    return {name: getattr(score, name) for name in FIGURES}


def as_numbers(figures: dict[str, Array]) -> Figures:
    """The same as numbers of Python."""
    return {name: float(value) for name, value in jax.device_get(figures).items()}
