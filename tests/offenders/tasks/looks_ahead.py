"""OFFENDER: an echo that asks for the first distractor before it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax.numpy as jnp

from holdfast.tasks.echo import Echo


@dataclass(frozen=True)
class LooksAhead(Echo):
    def row(self, key, split):
        row = super().row(key, split)
        return replace(row, targets=jnp.roll(row.inputs, -1, 0), scored=jnp.arange(self.lag) == 0)

    def oracle(self, inputs):
        return inputs
