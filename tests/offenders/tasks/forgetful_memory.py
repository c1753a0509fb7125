"""OFFENDER: recall that says its number is held one step longer than it has to be."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class ForgetfulMemory(Recall):
    def memory(self):
        return [1.0] * self.steps
