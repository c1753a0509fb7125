"""Training ends at the first check at which the task is solved: on fresh sequences, as many as the criterion says."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.train.stops import Check, StoppingRule


@dataclass(frozen=True)
class FirstSuccess(StoppingRule):
    def ends(self, check: Check) -> bool:
        return check.solved
