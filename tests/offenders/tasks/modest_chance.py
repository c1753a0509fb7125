"""OFFENDER: an echo that calls a third chance where a coin would do."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.echo import Echo


@dataclass(frozen=True)
class ModestChance(Echo):
    def chance(self):
        return {"error_rms": None, "accuracy": 1 / 3}
