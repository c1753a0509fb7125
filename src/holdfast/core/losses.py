"""The losses by name, each averaged over the scored steps; all from Optax."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# Optax has no types.

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import optax

from holdfast.core.arrays import Array

LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    # Keras's binary cross-entropy and PyTorch's BCEWithLogitsLoss: the mean over outputs of one step.
    "binary_cross_entropy": lambda outputs, targets: optax.sigmoid_binary_cross_entropy(outputs, targets).mean(-1),
    "cross_entropy": lambda outputs, targets: optax.softmax_cross_entropy(outputs, targets),
    "squared_error": lambda outputs, targets: optax.squared_error(outputs, targets).mean(-1),
}


def mean_loss(name: str, outputs: Array, targets: Array, scored: Array) -> Array:
    """The mean over scored steps, in nats (cross-entropies) or squared units of the target; 0 where none is."""
    each = LOSSES[name](outputs, targets)
    weight = scored.astype(each.dtype)
    return (each * weight).sum() / jnp.maximum(weight.sum(), 1)
