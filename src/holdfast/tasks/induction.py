"""Read symbols, one of them after a mark; when the mark comes again, give the symbol that followed it.

The place of the first mark is random, and the second is the last step.

Source: induction heads: Olsson et al. 2022, arXiv:2209.11895; with one mark: Fu et al. 2022, arXiv:2212.14052.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from holdfast.core import splits
from holdfast.core.scenario import Class, Edge, Scenario, one_hot
from holdfast.core.task import axis
from holdfast.tasks._retrieval import RetrievalTask, too_many_symbols


@dataclass(frozen=True)
class Induction(RetrievalTask):
    """inputs one-hot [time, symbols + 1], the mark last; targets one-hot over the symbols, at the last step."""

    steps: int = axis(32, "length in steps, both marks included", least=4)
    symbols: int = axis(16, "number of symbols besides the mark", least=2)

    length_axis = "steps"

    def _own_mistakes(self):
        reasons = too_many_symbols("symbols", self.symbols)
        rows = self.symbols ** min(max(0, self.steps - 2), 20) if self.symbols >= 2 else splits.FEWEST
        if self.steps >= 4 and rows < splits.FEWEST:
            reasons.append(
                f"{self.steps - 2} of {self.symbols} symbols make only {rows} different rows; training and test rows "
                f"are disjoint, which needs at least {splits.FEWEST}"
            )
        return reasons

    @property
    def letters(self) -> tuple[str, ...]:
        return (*self.values, "!")

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(symbol) for symbol in range(self.symbols))

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def lag_steps(self) -> int:
        return self.steps - 1

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    def _drawn(self, key, split):
        symbols_key, place_key = jax.random.split(key)
        symbols = splits.symbols(symbols_key, self.steps - 2, self.symbols, split)
        place = jax.random.randint(place_key, (), 0, self.steps - 2)
        step = jnp.arange(self.steps)
        mark = (step == place) | (step == self.steps - 1)
        read = jnp.where(mark, self.symbols, symbols[jnp.clip(step - (step > place), 0, self.steps - 3)])
        return read, jnp.where(step == self.steps - 1, symbols[place], -1)

    def _sources(self, read):
        marks = [step for step, symbol in enumerate(read) if symbol == self.symbols]
        return {marks[1]: marks[0] + 1} if len(marks) > 1 else {}

    def memory(self):
        # The symbol that followed the mark, or that it is the next one; that no mark has come the next mark tells.
        known = [(self.symbols if step > 1 else 0) + (step <= self.steps - 2) for step in range(1, self.steps)]
        return [*(math.log2(count) for count in known), 0.0]

    def scenario(self):
        """One path per symbol that may follow the mark."""
        anything, mark = one_hot(self.inputs, *range(self.symbols)), one_hot(self.inputs, self.symbols)
        first, last = (1, self.steps - 2), (self.steps, self.steps)
        edges = [Edge(node, "before", anything) for node in ("start", "before")]
        edges += [Edge(node, "marked", mark, steps=first) for node in ("start", "before")]
        for symbol, name in enumerate(self.values):
            held, asked = f"{name} held", f"{name} asked"
            edges += [Edge("marked", held, one_hot(self.inputs, symbol)), Edge(held, held, anything)]
            edges.append(Edge(held, asked, mark, steps=last))
        answers = {f"{name} asked": Class(symbol) for symbol, name in enumerate(self.values)}
        return Scenario("start", tuple(edges), answers, {}, self.longest)
