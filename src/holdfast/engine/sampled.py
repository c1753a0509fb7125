"""Rows of a task, drawn by a program whose trace is kept."""

from __future__ import annotations

from functools import lru_cache

import jax
import numpy as np

from holdfast.core.arrays import Leaf
from holdfast.core.registered import forgotten_on_change
from holdfast.core.task import Batch, Split, Task
from holdfast.engine.traced import Identity, TracedProgram, task_identity


def sampled(task: Task, seed: int, rows: int, split: Split, first: int = 0) -> Batch:
    """``task.sample(jax.random.key(seed), rows, split, first)``."""
    return _program(task, rows, split, first)(np.asarray(seed, np.int64))


@forgotten_on_change
@lru_cache(maxsize=32)
def _program(task: Task, rows: int, split: Split, first: int) -> TracedProgram:
    def identity(seed: Leaf) -> Identity | None:
        return task_identity("sample", None, task, rows=rows, split=split, first=first)

    def draw(seed: Leaf) -> Batch:
        return task.sample(jax.random.key(seed), rows, split, first)

    return TracedProgram(lambda: draw, lambda *_: Batch(0, 0, 0, 0), identity)
