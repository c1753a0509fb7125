"""OFFENDER: recall that asks one step before it says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax.numpy as jnp

from holdfast.core.task import axis
from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class AsksEarly(Recall):
    steps: int = axis(3, "steps of a row", least=1)

    def row(self, key, split):
        row = super().row(key, split)
        return replace(row, scored=row.scored | (jnp.arange(self.steps) == self.steps - 2))
