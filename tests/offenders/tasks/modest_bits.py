"""OFFENDER: a word of signs that claims to need a bit less memory, and to be guessed better, than is true."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.core.task import axis
from holdfast.tasks.bits import Bits


@dataclass(frozen=True)
class ModestBits(Bits):
    steps: int = axis(3, "steps of a row", least=1)
    bits: int = axis(2, "signs that are held", least=1)

    def chance(self):
        return {"error_rms": 0.99, "accuracy": None}

    def memory(self):
        return [1.0, 1.0, 0.0]
