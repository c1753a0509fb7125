"""Read x_1 ... x_n, wait, then give all of them in order.

After the n inputs come ``lag`` blank steps, then n steps at which the copy is the target. The first of these carries a
signal (symbols: an extra symbol; reals: a second channel). Only these n steps are scored. Published figures average
over the blank steps too, so their loss is smaller by the factor n / (2 n + lag).

Source: similar to Hochreiter & Schmidhuber 1997; in this form Arjovsky, Shah & Bengio 2016, arXiv:1511.06464.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.scenario import Answer, Box, Class, Edge, Scenario, Value, drawn, one_hot, point
from holdfast.core.task import Batch, Criterion, Task, axis, range_mistakes

FEWEST = 1000
"""Different rows below which a network learns the training half by heart and copies nothing else."""


@dataclass(frozen=True)
class Copy(Task):
    """symbols: inputs one-hot [time, symbols + 2] (blank, signal last); reals: inputs (value, signal) [time, 2]."""

    steps: int = axis(5, "number of symbols or numbers to copy", least=1)
    lag: int = axis(10, "blank steps between the last input and the answer", least=0)
    variant: str = axis("symbols", "copy symbols or real numbers", choices=("symbols", "reals"))
    symbols: int = axis(8, "size of the alphabet", least=2)
    range: tuple[float, float] = axis((-1.0, 1.0), "range of the numbers, variant reals")
    accuracy: float = axis(0.99, "share of right symbols at which the task is solved, variant symbols", least=0)
    tolerance: float = axis(0.05, "largest error of a right answer, variant reals", least=1e-12)

    length_axis = "lag"

    @property
    def unused(self) -> frozenset[str]:
        return frozenset({"range", "tolerance"} if self.variant == "symbols" else {"symbols", "accuracy"})

    @property
    def loss(self) -> str:
        return "cross_entropy" if self.variant == "symbols" else "squared_error"

    @property
    def memory_unit(self):
        return "bits" if self.variant == "symbols" else "reals"

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        whole = self.symbols >= 2 and self.steps >= 1
        if self.variant == "symbols" and whole and self.symbols**self.steps < FEWEST:
            reasons.append(
                f"{self.symbols} symbols at {self.steps} steps make only {self.symbols**self.steps} different rows; "
                f"half of them are for training, which needs at least {FEWEST} (raise --symbols or --steps)"
            )
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        return reasons + range_mistakes(self.range)

    @property
    def inputs(self) -> int:
        return self.symbols + 2 if self.variant == "symbols" else 2

    @property
    def outputs(self) -> int:
        return self.symbols if self.variant == "symbols" else 1

    @property
    def longest(self) -> int:
        return 2 * self.steps + self.lag

    @property
    def lag_steps(self) -> int:
        return self.steps + self.lag

    @property
    def asked_from(self) -> int:
        return self.longest - self.steps

    @property
    def criterion(self) -> Criterion:
        if self.variant == "symbols":
            return Criterion("accuracy", self.accuracy)
        return Criterion("error_sup", self.tolerance)

    @cached_property
    def _answer(self) -> np.ndarray:
        return np.arange(self.longest) >= self.longest - self.steps

    def row(self, key, split):
        before, answer = self.longest - self.steps, jnp.asarray(self._answer)
        signal = jnp.arange(self.longest) == before
        if self.variant == "symbols":
            drawn = splits.symbols(key, self.steps, self.symbols, split)
            blank = jnp.full(self.longest, self.symbols).at[: self.steps].set(drawn)
            inputs = jax.nn.one_hot(jnp.where(signal, self.symbols + 1, blank), self.inputs)
            copied = jax.nn.one_hot(drawn, self.symbols)
        else:
            low, high = self.range
            drawn = splits.reals(key, (self.steps,), split, low, high)
            inputs = jnp.stack([jnp.zeros(self.longest).at[: self.steps].set(drawn), signal.astype(jnp.float32)], -1)
            copied = drawn[:, None]
        targets = jnp.zeros((self.longest, self.outputs)).at[before:].set(copied)
        return Batch(inputs, targets, answer, jnp.ones(self.longest, bool))

    def oracle(self, inputs):
        answer = np.zeros((self.longest, self.outputs))
        answer[self._answer] = inputs[: self.steps, : self.outputs]
        return answer

    def chance(self):
        if self.variant == "symbols":
            return {"error_rms": None, "accuracy": 1 / self.symbols}
        return {"error_rms": (self.range[1] - self.range[0]) / 12**0.5, "accuracy": None}

    def memory(self):
        each = math.log2(self.symbols) if self.variant == "symbols" else 1.0
        n, before = self.steps, self.longest - self.steps
        return [each * (min(t, n) - max(0, t - before)) for t in range(1, self.longest + 1)]

    @property
    def _signal(self) -> tuple[int, int]:
        """The step of the signal, from 1, as the first and the last that it may have."""
        return self.asked_from + 1, self.asked_from + 1

    def scenario(self):
        return self._symbols_one_by_one() if self.variant == "symbols" else self._numbers_by_name()

    def _numbers_by_name(self) -> Scenario:
        """One path: x1 ... xn are read, then any number of blanks, the signal, and each is asked for."""
        low, high = drawn(*self.range)
        number, blank, signal = (Box((low, 0.0), (high, 0.0)),), (point(0.0, 0.0),), (point(0.0, 1.0),)
        names = [f"x{j + 1}" for j in range(self.steps)]
        asked = [f"answer {name}" for name in names]
        reading = itertools.pairwise(["start", *(f"read {name}" for name in names[:-1]), "wait"])
        edges = [Edge(*step, number, (0, name)) for step, name in zip(reading, names, strict=True)]
        edges += [Edge("wait", "wait", blank), Edge("wait", asked[0], signal, steps=self._signal)]
        edges += [Edge(*step, blank) for step in itertools.pairwise(asked)]
        answers = {node: (Value({name: 1.0}),) for node, name in zip(asked, names, strict=True)}
        return Scenario("start", tuple(edges), answers, dict.fromkeys(names, (low, high)), self.longest)

    def _symbols_one_by_one(self) -> Scenario:
        """For each place j and symbol s a path ``j=s`` of the rows that have s there; only that place is asked for."""
        anything = one_hot(self.inputs, *range(self.symbols))
        blank, signal = one_hot(self.inputs, self.symbols), one_hot(self.inputs, self.symbols + 1)
        edges: list[Edge] = []
        answers: dict[str, Answer] = {}
        for place, symbol in itertools.product(range(1, self.steps + 1), range(self.symbols)):
            here = f"{place}={symbol}:"
            nodes = ["start", *(f"{here}read{j}" for j in range(1, self.steps)), f"{here}wait"]
            for j, step in enumerate(itertools.pairwise(nodes), 1):
                edges.append(Edge(*step, one_hot(self.inputs, symbol) if j == place else anything))
            wait, asked = nodes[-1], [f"{here}answer{j}" for j in range(1, place + 1)]
            edges += [Edge(wait, wait, blank), Edge(wait, asked[0], signal, steps=self._signal)]
            edges += [Edge(*step, blank) for step in itertools.pairwise(asked)]
            answers[asked[-1]] = Class(symbol)
        return Scenario("start", tuple(edges), answers, {}, self.longest)

    def label_input(self, features):
        if self.variant == "reals":
            return super().label_input(features)
        return ([str(s) for s in range(self.symbols)] + ["_", "!"])[int(np.argmax(features))]

    def label_output(self, features):
        return str(int(np.argmax(features))) if self.variant == "symbols" else super().label_output(features)
