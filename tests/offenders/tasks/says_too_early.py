"""OFFENDER: recall that says it asks from a step on at which no row is scored."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class SaysTooEarly(Recall):
    steps: int = axis(3, "steps of a row", least=1)

    @property
    def asked_from(self) -> int:
        return self.steps - 2
