"""OFFENDER: recall whose oracle gives the number after the one that was asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class WrongOracle(Recall):
    def oracle(self, inputs):
        return super().oracle(np.roll(inputs, -1, 0))
