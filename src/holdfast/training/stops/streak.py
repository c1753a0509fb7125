"""Stop after a number of consecutive right training sequences, each evaluated before its update.

A sequence is right if every scored answer is: the largest output at the right symbol, or an error below the task's
tolerance. The network of that moment is kept.

Source: the stopping rule of Hochreiter & Schmidhuber 1997, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.stops import Check, StoppingRule


@dataclass(frozen=True)
class Streak(StoppingRule):
    sequences: int = setting(1000, "number of consecutive right sequences", least=1)

    @property
    def counted(self) -> int:
        return self.sequences

    def ends(self, check: Check) -> bool:
        return check.streak >= self.sequences
