"""A task whose answer after each step is a function of the state of a finite automaton that reads the inputs.

All of them have words of one length, with one symbol at each step. The answer is asked for after every step or after
the last alone.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core import splits
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Criterion, Task, axis
from holdfast.core.text import percent
from holdfast.tasks._automaton import FREQUENT, FiniteAutomaton


@dataclass(frozen=True)
class AutomatonTask(Task):
    """A subclass has the automaton, and the right answers without it: inputs and targets are one-hot [time, symbol] and
    [time, answer]."""

    steps: int = axis(40, "length in steps, one symbol at each", least=1)
    scored: str = axis("every", "steps after which the answer is asked for", choices=("every", "last"))
    accuracy: float = axis(0.99, "share of right answers at which the task is solved", least=0)

    length_axis = "steps"

    @abc.abstractmethod
    def _made(self) -> FiniteAutomaton:
        """The automaton. Raises ``BadValue`` where these axes make none."""

    @abc.abstractmethod
    def _answers(self, word: list[str]) -> Sequence[str | None]:
        """The right answer after every symbol of an allowed word, None where none is asked for, computed without the
        automaton."""

    @cached_property
    def automaton(self) -> FiniteAutomaton:
        """The automaton whose state decides the answers."""
        return self._made()

    def mistakes(self) -> list[str]:
        reasons = [*super().mistakes(), *self._own_mistakes()]
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        if reasons:
            return reasons
        try:
            made = self.automaton
        except BadValue as problem:
            return [problem.message.rstrip(".")]
        return _too_few_words(made, self.steps)

    def _own_mistakes(self) -> list[str]:
        """Why the axes of the subclass make no automaton."""
        return []

    @property
    def loss(self) -> str:
        return "cross_entropy"

    @property
    def memory_unit(self):
        return "bits"

    @property
    def inputs(self) -> int:
        return len(self.automaton.symbols)

    @property
    def outputs(self) -> int:
        return len(self.automaton.answers)

    @property
    def longest(self) -> int:
        return self.steps

    @property
    def lag_steps(self) -> int:
        return self.steps - 1

    @property
    def asked_from(self) -> int:
        return 0 if self.scored == "every" else self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("accuracy", self.accuracy)

    def row(self, key, split):
        read, states = self.automaton.word(key, self.steps, split)
        answers = jnp.asarray(self.automaton.answer)[states]
        asked = (answers >= 0) & (jnp.arange(self.steps) >= self.asked_from)
        targets = jax.nn.one_hot(jnp.where(asked, answers, -1), self.outputs)
        return Batch(jax.nn.one_hot(read, self.inputs), targets, asked, jnp.ones(self.steps, bool))

    def oracle(self, inputs):
        made, answer = self.automaton, np.zeros((len(inputs), self.outputs))
        blank = np.flatnonzero(inputs.max(1) == 0)
        until = int(blank[0]) if len(blank) else len(inputs)
        for step, said in enumerate(self._answers([made.symbols[s] for s in inputs[:until].argmax(1)])):
            if said is not None and step >= self.asked_from:
                answer[step, made.answers.index(said)] = 1
        return answer

    def chance(self):
        return {"error_rms": None, "accuracy": self.automaton.chance(self.steps, self.asked_from)}

    def memory(self):
        return self.automaton.bits(self.steps, self.scored == "every")

    def scenario(self):
        """The automaton: what is where one is decides the answer."""
        return self.automaton.scenario(self.steps)

    def label_input(self, features):
        return self.automaton.symbols[int(np.argmax(features))] if features.any() else ""

    def label_output(self, features):
        return self.automaton.answers[int(np.argmax(features))]


def _too_few_words(made: FiniteAutomaton, steps: int) -> list[str]:
    """Why training and tests would have no disjoint rows."""
    if (count := made.count(steps, splits.FEWEST)) < splits.FEWEST:
        return [
            f"there are only {count} different rows of {steps} steps; training and test rows are disjoint, which needs "
            f"at least {splits.FEWEST} (raise --steps)"
        ]
    if (share := made.most_frequent(steps)) > FREQUENT:
        return [
            f"{percent(share)} of all rows of {steps} steps are one and the same; training and test rows are disjoint, "
            f"which needs at most {percent(FREQUENT)}"
        ]
    return []
