"""OFFENDER: a word of signs that claims to need a bit less memory, and to be guessed better, than is true."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.tasks.bits import Bits


@dataclass(frozen=True)
class ModestBits(Bits):
    steps: int = 3
    bits: int = 2

    def chance(self):
        return {"error_rms": 0.99, "accuracy": None}

    def memory(self):
        return [1.0, 1.0, 0.0]
