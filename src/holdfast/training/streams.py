"""The random streams of one network, derived from the root seed and the number of the network.

Every purpose has its own stream. A change in the draws of one purpose therefore does not affect another, and the
training data of a network do not depend on the number of other networks.
"""

from __future__ import annotations

import jax

from holdfast.core.arrays import Array

PURPOSES = ("weights", "data", "order", "validate", "confirm", "test", "measure")
"""``validate``, ``confirm`` and ``test`` are for evaluations during training; ``measure`` is for ``holdfast test``."""


def stream(seed: int | Array, network: int | Array, purpose: str | Array) -> Array:
    """The random key of a network for one purpose, given by name or by its index in ``PURPOSES``."""
    root = jax.random.fold_in(jax.random.key(seed), PURPOSES.index(purpose) if isinstance(purpose, str) else purpose)
    return jax.random.fold_in(root, network)
