"""OFFENDER: a copy whose test rows are training rows."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks.copy import Copy


@dataclass(frozen=True)
class SharedSymbols(Copy):
    steps: int = axis(4, "steps of a row", least=1)

    def row(self, key, split):
        return super().row(key, "train")
