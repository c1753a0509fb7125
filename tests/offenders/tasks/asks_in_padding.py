"""OFFENDER: recall that asks its question in the padding."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.core.task import axis
from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class AsksInPadding(Recall):
    steps: int = axis(3, "steps of a row", least=1)

    def row(self, key, split):
        row = super().row(key, split)
        return replace(row, present=~row.scored)
