"""OFFENDER: recall whose rows are others in a batch of another size."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from holdfast.tasks.recall import Recall


@dataclass(frozen=True)
class BatchInTheKey(Recall):
    def sample(self, key, batch, split="train", first=0):
        return super().sample(jax.random.fold_in(key, batch), batch, split, first)
