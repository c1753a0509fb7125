"""OFFENDER: recall whose batches are all the same."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class IgnoresTheKey(Recall):
    def row(self, key, split):
        return super().row(jax.random.key(0), split)
