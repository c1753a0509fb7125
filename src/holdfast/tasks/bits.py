"""Read a word of signs (bits) at the first step, then noise, and give the signs at the last step.

The first step has one sign at each input. At all later steps every input is uniform noise, smaller than a sign. Only
the last step is scored.

Source: bits latched against noise: Bengio, Simard & Frasconi 1994, IEEE Transactions on Neural Networks 5(2).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.scenario import Answer, Box, Edge, Scenario, Value, drawn
from holdfast.core.task import Batch, Criterion, Task, axis


@dataclass(frozen=True)
class Bits(Task):
    """inputs [time, bits]: signs (+1 or -1), then noise; targets [time, bits]: the signs, at the last step."""

    steps: int = axis(50, "length in steps, the word included", least=2)
    bits: int = axis(8, "number of signs", least=1)
    noise: float = axis(0.2, "largest absolute value of the noise", least=1e-12)
    tolerance: float = axis(0.5, "largest error of a right answer", least=1e-12)

    length_axis = "steps"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.noise >= 1:
            reasons.append(f"--noise is {self.noise:g}, expected less than 1, the size of the signal")
        return reasons

    @property
    def loss(self) -> str:
        return "squared_error"

    @property
    def memory_unit(self):
        return "bits"

    @property
    def inputs(self) -> int:
        return self.bits

    @property
    def outputs(self) -> int:
        return self.bits

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def lag_steps(self) -> int:
        return self.steps - 1

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("error_sup", self.tolerance)

    def row(self, key, split):
        word_key, noise_key = jax.random.split(key)
        word = jax.random.rademacher(word_key, (self.bits,), jnp.float32)
        # There may be few words: it is the noise that belongs to training or to tests.
        noise = splits.reals(noise_key, (self.steps - 1, self.bits), split, -self.noise, self.noise)
        last = jnp.arange(self.steps) == self.steps - 1
        inputs = jnp.concatenate([word[None], noise])
        return Batch(inputs, word * last[:, None], last, jnp.ones(self.steps, bool))

    def oracle(self, inputs):
        answer = np.zeros_like(inputs)
        answer[-1] = inputs[0]
        return answer

    def chance(self):
        return {"error_rms": 1.0, "accuracy": None}

    def memory(self):
        return [float(self.bits)] * (self.steps - 1) + [0.0]

    def scenario(self):
        """For each bit and sign a path ``bit=sign`` of the rows that have it; only that bit is asked for there.

        The other bits are anything between the signs, and the noise goes on for as long as it likes.
        """
        low, high = drawn(-self.noise, self.noise)
        noise = (Box((low,) * self.bits, (high,) * self.bits),)
        edges: list[Edge] = []
        answers: dict[str, Answer] = {}
        for bit, sign in itertools.product(range(self.bits), (1.0, -1.0)):
            asked = [i == bit for i in range(self.bits)]
            word = Box(tuple(sign if a else -1.0 for a in asked), tuple(sign if a else 1.0 for a in asked))
            read = f"{bit + 1}={sign:+.0f}"
            held = f"{read} held"
            edges += [Edge("start", read, (word,)), Edge(read, held, noise), Edge(held, held, noise)]
            answers[held] = tuple(Value({}, sign) if a else None for a in asked)
        return Scenario("start", tuple(edges), answers, {}, self.longest)
