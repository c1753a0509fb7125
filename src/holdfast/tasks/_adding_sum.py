"""``adding`` in the forms ``halves`` and ``anywhere``: values in [0, 1], one length, target the plain sum."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.arrays import Array
from holdfast.core.scenario import Box, Edge, Scenario, Value
from holdfast.core.task import Batch, Split


@dataclass(frozen=True)
class MarkedSum:
    """``steps`` pairs; the marks lie one in each half or, with ``halves`` false, anywhere."""

    steps: int
    halves: bool

    @property
    def longest(self) -> int:
        return self.steps

    def row(self, key: Array, split: Split) -> Batch:
        values_key, marks_key, _ = jax.random.split(key, 3)
        values = splits.reals(values_key, (self.steps,), split)
        first, second = self._marks(marks_key)
        at = jnp.arange(self.steps)
        marker = ((at == first) | (at == second)).astype(jnp.float32)
        last = at == self.steps - 1
        targets = jnp.where(last, values[first] + values[second], 0.0)[:, None]
        return Batch(jnp.stack([values, marker], -1), targets, last, at < self.steps)

    def _marks(self, key: Array) -> tuple[Array, Array]:
        if not self.halves:
            return two_of(key, self.steps, self.steps)
        one, two = jax.random.split(key)
        half = self.steps // 2
        return jax.random.randint(one, (), 0, half), jax.random.randint(two, (), half, self.steps)

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        answer = np.zeros((len(inputs), 1))
        answer[-1] = inputs[inputs[:, 1] == 1, 0].astype(np.float64).sum()
        return answer

    def chance(self) -> float:
        """Mean square of the error: a number uniform in [0, 1] has the variance 1/12; one marked last is seen."""
        last_marked = 1 / (self.steps - self.steps // 2) if self.halves else 2 / self.steps
        one = 1 / 12
        return 2 * one - last_marked * one

    def memory(self) -> list[float]:
        return [1.0] * (self.steps - 1) + [0.0]

    def scenario(self) -> Scenario:
        """In a row of any length the marks are anywhere, but for their number: no mark yet, one, two."""
        half, steps = self.steps // 2, self.steps
        ranges = ((1, half), (half + 1, steps)) if self.halves else ((1, steps), (1, steps))
        both = {"first": 1.0, "second": 1.0}
        return Scenario(
            "none", tuple(marked_twice(0.0, *ranges)), {"two": (Value(both),)}, dict.fromkeys(both, (0.0, 1.0)), steps
        )


def two_of(key: Array, near: int, far: int) -> tuple[Array, Array]:
    """Two different steps: the first below ``near``, the second below ``far``."""
    one, two = jax.random.split(key)
    first = jax.random.randint(one, (), 0, near)
    second = jax.random.randint(two, (), 0, far - 1)
    return first, second + (second >= first)


def pair(low: float, marker: float) -> tuple[Box, ...]:
    """What a step reads: a value in [low, 1] and this marker."""
    return (Box((low, marker), (1.0, marker)),)


def marked_twice(low: float, first: tuple[int, int], second: tuple[int, int]) -> list[Edge]:
    """No mark yet, one, two; ``first`` and ``second`` are the steps, from 1, at which the marks may be."""
    plain, marked = pair(low, 0.0), pair(low, 1.0)
    return [
        Edge("none", "none", plain),
        Edge("none", "one", marked, (0, "first"), first),
        Edge("one", "one", plain),
        Edge("one", "two", marked, (0, "second"), second),
        Edge("two", "two", plain),
    ]
