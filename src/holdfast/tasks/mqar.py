"""Read pairs of a key and a value, then keys again, and give the value of each (multi-query associative recall).

After the pairs come places of two steps. In each place stands one of the keys, whose value is asked for at once, or no
key; everything else in the places is a random value, which is to be ignored. Every key is asked for once. The place of
a key has the number s with a probability that is proportional to s^(power - 1), so that long gaps are rarer.

Source: Arora et al. 2023, arXiv:2312.04927. There values of a row differ from each other, and what is to be ignored is
drawn from all symbols.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.errors import BadValue
from holdfast.core.scenario import Box, Class, Edge, Scenario, one_hot
from holdfast.core.task import axis
from holdfast.tasks._retrieval import RetrievalTask, too_many_symbols

PROVABLE = 64
"""Symbols up to which there is a scenario: it has a path for every key with every value."""


@dataclass(frozen=True)
class Mqar(RetrievalTask):
    """inputs one-hot [time, symbol], keys first, then values; targets one-hot over the values."""

    steps: int = axis(64, "length in steps, at least four for every pair", least=4)
    pairs: int = axis(4, "pairs of a key and a value", least=1)
    symbols: int = axis(64, "number of symbols, half of them keys, half values", least=4)
    power: float = axis(0.01, "exponent of the gaps plus 1; with 1 every gap is as probable", least=0)

    length_axis = "steps"

    def _own_mistakes(self):
        reasons = too_many_symbols("symbols", self.symbols)
        if self.steps < 4 * self.pairs:
            reasons.append(f"--steps is {self.steps}, but {self.pairs} pairs need at least {4 * self.pairs}")
        if self.steps % 2:
            reasons.append(f"--steps is {self.steps}, expected an even number: pairs and places have two steps")
        if self.symbols % 2:
            reasons.append(f"--symbols is {self.symbols}, expected an even number: half are keys, half values")
        if self.symbols == 4 and self.steps == 4:
            reasons.append("4 symbols at 4 steps make too few different rows for disjoint training and test rows")
        if self.pairs > self.symbols // 2:
            reasons.append(f"{self.pairs} pairs need as many keys, and half of {self.symbols} symbols are keys")
        return reasons

    @property
    def _kinds(self) -> int:
        """The number of keys, and of values."""
        return self.symbols // 2

    @property
    def _places(self) -> int:
        """Where a key may be asked for, of two steps each."""
        return self.steps // 2 - self.pairs

    @property
    def letters(self) -> tuple[str, ...]:
        return (*(f"k{key}" for key in range(self._kinds)), *self.values)

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(f"v{value}" for value in range(self._kinds))

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def lag_steps(self) -> int:
        return self.steps - 2

    @property
    def asked_from(self) -> int:
        return 2 * self.pairs

    def _drawn(self, key, split):
        keys_key, places_key, values_key = jax.random.split(key, 3)
        keys = jax.random.permutation(keys_key, self._kinds)[: self.pairs]
        # The largest of log-probabilities with noise of Gumbel are drawn one after another without replacement.
        chances = (self.power - 1) * np.log(np.arange(1, self._places + 1))
        places = jax.lax.top_k(jax.random.gumbel(places_key, (self._places,)) + chances, self.pairs)[1]
        # All values and all that is ignored say which split a row belongs to.
        drawn = splits.symbols(values_key, 2 * self._places, self._kinds, split)
        values = drawn[: self.pairs]
        context = jnp.stack([keys, self._kinds + values], 1).ravel()
        at = 2 * places
        asked = jnp.zeros(2 * self._places, bool).at[at].set(True)
        ignored = self._kinds + drawn[jnp.minimum(self.pairs + jnp.cumsum(~asked) - 1, 2 * self._places - 1)]
        read = jnp.concatenate([context, ignored.at[at].set(keys)])
        answers = jnp.full(self.steps, -1).at[2 * self.pairs + at].set(values)
        return read, answers

    def _sources(self, read):
        at = {key: 2 * pair + 1 for pair, key in enumerate(read[: 2 * self.pairs : 2])}
        asked = range(2 * self.pairs, len(read))
        return {step: at[read[step]] for step in asked if 0 <= read[step] < self._kinds}

    def memory(self):
        """A lower bound where there are more keys than pairs: rows with the same keys have to be told apart by all
        their values, and, between a key and its value, by which of the keys that is. (The bound is reached after every
        pair if a code of maximal distance with as many symbols exists, for example for a prime number of keys.)"""
        each = math.log2(self._kinds)
        reading = [
            read // 2 * each + (math.log2(read // 2 + 1) if read % 2 else 0.0) for read in range(1, self.asked_from)
        ]
        left = [self._places - 1 - passed // 2 for passed in range(2 * self._places)]
        return [*reading, self.pairs * each, *(min(self.pairs, places) * each for places in left)]

    def scenario(self):
        """For each key and value a path of the rows that pair them; only that key is asked for there, and once.

        Other pairs, keys and values that are ignored may come in any number. Which other key was just read is told by
        the node, since the next value may be stored under it.
        """
        if self.symbols > PROVABLE:
            raise BadValue(
                f"{self.name}: a scenario has a path for every key with every value, too many of {self.symbols} "
                "symbols.",
                f"Proofs are for up to --symbols {PROVABLE}.",
            )
        n = self._kinds
        single = [one_hot(self.symbols, symbol) for symbol in range(2 * n)]
        values = one_hot(self.symbols, *range(n, 2 * n))
        keys = {f"k{key}": single[key] for key in range(n)}
        edges, answers = [Edge("asked", "asked", values)], dict[str, Class]()
        edges += _of_keys(("asked",), "asked", keys, values)
        for key, here in enumerate(keys):
            before, named = f"{here}:before", f"{here}:named"
            others = {name: read for name, read in keys.items() if name != here}
            edges += [Edge(node, named, single[key]) for node in ("start", before)]
            edges += _of_keys(("start", before), before, others, values)
            for value in range(n):
                pair = f"{here}=v{value}"
                held, passing, answer = (f"{pair}:{node}" for node in ("held", "passing", "answer"))
                edges += [Edge(named, held, single[n + value]), Edge(held, answer, single[key])]
                edges += [Edge(held, passing, values), Edge(passing, held, values), Edge(answer, "asked", values)]
                edges += _of_keys((held,), held, others, values)
                answers[answer] = Class(value)
        return Scenario("start", tuple(edges), answers, {}, self.longest)


def _of_keys(
    sources: tuple[str, ...], target: str, keys: Mapping[str, tuple[Box, ...]], values: tuple[Box, ...]
) -> Iterator[Edge]:
    """The edges by which one of these keys is read, and then a value."""
    for name, read in keys.items():
        between = f"{target}:after {name}"
        yield from (Edge(source, between, read) for source in sources)
        yield Edge(between, target, values)
