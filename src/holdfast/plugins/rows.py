"""Sample rows of a task, drawn once for all laws."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, ParamSpec, TypeVar

import jax
import numpy as np

from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Split, Task
from holdfast.core.typed_jax import jit
from holdfast.plugins.laws import LawViolation

Given = ParamSpec("Given")
Result = TypeVar("Result")

SPLITS: tuple[Split, ...] = ("train", "test")
MANY = 20_000
"""The number of rows of each split in a full check."""
NUMBERS = 20_000_000
"""The largest number of inputs and targets that are drawn together. Tasks with long rows have fewer rows."""


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function compiled without optimisations, in a third of the time: rows are drawn once, so speed is
    irrelevant."""
    options = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
    return jit(function, compiler_options=options)


class Rows(NamedTuple):
    """A batch as NumPy arrays: inputs and targets are [row, time, feature], scored and present [row, time]."""

    inputs: np.ndarray
    targets: np.ndarray
    scored: np.ndarray
    present: np.ndarray

    @staticmethod
    def of(batch: Batch) -> Rows:
        return Rows(*(np.asarray(part) for part in (batch.inputs, batch.targets, batch.scored, batch.present)))

    def first(self, count: int) -> Rows:
        return Rows(*(part[:count] for part in self))

    def bits(self, chosen: slice = np.s_[:]) -> list[bytes]:
        return [part[chosen].tobytes() for part in self]


class TaskSample:
    """A task with ``many`` rows of each split, which are drawn on first use and cached.

    ``splits`` are those whose rows are compared with the oracle and the scenario.
    """

    def __init__(self, task: Task, many: int = MANY, seed: int = 0, splits: tuple[Split, ...] = SPLITS) -> None:
        self.task, self.seed, self.splits = task, seed, splits
        self.many = max(1, min(many, NUMBERS // max(1, task.longest * (task.inputs + task.outputs))))
        self._kept: dict[tuple[Split, int], Rows] = {}

    def rows(self, split: Split, stream: int = 0) -> Rows:
        """The rows of this split. Each ``stream`` has its own random key. Raises ``LawViolation`` if ``row`` does not
        return a valid row."""
        if (split, stream) not in self._kept:
            drawn = compiled(lambda key: self._sample(key, split))(self.key(stream))
            self._kept[split, stream] = Rows.of(drawn)
        return self._kept[split, stream]

    def key(self, stream: int = 0) -> jax.Array:
        return jax.random.key(self.seed + stream)

    def _sample(self, key: jax.Array, split: Split) -> Batch:
        try:
            batch: object = self.task.sample(key, self.many, split)
        except Exception:
            row: object = self.task.row(key, split)  # an error in a single row is reported for the row
            if isinstance(row, Batch):
                raise
            batch = row
        if not isinstance(batch, Batch):
            raise LawViolation(
                f"a row is a {type(batch).__name__}, expected a Batch of inputs, targets, scored and present"
            )
        return batch


def shortened(task: Task, steps: int) -> Task:
    """The same task with rows of about ``steps`` steps if its rows are longer; at most twice the shortest length that
    the task allows."""
    while steps < task.longest:
        length = getattr(task, task.length_axis) - (task.longest - steps)
        with contextlib.suppress(BadValue):
            return replace(task, **{task.length_axis: length})
        steps *= 2
    return task
