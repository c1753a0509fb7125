"""OFFENDER: recall that always starts at its first row."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class IgnoresFirst(Recall):
    def sample(self, key, batch, split="train", first=0):
        return super().sample(key, batch, split)
