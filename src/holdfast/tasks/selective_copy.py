"""Read symbols between blanks at random places, then give all of them in order.

Unlike in ``copy``, when a symbol comes is not known, so that a network has to tell symbols from blanks. Each answer is
asked for by a signal, one for each symbol.

Source: Gu & Dao 2023, arXiv:2312.00752 (selective copying), after Arjovsky, Shah & Bengio 2016, arXiv:1511.06464.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from holdfast.core import splits
from holdfast.core.arrays import Array
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import axis
from holdfast.tasks._retrieval import RetrievalTask, too_many_symbols


@dataclass(frozen=True)
class SelectiveCopy(RetrievalTask):
    """inputs one-hot [time, symbols + 2], blank and signal last; targets one-hot over the symbols."""

    steps: int = axis(5, "number of symbols to copy", least=1)
    lag: int = axis(20, "blanks among the symbols", least=0)
    symbols: int = axis(8, "size of the alphabet", least=2)

    length_axis = "lag"

    def _own_mistakes(self):
        reasons = too_many_symbols("symbols", self.symbols)
        if self.steps >= 1 and self.symbols >= 2 and self.lag >= 0:
            enough = self.steps >= 8 or self.lag >= 8  # and numbers that are large in vain are not computed
            rows = splits.FEWEST if enough else math.comb(self.asked_from, self.steps) * self.symbols**self.steps
            if rows < splits.FEWEST:
                reasons.append(
                    f"{self.steps} of {self.symbols} symbols and {self.lag} blanks make only {rows} different rows; "
                    f"training and test rows are disjoint, which needs at least {splits.FEWEST}"
                )
        return reasons

    @property
    def letters(self) -> tuple[str, ...]:
        return (*self.values, "_", "!")

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(symbol) for symbol in range(self.symbols))

    @property
    def longest(self) -> int:
        return 2 * self.steps + self.lag

    @property
    def lag_steps(self) -> int:
        return self.longest - 1

    @property
    def asked_from(self) -> int:
        return self.steps + self.lag

    def _drawn(self, key, split):
        def draw(key: Array) -> tuple[Array, Array]:
            word_key, places_key = jax.random.split(key)
            word = jax.random.randint(word_key, (self.steps,), 0, self.symbols)
            places = jnp.sort(jax.random.permutation(places_key, self.asked_from)[: self.steps])
            return jnp.full(self.asked_from, self.symbols).at[places].set(word), word

        before, word = splits.dependent(key, draw, split)
        read = jnp.concatenate([before, jnp.full(self.steps, self.symbols + 1)])
        return read, jnp.full(self.longest, -1).at[self.asked_from :].set(word)

    def _sources(self, read):
        word = [step for step, symbol in enumerate(read[: self.asked_from]) if 0 <= symbol < self.symbols]
        asked = enumerate(word, self.asked_from)
        return {step: source for step, source in asked if read[step] >= 0}

    def memory(self):
        each, n, before = math.log2(self.symbols), self.steps, self.asked_from
        return [each * (min(t, n) - max(0, t - before)) for t in range(1, self.longest + 1)]

    def scenario(self):
        """For each place j and symbol s a path ``j=s`` of the rows whose symbol j is s; only that is asked for."""
        anything = one_hot(self.inputs, *range(self.symbols))
        blank, signal = one_hot(self.inputs, self.symbols), one_hot(self.inputs, self.symbols + 1)
        edges, answers = list[Edge](), dict[str, Class]()
        first = (self.asked_from + 1, self.asked_from + 1)
        for place, symbol in itertools.product(range(1, self.steps + 1), range(self.symbols)):
            here = f"{place}={symbol}:"
            read = [f"{here}read{count}" for count in range(self.steps + 1)]
            asked = [f"{here}answer{count}" for count in range(1, place + 1)]
            edges += [Edge("start", read[0], blank), *(Edge(node, node, blank) for node in read)]
            for count, step in enumerate(itertools.pairwise(read), 1):
                boxes = one_hot(self.inputs, symbol) if count == place else anything
                edges += [Edge("start", step[1], boxes)] if count == 1 else []
                edges.append(Edge(*step, boxes))
            edges.append(Edge(read[-1], asked[0], signal, steps=first))
            edges += [Edge(*step, signal) for step in itertools.pairwise(asked)]
            answers[asked[-1]] = Class(symbol)
        return Scenario("start", tuple(edges), answers, {}, self.longest)
