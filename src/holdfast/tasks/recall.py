"""Read real numbers x_1 ... x_n one by one, then give x_k.

Can a recurrent network keep a real number exactly while it reads others through the same weights? Only its position
marks the number to be kept.

Source: a question of 2019, datascience.stackexchange 46704, "The memorisation capacity of an LSTM (real numbers)".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.scenario import Box, Edge, Scenario, Value, drawn
from holdfast.core.task import Batch, Criterion, Task, axis, range_mistakes


@dataclass(frozen=True)
class Recall(Task):
    """inputs x_t [time, 1]; the target x_position is asked for at the last step."""

    steps: int = axis(10, "length in steps, one number at each", least=1)
    position: int = axis(1, "position of the number to give, from 1", least=1)
    range: tuple[float, float] = axis((-1.0, 1.0), "range of the numbers")
    distribution: str = axis("uniform", "distribution of the numbers", choices=("uniform", "normal"))
    tolerance: float = axis(0.05, "largest error of a right answer", least=1e-12)

    length_axis = "steps"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.position > self.steps >= 1:
            reasons.append(
                f"position {self.position} is past the end of a sequence of {self.steps} steps "
                f"(positions run from 1 to {self.steps})"
            )
        return reasons + range_mistakes(self.range)

    @property
    def loss(self) -> str:
        return "squared_error"

    @property
    def memory_unit(self):
        return "reals"

    @property
    def inputs(self) -> int:
        return 1

    @property
    def outputs(self) -> int:
        return 1

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def lag_steps(self) -> int:
        return self.steps - self.position

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("error_sup", self.tolerance)

    def row(self, key, split):
        low, high = self.range
        if self.distribution == "normal":
            # A normal distribution cut off at the range, which is then four standard deviations wide.
            cut = jax.random.truncated_normal(key, -2.0, 2.0, (self.steps,), jnp.float32)
            x = splits.mark((low + high) / 2 + (high - low) / 4 * cut, split, low, high)
        else:
            x = splits.reals(key, (self.steps,), split, low, high)
        last = jnp.arange(self.steps) == self.steps - 1
        target = jnp.where(last, x[self.position - 1], 0.0)
        return Batch(x[:, None], target[:, None], last, jnp.ones(self.steps, bool))

    def oracle(self, inputs):
        answer = np.zeros_like(inputs)
        answer[-1] = inputs[self.position - 1]
        return answer

    def chance(self):
        if self.position == self.steps:
            return {"error_rms": 0.0, "accuracy": None}
        width = self.range[1] - self.range[0]
        # Uniform: width / sqrt 12. Normal cut at two standard deviations: variance 0.7737 of the uncut one.
        deviation = width / 12**0.5 if self.distribution == "uniform" else width / 4 * 0.7737413**0.5
        return {"error_rms": deviation, "accuracy": None}

    def memory(self):
        return [float(self.position <= t < self.steps) for t in range(1, self.steps + 1)]

    def scenario(self):
        """x_position is held from its step on, however many numbers follow."""
        name, limits = f"x{self.position}", drawn(*self.range)
        number = (Box((limits[0],), (limits[1],)),)
        before = [str(t) for t in range(self.position)]  # numbers read so far
        edges = [Edge(now, then, number) for now, then in itertools.pairwise(before)]
        edges += [Edge(before[-1], "held", number, (0, name)), Edge("held", "held", number)]
        return Scenario(before[0], tuple(edges), {"held": (Value({name: 1.0}),)}, {name: limits}, self.longest)
