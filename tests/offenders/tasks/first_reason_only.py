"""OFFENDER: recall that keeps all reasons but the first to itself."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class FirstReasonOnly(Recall):
    def mistakes(self):
        return super().mistakes()[:1]
