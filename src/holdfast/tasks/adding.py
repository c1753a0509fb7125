"""Read pairs (value, marker); at the end, give the sum of the two marked values.

Three forms are in the literature, and figures from one say nothing about another:
``1997``: values in [-1, 1], length drawn from [steps, 1.1 steps], the first and last marker are -1, the first
mark lies among the first ten pairs and the second among the first steps/2 - 1; the target is 0.5 + sum/4, and a
mark on the very first pair makes that value count as 0 (the paper says so of X1; here it holds for either mark).
``halves``: values in [0, 1], one mark in each half, target the plain sum. ``anywhere``: values in [0, 1], two
marks anywhere.

Source: 1997: Hochreiter & Schmidhuber, Experiment 4; halves: Arjovsky, Shah & Bengio 2016, arXiv:1511.06464;
anywhere: Martens & Sutskever 2011 and later variants.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.scenario import Box, Edge, Scenario, Value
from holdfast.core.task import Batch, Criterion, Task, axis


@dataclass(frozen=True)
class Adding(Task):
    """inputs (value, marker) [time, 2]; the target is asked for at the last present step."""

    steps: int = axis(50, "pairs read; in variant 1997 the shortest length", least=4)
    variant: str = axis("halves", "which form of the task", choices=("1997", "halves", "anywhere"))
    tolerance: float = axis(0.04, "largest error that still counts as right", least=1e-12)

    length_axis = "steps"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.variant == "1997" and self.steps < 24:
            reasons.append(f"--steps is {self.steps}; variant 1997 marks ten pairs and more, expected at least 24")
        return reasons

    @property
    def loss(self) -> str:
        return "squared_error"

    @property
    def memory_unit(self):
        return "reals"

    @property
    def inputs(self) -> int:
        return 2

    @property
    def outputs(self) -> int:
        return 1

    @property
    def shortest(self) -> int:
        return self.steps

    @property
    def longest(self) -> int:
        return self.steps + self.steps // 10 if self.variant == "1997" else self.steps

    @property
    def lag_steps(self) -> int:
        return self.longest - 1

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("error_sup", self.tolerance)

    def row(self, key, split):
        values_key, marks_key, length_key = jax.random.split(key, 3)
        values = splits.reals(values_key, (self.longest,), split, -1.0 if self.variant == "1997" else 0.0, 1.0)
        first, second = self._marks(marks_key)
        at = jnp.arange(self.longest)
        marker = ((at == first) | (at == second)).astype(jnp.float32)
        if self.variant != "1997":
            target = values[first] + values[second]
            length = self.longest
        else:
            length = jax.random.randint(length_key, (), self.steps, self.longest + 1)
            marker = jnp.where((at == 0) & (marker == 0) | (at == length - 1), -1.0, marker)
            target = 0.5 + (values[first] * (first > 0) + values[second] * (second > 0)) / 4
        present, last = at < length, at == length - 1
        inputs = jnp.stack([values, marker], -1) * present[:, None]
        return Batch(inputs, jnp.where(last, target, 0.0)[:, None], last, present)

    def _marks(self, key):
        one, two = jax.random.split(key)
        if self.variant == "halves":
            half = self.steps // 2
            return jax.random.randint(one, (), 0, half), jax.random.randint(two, (), half, self.steps)
        near, far = (10, self.steps // 2 - 1) if self.variant == "1997" else (self.steps, self.steps)
        first = jax.random.randint(one, (), 0, near)
        second = jax.random.randint(two, (), 0, far - 1)
        return first, second + (second >= first)

    def oracle(self, inputs):
        values, marks = inputs[:, 0].astype(np.float64), inputs[:, 1] == 1
        answer = np.zeros((len(inputs), 1))
        if self.variant == "1997":
            last = np.flatnonzero(inputs[:, 1] == -1)[-1]
            answer[last] = 0.5 + values[1:][marks[1:]].sum() / 4
        else:
            answer[-1] = values[marks].sum()
        return answer

    def chance(self):
        one = 1 / 12  # the variance of a number uniform in [0, 1]
        if self.variant == "1997":
            # The last pair is never marked: nothing helps. A mark on the first pair counts as 0.
            first_marked = 0.1 + 0.9 / (self.steps // 2 - 2)
            mean_square = (2 - first_marked) * (1 / 3) / 16
        else:
            last_marked = 1 / (self.steps - self.steps // 2) if self.variant == "halves" else 2 / self.steps
            mean_square = 2 * one - last_marked * one
        return {"error_rms": mean_square**0.5, "accuracy": None}

    def memory(self):
        # In variant 1997 the first value never counts.
        return [0.0 if self.variant == "1997" else 1.0] + [1.0] * (self.longest - 2) + [0.0]

    def _steps_of_marks(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last step, from 1, that the earlier and the later mark may have."""
        if self.variant == "halves":
            return (1, self.steps // 2), (self.steps // 2 + 1, self.steps)
        return ((1, 10), (2, self.steps // 2 - 1)) if self.variant == "1997" else ((1, self.steps), (1, self.steps))

    def scenario(self):
        """In a row of any length the marks are anywhere, but for their number: no mark yet, one, two.

        In variant 1997 a mark on the first pair is counted and its value is not; after the last pair nothing follows.
        """
        paper = self.variant == "1997"
        low = -1.0 if paper else 0.0

        def pair(marker: float) -> tuple[Box, ...]:
            return (Box((low, marker), (1.0, marker)),)

        plain, marked = pair(0.0), pair(1.0)
        first, second = self._steps_of_marks()
        edges = [
            Edge("none", "none", plain),
            Edge("none", "one", marked, (0, "first"), first),
            Edge("one", "one", plain),
            Edge("one", "two", marked, (0, "second"), second),
            Edge("two", "two", plain),
        ]
        both = {"first": 1.0, "second": 1.0}
        start, answers = "none", {"two": (Value(both),)}
        if paper:
            start, end, last = "start", pair(-1.0), (self.shortest, self.longest)
            edges += [
                Edge("start", "none", end, steps=(1, 1)),
                Edge("two", "end", end, steps=last),
                Edge("start", "first pair", marked, steps=(1, 1)),
                Edge("first pair", "first pair", plain),
                Edge("first pair", "first pair and one", marked, (0, "second"), second),
                Edge("first pair and one", "first pair and one", plain),
                Edge("first pair and one", "end of one", end, steps=last),
            ]
            quarter = dict.fromkeys(both, 0.25)
            answers = {"end": (Value(quarter, 0.5),), "end of one": (Value({"second": 0.25}, 0.5),)}
        return Scenario(start, tuple(edges), answers, dict.fromkeys(both, (low, 1.0)), self.longest)
