"""Read pairs (value, marker), then give the sum of the two marked values.

The literature has three forms, whose results cannot be compared: ``1997``: values in [-1, 1], length drawn from [steps,
1.1 steps], first and last marker -1, the first mark among the first ten pairs and the second among the first steps/2 -
1; the target is 0.5 + sum/4. A mark on the very first pair makes that value count as 0 (the paper says so of X1; here
it holds for either mark). ``halves``: values in [0, 1], one mark in each half, target the plain sum. ``anywhere``:
values in [0, 1], two marks anywhere.

Source: 1997: Hochreiter & Schmidhuber, Experiment 4; halves: Arjovsky, Shah & Bengio 2016, arXiv:1511.06464;
anywhere: Martens & Sutskever 2011 and later variants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from holdfast.core.task import Criterion, Task, axis
from holdfast.tasks._adding_1997 import LEAST_STEPS, Paper1997
from holdfast.tasks._adding_sum import MarkedSum


@dataclass(frozen=True)
class Adding(Task):
    """inputs (value, marker) [time, 2]; the target is asked for at the last present step."""

    steps: int = axis(50, "number of pairs; for variant 1997 the least number", least=4)
    variant: str = axis("halves", "form of the task", choices=("1997", "halves", "anywhere"))
    tolerance: float = axis(0.04, "largest error of a right answer", least=1e-12)

    length_axis = "steps"

    @cached_property
    def _form(self) -> Paper1997 | MarkedSum:
        """All that differs between the variants."""
        return Paper1997(self.steps) if self.variant == "1997" else MarkedSum(self.steps, self.variant == "halves")

    def mistakes(self) -> list[str]:
        reasons = super().mistakes()
        if self.variant == "1997" and self.steps < LEAST_STEPS:
            reasons.append(
                f"--steps is {self.steps}; variant 1997 marks ten or more pairs, expected at least {LEAST_STEPS}"
            )
        return reasons

    @property
    def loss(self) -> str:
        return "squared_error"

    @property
    def memory_unit(self):
        return "reals"

    @property
    def inputs(self) -> int:
        return 2

    @property
    def outputs(self) -> int:
        return 1

    @property
    def shortest(self) -> int:
        return self.steps

    @property
    def longest(self) -> int:
        return self._form.longest

    @property
    def lag_steps(self) -> int:
        return self.longest - 1

    @property
    def asked_from(self) -> int:
        return self.steps - 1

    @property
    def criterion(self) -> Criterion:
        return Criterion("error_sup", self.tolerance)

    def row(self, key, split):
        return self._form.row(key, split)

    def oracle(self, inputs):
        return self._form.oracle(inputs)

    def chance(self):
        return {"error_rms": self._form.chance() ** 0.5, "accuracy": None}

    def memory(self):
        return self._form.memory()

    def scenario(self):
        return self._form.scenario()
