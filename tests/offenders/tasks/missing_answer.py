"""OFFENDER: recall whose scenario asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class MissingAnswer(Recall):
    def scenario(self):
        right = super().scenario()
        return replace(right, answers={})
