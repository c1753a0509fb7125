"""The linear recurrence s_t = a_t * s_(t-1) + b_t and its gradient, computed by the compiled library.

``engine/linear_recurrence.py`` defines the derivative for JAX.
"""

from __future__ import annotations

import jax
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.native import suitable


def is_suitable(factor: Array, *others: Array) -> bool:
    """Whether the library is available and has kernels for such arrays."""
    return not (suitable.no_library() or suitable.not_computed((factor, *others)))


def states(factor: Array, offset: Array, start: Array) -> Array:
    """The states [time, ...] after every step, for a ``factor`` and ``offset`` [time, ...] and a ``start`` [...]."""
    return _call("holdfast_linear", (factor,), factor, offset, start)[0]


def cotangents(factor: Array, states: Array, start: Array, d_states: Array) -> tuple[Array, Array, Array]:
    """The cotangents of factor, offset and start, from the cotangent ``d_states`` of ``states``."""
    d_factor, d_offset, d_start = _call(
        "holdfast_linear_gradient", (factor, factor, start), factor, states, start, d_states
    )
    return d_factor, d_offset, d_start


def _call(target: str, like: tuple[Array, ...], *arrays: Array) -> list[Array]:
    """Call the library. vmap adds a leading axis to all arrays, which the library treats as more sequences."""
    shapes = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in like]
    call = jax.ffi.ffi_call(target, shapes, vmap_method="broadcast_all")
    return list(call(*arrays, axes=np.int64(like[0].ndim - 1)))
