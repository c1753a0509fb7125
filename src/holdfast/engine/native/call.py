"""Calls of the library by the operations over all steps, and their cotangents."""

from __future__ import annotations

from typing import Any

import jax
from jax.custom_derivatives import SymbolicZero

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import zeros


def called(target: str, shapes: list[tuple[int, ...]], arrays: tuple[Array, ...], **attributes: Any) -> list[Array]:
    """The results of ``target``, of these shapes. vmap adds a leading axis to all arrays, which the library treats as
    more sequences."""
    results = [jax.ShapeDtypeStruct(shape, arrays[0].dtype) for shape in shapes]
    return list(jax.ffi.ffi_call(target, results, vmap_method="broadcast_all")(*arrays, **attributes))


def instantiated(cotangent: Any) -> Array:
    """The cotangent as an array, also where it is a symbolic zero."""
    zero: Any = cotangent  # pyright takes a SymbolicZero's dtype for a method
    return zeros(zero.shape, zero.dtype) if isinstance(cotangent, SymbolicZero) else cotangent
