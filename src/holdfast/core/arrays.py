"""The vocabulary of shapes. Every array that crosses a function's border has one of these types.

The axes by name: ``batch`` (sequences side by side), ``time`` (steps), ``input`` and ``output`` (features),
``unit`` (hidden units), ``source`` (what a linear map reads) and ``column`` (its outputs, all gates side by side).
Checked in tests by jaxtyping with beartype; free at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Bool, Float, Int

from holdfast.core.typed_jax import device_put

Leaf = Any
"""A field of a pytree: an array, or whatever JAX puts in its place while it maps, batches or compiles."""

Inputs = Float[Array, "batch time input"]
GivenInputs = Float[Array | np.ndarray, "batch time input"] | Int[Array | np.ndarray, "batch time"]
"""What a user gives a network to read: numbers or symbols, in an array of JAX or NumPy."""
GivenMask = Bool[Array | np.ndarray, "batch time"]
Targets = Float[Array, "batch time output"]
Outputs = Float[Array, "batch time output"]
OutputsRead = Float[Array, "batch read output"]
"""Those of the steps that are read out: all, or the last."""
Mask = Bool[Array, "batch time"]
Scalar = Float[Array, ""]
Count = Int[Array, ""]
Matrix = Float[Array, "source column"]
Vector = Float[Array, " column"]
Symbols = Int[Array, "batch time"]
Reals = Float[Array, "batch time"]
if TYPE_CHECKING:

    class NamedArrays(tuple[Array, ...]):
        """The states or gates of a layer: a named tuple, whose names are those of its cell."""

        def __getattr__(self, name: str) -> Array: ...
        def _asdict(self) -> dict[str, Array]: ...

else:
    NamedArrays = tuple[Array, ...]

PerLayer = tuple[NamedArrays, ...]
"""Of every layer, the lowest first, its states or its gates, each [batch, *its axes], in the order of its cell."""

PRECISION = lax.Precision.HIGHEST
"""Of every product of matrices: float32 is float32 on accelerators too, which else round to fewer bits. On a processor
it changes nothing."""


def as_array(numbers: Any, dtype: Any = None) -> Array:
    """Numbers of NumPy as an array of JAX, which may share their memory. ``jnp.asarray`` compiles a program for every
    new shape and number format, which takes longer than the work on a small network."""
    return device_put(np.asarray(numbers, dtype))


def matrix_product(a: Array, b: Leaf) -> Array:
    """The product of matrices, ``a @ b``, in the full precision of its number format."""
    return jnp.matmul(a, b, precision=PRECISION)


__all__ = [
    "PRECISION",
    "Array",
    "Count",
    "GivenInputs",
    "GivenMask",
    "Inputs",
    "Leaf",
    "Mask",
    "Matrix",
    "NamedArrays",
    "Outputs",
    "OutputsRead",
    "PerLayer",
    "Reals",
    "Scalar",
    "Symbols",
    "Targets",
    "Vector",
    "as_array",
    "matrix_product",
]
