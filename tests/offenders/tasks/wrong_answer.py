"""OFFENDER: recall whose scenario asks for the number's negative."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.core.scenario import Value
from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class WrongAnswer(Recall):
    def scenario(self):
        right = super().scenario()
        return replace(right, answers={"held": (Value({"x1": -1.0}),)})
