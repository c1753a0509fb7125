"""Stop at the first evaluation with an error or a loss below a bound, whether or not that solves the task."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.fields import setting
from holdfast.training.stops import Check, StoppingRule


@dataclass(frozen=True)
class ErrorBelow(StoppingRule):
    below: float = setting(0.01, "bound on the error", positive=True)
    figure: str = setting(
        "loss",
        "measure: the mean loss, the rms error or the largest error",
        choices=("loss", "error_rms", "error_sup"),
    )

    def ends(self, check: Check) -> bool:
        return check.figures[self.figure] < self.below
