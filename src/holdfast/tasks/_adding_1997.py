"""``adding`` in the form of 1997: values in [-1, 1], random lengths, markers of -1 at both ends, target 0.5 + sum/4."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.arrays import Array
from holdfast.core.scenario import Edge, Scenario, Value
from holdfast.core.task import Batch, Split
from holdfast.tasks._adding_sum import marked_twice, pair, two_of

NEAR = 10
"""The first mark lies among so many pairs."""
LEAST_STEPS = 24


@dataclass(frozen=True)
class Paper1997:
    """``steps`` is the shortest length, and 1.1 times that the longest. A mark on the first pair is counted and its
    value is not; after the last pair nothing follows."""

    steps: int

    @property
    def longest(self) -> int:
        return self.steps + self.steps // 10

    @property
    def _far(self) -> int:
        """The second mark lies among so many pairs."""
        return self.steps // 2 - 1

    def row(self, key: Array, split: Split) -> Batch:
        values_key, marks_key, length_key = jax.random.split(key, 3)
        values = splits.reals(values_key, (self.longest,), split, -1.0, 1.0)
        first, second = two_of(marks_key, NEAR, self._far)
        length = jax.random.randint(length_key, (), self.steps, self.longest + 1)
        at = jnp.arange(self.longest)
        marker = ((at == first) | (at == second)).astype(jnp.float32)
        marker = jnp.where((at == 0) & (marker == 0) | (at == length - 1), -1.0, marker)
        target = 0.5 + (values[first] * (first > 0) + values[second] * (second > 0)) / 4
        present, last = at < length, at == length - 1
        inputs = jnp.stack([values, marker], -1) * present[:, None]
        return Batch(inputs, jnp.where(last, target, 0.0)[:, None], last, present)

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        values, marks = inputs[:, 0].astype(np.float64), inputs[:, 1] == 1
        answer = np.zeros((len(inputs), 1))
        last = np.flatnonzero(inputs[:, 1] == -1)[-1]
        answer[last] = 0.5 + values[1:][marks[1:]].sum() / 4
        return answer

    def chance(self) -> float:
        """Mean square of the error: the last pair is never marked, so that nothing helps."""
        first_marked = 0.1 + 0.9 / (self.steps // 2 - 2)
        return (2 - first_marked) * (1 / 3) / 16

    def memory(self) -> list[float]:
        """The first value never counts."""
        return [0.0] + [1.0] * (self.longest - 2) + [0.0]

    def scenario(self) -> Scenario:
        """In a row of any length: no mark yet, one, two, the end, with and without a mark on the first pair."""
        low, first, second = -1.0, (1, NEAR), (2, self._far)
        plain, marked, end, last = pair(low, 0.0), pair(low, 1.0), pair(low, -1.0), (self.steps, self.longest)
        edges = [
            *marked_twice(low, first, second),
            Edge("start", "none", end, steps=(1, 1)),
            Edge("two", "end", end, steps=last),
            Edge("start", "first pair", marked, steps=(1, 1)),
            Edge("first pair", "first pair", plain),
            Edge("first pair", "first pair and one", marked, (0, "second"), second),
            Edge("first pair and one", "first pair and one", plain),
            Edge("first pair and one", "end of one", end, steps=last),
        ]
        quarter = {"first": 0.25, "second": 0.25}
        answers = {"end": (Value(quarter, 0.5),), "end of one": (Value({"second": 0.25}, 0.5),)}
        return Scenario("start", tuple(edges), answers, dict.fromkeys(quarter, (low, 1.0)), self.longest)
