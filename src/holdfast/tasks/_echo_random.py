"""``echo`` with random sequences: a first symbol, distractors, and at the last distractor the first symbol as
target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.arrays import Array
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import Batch, Split


@dataclass(frozen=True)
class RandomSequences:
    """``lag`` steps each; distractors are ``distractors`` symbols of their own or, where that is 0, first symbols."""

    lag: int
    symbols: int
    distractors: int

    loss = "cross_entropy"
    judged_on = 2560

    @cached_property
    def alphabet(self) -> tuple[str, ...]:
        return (*(str(s) for s in range(self.symbols)), *(f"d{s}" for s in range(self.distractors)))

    @property
    def others(self) -> range:
        """The numbers of the symbols that are distractors."""
        return range(self.symbols, self.symbols + self.distractors) if self.distractors else range(self.symbols)

    @property
    def shortest(self) -> int:
        return self.lag

    @property
    def longest(self) -> int:
        return self.lag

    @property
    def asked_from(self) -> int:
        return self.lag - 1

    def mistakes(self) -> list[str]:
        kinds = len(self.others)
        if kinds < 2 or self.lag < 2 or kinds ** (self.lag - 1) >= splits.FEWEST:
            return []
        return [
            f"{self.lag - 1} distractors out of {kinds} symbols make only {kinds ** (self.lag - 1)} different rows; "
            f"training and test rows are disjoint, which needs at least {splits.FEWEST}"
        ]

    def examples(self) -> None:
        return None

    def row(self, key: Array, split: Split) -> Batch:
        first_key, rest_key = jax.random.split(key)
        first = jax.random.randint(first_key, (), 0, self.symbols)
        rest = splits.symbols(rest_key, self.lag - 1, len(self.others), split)
        size = self.symbols + self.distractors
        inputs = jax.nn.one_hot(jnp.concatenate([first[None], rest + self.others.start]), size)
        last = jnp.arange(self.lag) == self.lag - 1
        targets = jax.nn.one_hot(first, size) * last[:, None]
        return Batch(inputs, targets, last, jnp.ones(self.lag, bool))

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        answer = np.zeros_like(inputs)
        answer[-1] = inputs[0]
        return answer

    def chance(self) -> float:
        return 1 / self.symbols

    def memory(self) -> list[float]:
        return [math.log2(self.symbols)] * (self.lag - 1) + [0.0]

    def scenario(self) -> Scenario:
        """One path per first symbol, with any number of distractors."""
        size = self.symbols + self.distractors
        edges: list[Edge] = []
        others = one_hot(size, *self.others)
        for first in range(self.symbols):
            read, held = f"{first}", f"{first} held"
            edges.append(Edge("start", read, one_hot(size, first)))
            edges += [Edge(read, held, others), Edge(held, held, others)]
        answers = {f"{first} held": Class(first) for first in range(self.symbols)}
        return Scenario("start", tuple(edges), answers, {}, self.longest)
