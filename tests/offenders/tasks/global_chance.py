"""OFFENDER: recall that draws from a generator which nobody seeds."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from holdfast.tasks.recall import Recall

generator = np.random.default_rng()


@dataclass(frozen=True)
class GlobalChance(Recall):
    def row(self, key, split):
        return super().row(jax.random.fold_in(key, int(generator.integers(2**31))), split)
