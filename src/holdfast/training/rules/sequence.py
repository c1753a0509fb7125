"""One update per sequence, with the gradient through all its steps."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import Task
from holdfast.training.rules.batch import PerBatch
from holdfast.training.settings import Settings


@dataclass(frozen=True)
class PerSequence(PerBatch):
    unused = ("batch",)

    def rows(self, task: Task) -> int:
        return 1

    def conflicts(self, settings: Settings) -> list[str]:
        if settings.batch in (None, 1):
            return []
        return [f"--update sequence uses one sequence per update, but --batch is {settings.batch}"]
