"""The random streams of one network, all from the root seed and the network's own number.

A stream belongs to one purpose, so that changing how much one purpose draws never changes another, and what a
network is trained on does not depend on how many others are trained beside it.
"""

from __future__ import annotations

import jax

from holdfast.core.arrays import Array

PURPOSES = ("weights", "data", "order", "validate", "confirm", "test", "measure")
"""``validate``, ``confirm`` and ``test`` judge during training; ``measure`` is for ``holdfast test``, later."""


def stream(seed: int | Array, network: int | Array, purpose: str | Array) -> Array:
    """The key of one network's stream for one purpose, given by name or by its place in ``PURPOSES``."""
    root = jax.random.fold_in(jax.random.key(seed), PURPOSES.index(purpose) if isinstance(purpose, str) else purpose)
    return jax.random.fold_in(root, network)
