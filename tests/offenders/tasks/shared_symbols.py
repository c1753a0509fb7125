"""OFFENDER: a copy whose test rows are training rows."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.copy import Copy


@dataclass(frozen=True)
class SharedSymbols(Copy):
    steps: int = 4

    def row(self, key, split):
        return super().row(key, "train")
