"""Never stop early: use the whole budget, then evaluate the network."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.training.stops import Check, StoppingRule


@dataclass(frozen=True)
class WholeBudget(StoppingRule):
    def ends(self, check: Check) -> bool:
        return False
