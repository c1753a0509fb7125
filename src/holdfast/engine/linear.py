"""A linear map of a cell: a matrix and a bias, whose columns are named by gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array, Leaf, matrix_product
from holdfast.engine.equality import EqualByValue


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False, repr=False)
class Linear(EqualByValue):
    """A linear map with named outputs, one for each gate.

    ``matrix`` is [source, column], with the columns of each gate in the order of ``gates``. ``shapes`` has the shape of
    every gate without the leading axes, unless all are vectors of one size. ``source_axes`` is the number of trailing
    axes of the source that the map reads. Code outside this class does not need this layout: ``of("forget")`` gives the
    matrix and bias of a gate, and ``gate_values(source)`` gives every gate in its own shape.
    The ``matrix`` of a ``diagonal`` map is [1, column]: every unit reads only itself, with one weight.
    That of a map with ``heads`` is [source of one head, column]: a column reads the source of its own head. The head is
    then the first axis of the source and of every gate, and the gates have one shape.
    """

    matrix: Leaf
    bias: Leaf
    gates: tuple[str, ...] = field(metadata={"static": True})
    diagonal: bool = field(default=False, metadata={"static": True})
    shapes: tuple[tuple[int, ...], ...] | None = field(default=None, metadata={"static": True})
    source_axes: int = field(default=1, metadata={"static": True})
    heads: int = field(default=1, metadata={"static": True})

    def __repr__(self) -> str:
        return f"Linear({', '.join(self.gates)}: {_shown(self.matrix)})"

    def __call__(self, source: Array) -> Array:
        """Map [..., source] to [..., column]: all gates in one product."""
        if self.source_axes != 1:
            source = source.reshape(*source.shape[: source.ndim - self.source_axes], -1)
        if self.matrix.shape[-2] == 0:
            source = source[..., :0]
        if self.diagonal:
            product = jnp.tile(source, len(self.gates)) * self.matrix[..., 0, :]
        elif self.heads > 1:
            product = self._by_head(source)
        else:
            product = matrix_product(source, self.matrix)
        return product if self.bias is None else product + self.bias

    def _by_head(self, source: Array) -> Array:
        """The product of a source [..., source] with the matrix of every head."""
        rows, heads, gates = self.matrix.shape[-2], self.heads, len(self.gates)
        read = jnp.moveaxis(source.reshape(-1, heads, rows), 1, 0)
        matrix = self.matrix.reshape(rows, gates, heads, -1).transpose(2, 0, 1, 3).reshape(heads, rows, -1)
        product = matrix_product(read, matrix).reshape(heads, len(read[0]), gates, -1)
        return product.transpose(1, 2, 0, 3).reshape(*source.shape[:-1], -1)

    def blocks(self) -> Leaf:
        """The matrix [source, column]; of a map with heads, with a block for every head and zeros elsewhere."""
        if self.heads == 1:
            return self.matrix
        rows, heads = self.matrix.shape[-2], self.heads
        own = np.eye(heads, dtype=bool)[:, None, None, :, None]
        of_heads = self.matrix.reshape(rows, len(self.gates), heads, -1)
        return jnp.where(own, of_heads, 0).reshape(heads * rows, -1)

    def gate_values(self, source: Array) -> dict[str, Array]:
        """The value of every gate by name, [..., *shape of the gate], for a source [..., source]."""
        columns = self(source)
        if self.shapes is None:
            return dict(zip(self.gates, jnp.split(columns, len(self.gates), axis=-1), strict=True))
        return {
            gate: columns[..., self.columns(gate)].reshape(*columns.shape[:-1], *shape)
            for gate, shape in zip(self.gates, self.shapes, strict=True)
        }

    def dense(self) -> Linear:
        """The same map with a full matrix, including zeros, as NumPy arrays. JAX would flush subnormal weights, and
        round float64 weights unless ``jax_enable_x64`` is on."""
        if self.heads > 1:
            return self._joined()
        if not self.diagonal:
            return self
        eye = np.tile(np.eye(self.width(self.gates[0]), dtype=self.matrix.dtype), len(self.gates))
        return replace(self, matrix=eye * np.asarray(self.matrix), diagonal=False)

    def _joined(self) -> Linear:
        """A map with heads as one matrix, with a block for every head."""
        rows, heads = self.matrix.shape[-2], self.heads
        own = np.asarray(self.matrix).reshape(*self.matrix.shape[:-1], len(self.gates), heads, -1)
        matrix = np.zeros((*own.shape[:-4], heads, rows, *own.shape[-3:]), own.dtype)
        for head in range(heads):
            matrix[..., head, :, :, head, :] = own[..., head, :]
        return replace(self, matrix=matrix.reshape(*own.shape[:-4], heads * rows, -1), heads=1)

    @property
    def units(self) -> int:
        """The size of each gate, if all have the same size."""
        return self.matrix.shape[-1] // len(self.gates)

    def shape(self, gate: str) -> tuple[int, ...]:
        """The shape of a gate, without the leading axes."""
        return (self.units,) if self.shapes is None else self.shapes[self.gates.index(gate)]

    def width(self, gate: str) -> int:
        """The number of columns of a gate."""
        return prod(self.shape(gate))

    def columns(self, gate: str) -> slice:
        """The slice of a gate's outputs in the columns of ``matrix`` and in ``bias``."""
        start = sum(self.width(before) for before in self.gates[: self.gates.index(gate)])
        return slice(start, start + self.width(gate))

    def of(self, gate: str) -> tuple[Leaf, Leaf]:
        """The matrix [source, column of the gate] and the bias [column of the gate] (or None) of one gate."""
        columns = self.columns(gate)
        return self.matrix[..., columns], None if self.bias is None else self.bias[..., columns]

    def under(self, own: Mapping[str, str]) -> Linear:
        """The same map with the gate names of one cell of a stack. ``own`` has these names by the stack's names."""
        return replace(self, gates=tuple(own.get(gate, f"another cell's {gate}") for gate in self.gates))

    def put(self, gate: str, matrix: Leaf = None, bias: Leaf = None) -> Linear:
        """The same map with one gate's matrix, or bias, or both, replaced."""
        columns = self.columns(gate)
        new = self
        if matrix is not None:
            new = replace(new, matrix=_with(self.matrix, columns, matrix))
        if bias is not None:
            assert self.bias is not None, f"this map has no bias, so {gate} cannot be given one"
            new = replace(new, bias=_with(self.bias, columns, bias))
        return new


def _with(array: Leaf, columns: slice, values: Leaf) -> Leaf:
    """The array with these columns replaced; of NumPy it stays one, for which nothing is compiled."""
    if hasattr(array, "at"):
        return array.at[..., columns].set(values)
    copied = array.copy()
    copied[..., columns] = values
    return copied


def _shown(leaf: Leaf) -> str:
    """Shape and number format, or what stands in place of an array."""
    shape, dtype = getattr(leaf, "shape", None), getattr(leaf, "dtype", "")
    return type(leaf).__name__ if shape is None else f"{tuple(shape)} {dtype}".strip()
