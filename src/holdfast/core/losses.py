"""The losses by name, each averaged over the scored steps; all from Optax."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false
# Optax has no types.

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp

from holdfast.core.arrays import Array


def _binary_cross_entropy(outputs: Array, targets: Array) -> Array:
    """Keras's binary cross-entropy and PyTorch's BCEWithLogitsLoss: the mean over outputs of one step."""
    import optax

    return optax.sigmoid_binary_cross_entropy(outputs, targets).mean(-1)


def _cross_entropy(outputs: Array, targets: Array) -> Array:
    import optax

    return optax.softmax_cross_entropy(outputs, targets)


def _squared_error(outputs: Array, targets: Array) -> Array:
    import optax

    return optax.squared_error(outputs, targets).mean(-1)


LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
}


def mean_loss(name: str, outputs: Array, targets: Array, scored: Array) -> Array:
    """The mean over scored steps, in nats (cross-entropies) or squared units of the target; 0 where none is."""
    each = LOSSES[name](outputs, targets)
    weight = scored.astype(each.dtype)
    return (each * weight).sum() / jnp.maximum(weight.sum(), 1)
