"""What tasks share in which symbols that were read are asked for later: one-hot inputs, and classes as answers."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.task import Batch, Criterion, Split, Task, axis

MOST_SYMBOLS = 8192
"""Every symbol is an input: a row of an embedding, or a column of the first layer."""


def too_many_symbols(name: str, symbols: int) -> list[str]:
    """Why there are no such many symbols."""
    if symbols <= MOST_SYMBOLS:
        return []
    return [
        f"--{name} is {symbols}, expected at most {MOST_SYMBOLS}: every symbol has an input, or a row of an embedding"
    ]


@dataclass(frozen=True)
class RetrievalTask(Task):
    """A subclass draws the symbols and finds the answers; ``letters`` are the symbols, ``values`` the answers."""

    accuracy: float = axis(0.99, "share of right symbols at which the task is solved", least=0)

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        return [*reasons, *self._own_mistakes()]

    @abc.abstractmethod
    def _own_mistakes(self) -> list[str]:
        """Why the axes of the subclass make no task."""

    @abc.abstractmethod
    def _drawn(self, key: Array, split: Split) -> tuple[Array, Array]:
        """The symbols [time] of a row, and the right answers [time], -1 where none is asked for."""

    @abc.abstractmethod
    def _sources(self, read: list[int]) -> dict[int, int]:
        """For every step, from 0, at which a symbol is asked for, the step at which it was read. -1 is no symbol."""

    @property
    @abc.abstractmethod
    def letters(self) -> tuple[str, ...]:
        """The names of the symbols."""

    @property
    @abc.abstractmethod
    def values(self) -> tuple[str, ...]:
        """The names of the answers."""

    @property
    def loss(self) -> str:
        return "cross_entropy"

    @property
    def memory_unit(self):
        return "bits"

    @property
    def inputs(self) -> int:
        return len(self.letters)

    @property
    def outputs(self) -> int:
        return len(self.values)

    @property
    def criterion(self) -> Criterion:
        return Criterion("accuracy", self.accuracy)

    def row(self, key, split):
        row = self.symbol_row(key, split)
        return replace(row, inputs=jax.nn.one_hot(row.inputs, self.inputs))

    def symbol_row(self, key, split):
        read, answers = self._drawn(key, split)
        return Batch(read, jax.nn.one_hot(answers, self.outputs), answers >= 0, jnp.ones(self.longest, bool))

    def oracle(self, inputs):
        answer, read = np.zeros((len(inputs), self.outputs)), _symbols(inputs)
        first = self.letters.index(self.values[0])
        for step, source in self._sources(read).items():
            answer[step, read[source] - first] = 1
        return answer

    def gaps(self, inputs):
        found = np.zeros(len(inputs), int)
        for step, source in self._sources(_symbols(inputs)).items():
            found[step] = step - source
        return found

    def chance(self):
        """Every answer is as probable as every other, whatever is read when it is asked for."""
        return {"error_rms": None, "accuracy": 1 / self.outputs}

    def label_input(self, features):
        return self.letters[int(np.argmax(features))] if features.any() else ""

    def label_output(self, features):
        return self.values[int(np.argmax(features))]


def _symbols(inputs: np.ndarray) -> list[int]:
    """The symbols of a row of inputs; -1 where the inputs have none."""
    if inputs.ndim == 1:
        return inputs.tolist()
    return np.where(inputs.any(1), inputs.argmax(1), -1).tolist()
