"""The figures of a model on fresh rows of a task, by a program whose trace is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array, Leaf
from holdfast.core.registered import forgotten_on_change
from holdfast.core.task import Batch, Task
from holdfast.engine.network import Network
from holdfast.engine.traced import Identity, TracedProgram, task_identity
from holdfast.engine.unroll import refuse_past_the_last
from holdfast.models.answers import Answers
from holdfast.models.levels import Model, Stepped
from holdfast.training.measure import Score, added, chunks, measure, score
from holdfast.training.streams import words

Figures = dict[str, float]
FIGURES = ("loss", "error_sup", "error_rms", "accuracy", "wrong_rows")


def measured(network: Model, task: Task, seed: int, sequences: int) -> Figures:
    """``measure`` as plain figures, on rows of the stream "measure" of this seed, compiled if possible. Raises
    ``BadValue`` if a network with separate weights has fewer steps than the task."""
    key = np.asarray(words(seed, 0, "measure"), np.uint32)

    def run(network: Model, key: Array) -> dict[str, Leaf]:
        return figures_of(measure(network, task, jax.random.wrap_key_data(key), sequences))

    if isinstance(network, Answers):
        return as_numbers(run(network, jnp.asarray(key)))
    if task.criterion.of_dataset:
        return _of_dataset(network, task)
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


def _of_dataset(network: Stepped, task: Task) -> Figures:
    if isinstance(network, Network):
        refuse_past_the_last(network, task.longest)
        return in_chunks(sums_of_chunk(task, "auto"), network, task.examples("test"))
    sums = jax.jit(lambda network, rows: score(network, task, rows, task.criterion.bound))
    return in_chunks(sums, network, task.examples("test"))


@forgotten_on_change
@lru_cache(maxsize=32)
def sums_of_chunk(task: Task, engine: str) -> TracedProgram:
    """The program from (network, chunk of given rows) to sums over them, for rows that are arguments."""

    def sums(network: Model, rows: Batch) -> Score:
        return score(network, task, rows, task.criterion.bound, engine)

    def identity(network: Network, rows: Batch) -> Identity | None:
        return task_identity("sums", network.cell_name, task, engine=engine)

    return TracedProgram(lambda: sums, lambda *_: Score(*[0] * len(fields(Score))), identity)


def in_chunks(sums: Callable[[Any, Batch], Score], network: Model, rows: Batch | None) -> Figures:
    """The figures on given rows from the sums over chunks of them, so that memory and programs do not depend on how
    many there are."""
    assert rows is not None
    return as_numbers(figures_of(added([jax.device_get(sums(network, chunk)) for chunk in chunks(rows)])))


def figures_of(found: Score) -> dict[str, Leaf]:
    """The figures of a score by name, inside compiled programs."""
    return {name: getattr(found, name) for name in FIGURES}


def as_numbers(figures: dict[str, Leaf]) -> Figures:
    """The same as numbers of Python."""
    return {name: float(value) for name, value in jax.device_get(figures).items()}
