"""``echo`` with given sequences: predict the next symbol at every step; the sequences are all rows."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np

from holdfast.core.arrays import Array
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.sequences import Words, alphabet, memory_bits
from holdfast.core.task import Batch, Split


@dataclass(frozen=True)
class GivenSequences:
    """``sequences`` as the user writes them, at least one."""

    sequences: tuple[Words, ...]

    loss = "binary_cross_entropy"
    asked_from = 0

    @cached_property
    def alphabet(self) -> Words:
        return alphabet(self.sequences)

    @property
    def shortest(self) -> int:
        return min(map(len, self.sequences)) - 1

    @property
    def longest(self) -> int:
        return max(map(len, self.sequences)) - 1

    @property
    def judged_on(self) -> int:
        """Sequences of a test."""
        return len(self.sequences)

    def examples(self) -> Batch:
        number = {word: n for n, word in enumerate(self.alphabet)}
        size, steps = len(self.alphabet), self.longest
        read = np.full((len(self.sequences), steps + 1), -1)
        for row, words in enumerate(self.sequences):
            read[row, : len(words)] = [number[word] for word in words]
        asked = read[:, 1:] >= 0
        symbols = np.arange(size)

        def encoded(read: np.ndarray) -> np.ndarray:
            return np.asarray(read[..., None] == symbols, jax.dtypes.canonicalize_dtype(float))

        return Batch(encoded(np.where(asked, read[:, :-1], -1)), encoded(read[:, 1:]), asked, asked)

    def row(self, key: Array, split: Split) -> Batch:
        rows = self.examples()
        return rows.take(jax.random.randint(key, (), 0, len(self.sequences)))

    def oracle(self, inputs: np.ndarray) -> np.ndarray:
        answer = np.zeros_like(inputs)
        read = tuple(self.alphabet[int(np.argmax(x))] for x in inputs if x.any())
        words = next(words for words in self.sequences if words[:-1] == read)
        for step, word in enumerate(words[1:]):
            answer[step, self.alphabet.index(word)] = 1
        return answer

    def chance(self) -> float:
        follows: dict[str, Counter[str]] = {}
        for words in self.sequences:
            for now, then in itertools.pairwise(words):
                follows.setdefault(now, Counter())[then] += 1
        right = sum(counter.most_common(1)[0][1] for counter in follows.values())
        return right / sum(len(words) - 1 for words in self.sequences)

    def memory(self) -> list[float]:
        return memory_bits(self.sequences)

    def scenario(self) -> Scenario:
        """One path per sequence."""
        edges: list[Edge] = []
        answers: dict[str, Class] = {}
        size = len(self.alphabet)
        for number, words in enumerate(self.sequences, 1):
            node = "start"
            for step, (word, follows) in enumerate(itertools.pairwise(words), 1):
                source, node = node, f"{number}:{step}"
                edges.append(Edge(source, node, one_hot(size, self.alphabet.index(word))))
                answers[node] = Class(self.alphabet.index(follows))
        return Scenario("start", tuple(edges), answers, {}, self.longest)
