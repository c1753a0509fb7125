"""The linear recurrence s_t = a_t * s_(t-1) + b_t by the compiled library, forwards and its gradient.

Derivatives are not defined here: ``engine/linear_recurrence.py`` knows them.
"""

from __future__ import annotations

import jax
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.native import suitable


def is_suitable(factor: Array, *others: Array) -> bool:
    """Whether the library can be had, and has kernels for arrays like these."""
    return not (suitable.no_library() or suitable.not_computed((factor, *others)))


def states(factor: Array, offset: Array, start: Array) -> Array:
    """The states [time, ...] after every step, for ``factor`` and ``offset`` [time, ...], from ``start`` [...]."""
    return _call("holdfast_linear", (factor,), factor, offset, start)[0]


def cotangents(factor: Array, states: Array, start: Array, d_states: Array) -> tuple[Array, Array, Array]:
    """Those of factor, offset and start, for ``states`` that ``d_states`` is the cotangent of."""
    d_factor, d_offset, d_start = _call(
        "holdfast_linear_gradient", (factor, factor, start), factor, states, start, d_states
    )
    return d_factor, d_offset, d_start


def _call(target: str, like: tuple[Array, ...], *arrays: Array) -> list[Array]:
    """vmap puts its axis in front of all of them, where the library takes it for more sequences."""
    shapes = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in like]
    call = jax.ffi.ffi_call(target, shapes, vmap_method="broadcast_all")
    return list(call(*arrays, axes=np.int64(like[0].ndim - 1)))
