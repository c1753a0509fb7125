"""Training never ends early: the whole budget is spent, and the network that is there then is judged."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.train.stops import Check, StoppingRule


@dataclass(frozen=True)
class WholeBudget(StoppingRule):
    def ends(self, check: Check) -> bool:
        return False
