"""A length curriculum: the first rows of a training are shorter rows of the same task.

A task is trained in stages: rows of a quarter of its length, of a half, of three quarters, then its own. A shorter row
is padded after its end, where nothing is asked for, so that all rows of a training have one shape. Evaluations are of
the task itself.

Source: Elman 1993, Cognition 48(1) (starting small); Bengio et al. 2009 (curriculum learning).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Task

STAGES = 4
LAST = 2**31 - 1
"""The largest number of a batch."""


def shorter(task: Task) -> tuple[Task, ...]:
    """The task at the lengths of the stages before its own, the shortest first. Lengths at which its axes make no task
    are left out."""
    name = task.length_axis
    full = getattr(task, name)
    made: dict[int, Task] = {}
    for part in range(1, STAGES):
        length = round(full * part / STAGES)
        try:
            some = replace(task, **{name: length})
        except BadValue:
            continue
        if some.longest < task.longest and (some.inputs, some.outputs) == (task.inputs, task.outputs):
            made[length] = some
    return tuple(made.values())


def asked_from(task: Task, curriculum: int | None) -> int:
    """The first step, from 0, of which the output of some training row may be scored."""
    return min(some.asked_from for some in (task, *(shorter(task) if curriculum else ())))


def sampling(task: Task, curriculum: int, rows: int) -> Callable[[Array, Array], Batch]:
    """The function from a key and the number of a batch to its ``rows``. The stages before the last share the first
    ``curriculum`` sequences equally."""
    before = shorter(task)
    draw = [_padded(some, task.longest, rows) for some in (*before, task)]
    starts = np.array(_starts(len(before), curriculum, rows), np.int32)

    def sample(key: Array, drawn: Array) -> Batch:
        return lax.switch((drawn >= starts).sum(), draw, key)

    return sample


def _starts(stages: int, curriculum: int, rows: int) -> Sequence[int]:
    """The number of the first batch of each stage but the first."""
    return [min(LAST, -(-curriculum * stage // (stages * rows))) for stage in range(1, stages + 1)]


def _padded(task: Task, longest: int, rows: int) -> Callable[[Array], Batch]:
    def longer(array: Array) -> Array:
        return jnp.pad(array, [(0, 0), (0, longest - task.longest), *[(0, 0)] * (array.ndim - 2)])

    def sample(key: Array) -> Batch:
        return jax.tree.map(longer, task.sample(key, rows, "train"))

    return sample
