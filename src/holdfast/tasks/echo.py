"""Repeat the first symbol after ``lag`` steps.

Given sequences (``--sequences 3,0,1,2,3 4,0,1,2,4``): predict the next symbol at every step. Training and test use the
same rows, since there are no others. Random sequences: a first symbol, then ``lag`` - 1 distractors; at the last of
them the target is the first symbol. Variant ``apart`` draws distractors from another alphabet, as the demonstration
does; ``shared`` draws them from the alphabet of the first symbol, so that only its position marks the symbol to be
kept.

Source: a simplified form of Experiment 2 of Hochreiter & Schmidhuber 1997; the given sequences are those of a
tutorial of 2017 on memory in LSTMs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from holdfast.core import sequences as given
from holdfast.core.errors import BadValue
from holdfast.core.task import Batch, Criterion, Split, Task, axis
from holdfast.tasks._echo_given import GivenSequences
from holdfast.tasks._echo_random import RandomSequences


@dataclass(frozen=True)
class Echo(Task):
    """inputs and targets one-hot over the alphabet, [time, symbol]."""

    lag: int = axis(10, "steps from the first symbol to its repetition, random sequences", least=2)
    symbols: int = axis(2, "number of possible first symbols, random sequences", least=2)
    distractors: int = axis(3, "number of distractor symbols, variant apart", least=2)
    variant: str = axis("apart", "alphabet of the distractors", choices=("apart", "shared"))
    sequences: tuple[tuple[str, ...], ...] | None = axis(None, "given sequences of symbols instead of random ones")
    accuracy: float = axis(1.0, "share of right symbols at which the task is solved", least=0)

    length_axis = "lag"

    @cached_property
    def _form(self) -> GivenSequences | RandomSequences:
        """Which of the two forms this is: all that differs between them is there."""
        if self.sequences:
            return GivenSequences(self.sequences)
        return RandomSequences(self.lag, self.symbols, self.distractors if self.variant == "apart" else 0)

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.sequences is not None:
            try:
                given.check(self.sequences)
            except BadValue as problem:
                reasons.append(problem.message.rstrip("."))
        elif isinstance(self._form, RandomSequences):
            reasons += self._form.mistakes()
        if self.accuracy > 1:
            reasons.append(f"--accuracy is {self.accuracy:g}, expected at most 1")
        return reasons

    @property
    def unused(self) -> frozenset[str]:
        if self.sequences is not None:
            return frozenset({"lag", "symbols", "distractors", "variant"})
        return frozenset({"sequences"} | ({"distractors"} if self.variant == "shared" else set()))

    @property
    def loss(self) -> str:
        return self._form.loss

    @property
    def alphabet(self) -> tuple[str, ...]:
        return self._form.alphabet

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
        return self._form.shortest

    @property
    def longest(self) -> int:
        return self._form.longest

    @property
    def lag_steps(self) -> int:
        return self.longest

    @property
    def asked_from(self) -> int:
        return self._form.asked_from

    @property
    def criterion(self) -> Criterion:
        return Criterion("accuracy", self.accuracy, self._form.judged_on, "given" if self.sequences else "fresh")

    def examples(self, split: Split = "train") -> Batch | None:
        return self._form.examples()

    def row(self, key, split):
        return self._form.row(key, split)

    def oracle(self, inputs):
        return self._form.oracle(inputs)

    def chance(self):
        return {"error_rms": None, "accuracy": self._form.chance()}

    def memory(self):
        return self._form.memory()

    def scenario(self):
        return self._form.scenario()

    def label_input(self, features):
        return self.alphabet[int(np.argmax(features))] if features.any() else ""

    label_output = label_input
