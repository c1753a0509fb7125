"""OFFENDER: the front imports what it should promise; what is for type checkers or inside a function is free."""

from typing import TYPE_CHECKING

import jax

from holdfast.engine.network import Network

if TYPE_CHECKING:
    import numpy as np


def later() -> "np.ndarray":
    import optax

    return optax.adam(0.1)


__all__ = ["Network", "jax"]
