"""OFFENDER: recall whose test rows come from the training grid."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class SharedNumbers(Recall):
    def row(self, key, split):
        return super().row(key, "train")
