"""Training ends once so many training sequences in a row were right, each before the weights changed for it.

A sequence is right if every answer that is asked for is: the largest output at the right symbol, or the error below the
task's tolerance. The network is kept as it was then.

Source: the stopping rule of Hochreiter & Schmidhuber 1997, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.train.stops import Check, StoppingRule


@dataclass(frozen=True)
class Streak(StoppingRule):
    sequences: int = setting(1000, "right sequences in a row", least=1)

    @property
    def counted(self) -> int:
        return self.sequences

    def ends(self, check: Check) -> bool:
        return check.streak >= self.sequences
