"""The first symbol has to be said again after ``lag`` steps.

Given sequences (``--sequences 3,0,1,2,3 4,0,1,2,4``): at every step the next symbol is asked for. Training and
test rows are then the same, since the sequences are all there is. Random ones: a first symbol, then ``lag`` - 1
distractors, and at the last of them the first symbol is asked for. Variant ``apart`` draws distractors from
symbols of their own, as the demonstration does; ``shared`` draws them from the first symbols, so that nothing
but its position marks the one to be kept.

Source: a simplified form of Experiment 2 of Hochreiter & Schmidhuber 1997; the given sequences are those of a
tutorial of 2017 on memory in LSTMs.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import sequences as given
from holdfast.core import splits
from holdfast.core.errors import BadValue
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import Batch, Criterion, Task, axis


@dataclass(frozen=True)
class Echo(Task):
    """inputs and targets one-hot over the alphabet, [time, symbol]."""

    lag: int = axis(10, "steps from the first symbol to its repetition, random sequences", least=2)
    symbols: int = axis(2, "how many first symbols there are, random sequences", least=2)
    distractors: int = axis(3, "how many other symbols there are, variant apart", least=2)
    variant: str = axis("apart", "where distractors come from", choices=("apart", "shared"))
    sequences: tuple[tuple[str, ...], ...] | None = axis(None, "given sequences of symbols, in place of random ones")
    accuracy: float = axis(1.0, "share of right symbols that counts as solved", least=0)

    length_axis = "lag"

    @property
    def loss(self) -> str:
        return "binary_cross_entropy" if self.sequences else "cross_entropy"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.sequences is not None:
            try:
                given.check(self.sequences)
            except BadValue as problem:
                reasons.append(problem.message.rstrip("."))
        elif self._other >= 2 and self.lag >= 2 and self._other ** (self.lag - 1) < splits.FEWEST:
            reasons.append(
                f"{self.lag - 1} distractors out of {self._other} symbols make only {self._other ** (self.lag - 1)} "
                f"different rows; training and test rows are disjoint, which needs at least {splits.FEWEST}"
            )
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        return reasons

    @cached_property
    def alphabet(self) -> tuple[str, ...]:
        if self.sequences:
            return given.alphabet(self.sequences)
        others = self.distractors if self.variant == "apart" else 0
        return (*(str(s) for s in range(self.symbols)), *(f"d{s}" for s in range(others)))

    @property
    def _other(self) -> int:
        return self.distractors if self.variant == "apart" else self.symbols

    @property
    def inputs(self) -> int:
        return len(self.alphabet)

    @property
    def outputs(self) -> int:
        return len(self.alphabet)

    @property
    def memory_unit(self):
        return "bits"

    @property
    def shortest(self) -> int:
        return min(len(words) for words in self.sequences) - 1 if self.sequences else self.lag

    @property
    def longest(self) -> int:
        return max(len(words) for words in self.sequences) - 1 if self.sequences else self.lag

    @property
    def lag_steps(self) -> int:
        return self.longest

    @property
    def asked_from(self) -> int:
        return 0 if self.sequences else self.lag - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("accuracy", self.accuracy, len(self.sequences) if self.sequences else 2560)

    def examples(self) -> Batch | None:
        if not self.sequences:
            return None
        number = {word: n for n, word in enumerate(self.alphabet)}
        size, steps = len(self.alphabet), self.longest
        read = np.full((len(self.sequences), steps + 1), -1)
        for row, words in enumerate(self.sequences):
            read[row, : len(words)] = [number[word] for word in words]
        asked = jnp.asarray(read[:, 1:] >= 0)
        inputs = jax.nn.one_hot(jnp.where(asked, read[:, :-1], -1), size)
        return Batch(inputs, jax.nn.one_hot(read[:, 1:], size), asked, asked)

    def row(self, key, split):
        rows = self.examples()
        if rows is not None:
            return rows.take(jax.random.randint(key, (), 0, len(rows.inputs)))
        first_key, rest_key = jax.random.split(key)
        first = jax.random.randint(first_key, (), 0, self.symbols)
        rest = splits.symbols(rest_key, self.lag - 1, self._other, split)
        offset = self.symbols if self.variant == "apart" else 0
        inputs = jax.nn.one_hot(jnp.concatenate([first[None], rest + offset]), self.inputs)
        last = jnp.arange(self.lag) == self.lag - 1
        targets = jax.nn.one_hot(first, self.outputs) * last[:, None]
        return Batch(inputs, targets, last, jnp.ones(self.lag, bool))

    def oracle(self, inputs):
        answer = np.zeros_like(inputs)
        if not self.sequences:
            answer[-1] = inputs[0]
            return answer
        read = tuple(self.alphabet[int(np.argmax(x))] for x in inputs if x.any())
        words = next(words for words in self.sequences if words[:-1] == read)
        for step, word in enumerate(words[1:]):
            answer[step, self.alphabet.index(word)] = 1
        return answer

    def chance(self):
        if not self.sequences:
            return {"error_rms": None, "accuracy": 1 / self.symbols}
        follows: dict[str, Counter[str]] = {}
        for words in self.sequences:
            for now, then in itertools.pairwise(words):
                follows.setdefault(now, Counter())[then] += 1
        right = sum(counter.most_common(1)[0][1] for counter in follows.values())
        return {"error_rms": None, "accuracy": right / sum(len(words) - 1 for words in self.sequences)}

    def memory(self):
        if self.sequences:
            return given.memory_bits(self.sequences)
        return [math.log2(self.symbols)] * (self.lag - 1) + [0.0]

    def scenario(self):
        """Random: one path per first symbol, with any number of distractors. Given: one path per sequence."""
        edges: list[Edge] = []
        answers: dict[str, Class] = {}
        if not self.sequences:
            offset = self.symbols if self.variant == "apart" else 0
            others = one_hot(self.inputs, *range(offset, offset + self._other))
            for first in range(self.symbols):
                read, held = f"{first}", f"{first} held"
                edges.append(Edge("start", read, one_hot(self.inputs, first)))
                edges += [Edge(read, held, others), Edge(held, held, others)]
                answers[held] = Class(first)
        for number, words in enumerate(self.sequences or (), 1):
            node = "start"
            for step, (word, follows) in enumerate(itertools.pairwise(words), 1):
                source, node = node, f"{number}:{step}"
                edges.append(Edge(source, node, one_hot(self.inputs, self.alphabet.index(word))))
                answers[node] = Class(self.alphabet.index(follows))
        return Scenario("start", tuple(edges), answers, {}, self.longest)

    def label_input(self, features):
        return self.alphabet[int(np.argmax(features))] if features.any() else ""

    label_output = label_input
