"""OFFENDER: recall that refuses nothing."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class TakesAnything(Recall):
    def mistakes(self):
        return []
