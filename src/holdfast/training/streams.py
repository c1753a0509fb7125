"""The random streams of one network, derived from the root seed and the number of the network.

Every purpose has its own stream. A change in the draws of one purpose therefore does not affect another, and the
training data of a network do not depend on the number of other networks.
"""

from __future__ import annotations

import jax
import numpy as np

from holdfast.core.arrays import Array

PURPOSES = ("weights", "data", "order", "validate", "confirm", "test", "measure")
"""``validate``, ``confirm`` and ``test`` are for evaluations during training; ``measure`` is for ``holdfast test``."""

WORD = 0xFFFFFFFF
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def stream(seed: int | Array, network: int | Array, purpose: str | Array) -> Array:
    """The random key of a network for one purpose, given by name or by its index in ``PURPOSES``."""
    root = jax.random.fold_in(jax.random.key(seed), PURPOSES.index(purpose) if isinstance(purpose, str) else purpose)
    return jax.random.fold_in(root, network)


def words(seed: int, network: int, purpose: str) -> tuple[int, int]:
    """The two words of the key ``stream(seed, network, purpose)``, computed without compiling anything."""
    if jax.config.jax_default_prng_impl != "threefry2x32":  # pyright: ignore[reportAttributeAccessIssue]
        first, second = np.asarray(jax.random.key_data(stream(seed, network, purpose))).tolist()[:2]
        return first, second
    key = (0, seed)
    for number in (PURPOSES.index(purpose), network):
        key = threefry(key, (0, number))
    return key


def threefry(key: tuple[int, int], count: tuple[int, int]) -> tuple[int, int]:
    """The hash of two words that JAX's keys are made with: Threefry-2x32 with 20 rounds.

    Source: Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3.
    """
    keys = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    low, high = ((word + add) & WORD for word, add in zip(count, key, strict=True))
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            low = (low + high) & WORD
            high = ((high << rotation) | (high >> (32 - rotation))) & WORD ^ low
        low = (low + keys[(group + 1) % 3]) & WORD
        high = (high + keys[(group + 2) % 3] + group + 1) & WORD
    return low, high
