"""Stop at the first evaluation at which the task is solved, on as many fresh sequences as the criterion requires."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.training.stops import Check, StoppingRule


@dataclass(frozen=True)
class FirstSuccess(StoppingRule):
    def ends(self, check: Check) -> bool:
        return check.solved
