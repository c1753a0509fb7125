"""A network: one cell or several stacked, their weights by gate, and a linear read-out. A pytree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import cells
from holdfast.core.arrays import Array, Leaf
from holdfast.core.cell import Cell

READOUT = "y"
"""The name of the read-out's only 'gate'."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Linear:
    """A linear map with named outputs, one for each gate.

    ``matrix`` [source, gates * units]: the columns of gate k are k*units ... (k+1)*units - 1, in the order of
    ``gates``. Nobody outside this class needs to know: ``of("forget")`` gives a gate's own matrix and bias.
    """

    matrix: Leaf
    bias: Leaf
    gates: tuple[str, ...] = field(metadata={"static": True})

    def __call__(self, source: Array) -> Array:
        """[..., source] to [..., gates * units]: all gates in one product."""
        product = source @ self.matrix
        return product if self.bias is None else product + self.bias

    @property
    def units(self) -> int:
        return self.matrix.shape[-1] // len(self.gates)

    def columns(self, gate: str) -> slice:
        """Where a gate's outputs lie among the columns of ``matrix`` and in ``bias``."""
        start = self.gates.index(gate) * self.units
        return slice(start, start + self.units)

    def of(self, gate: str) -> tuple[Leaf, Leaf]:
        """The matrix [source, unit] and the bias [unit] (or None) of one gate."""
        columns = self.columns(gate)
        return self.matrix[..., columns], None if self.bias is None else self.bias[..., columns]

    def put(self, gate: str, matrix: Leaf = None, bias: Leaf = None) -> Linear:
        """The same map with one gate's matrix, or bias, or both, replaced."""
        columns = self.columns(gate)
        new = self
        if matrix is not None:
            new = replace(new, matrix=self.matrix.at[..., columns].set(matrix))
        if bias is not None:
            assert self.bias is not None, f"this map has no bias, so {gate} cannot be given one"
            new = replace(new, bias=self.bias.at[..., columns].set(bias))
        return new


Layer = Mapping[str, Linear]
"""The weights of one layer: a linear map for every source that the cell reads (``x``, ``h``, ``c``)."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Network:
    """``layers[0]`` reads the input, every further layer the hidden state below it, ``readout`` the topmost.

    >>> net = create("lstm", inputs=1, units=2, outputs=1)
    >>> net.layers[0]["h"].of("forget")[0].shape
    (2, 2)
    """

    layers: tuple[Layer, ...]
    readout: Linear
    cell_name: str = field(metadata={"static": True})

    @property
    def cell(self) -> Cell:
        return cells.get(self.cell_name)

    @property
    def inputs(self) -> int:
        return self.layers[0]["x"].matrix.shape[-2]

    @property
    def units(self) -> int:
        return self.readout.matrix.shape[-2]

    @property
    def outputs(self) -> int:
        return self.readout.units

    @property
    def dtype(self) -> Any:
        return self.readout.matrix.dtype

    def start(self, batch: int) -> tuple[Any, ...]:
        """The state before the first step: zeros [batch, unit], by name, for every layer."""
        zeros = jnp.zeros((batch, self.units), self.dtype)
        return tuple(self.cell.state_type(*(zeros for _ in self.cell.states)) for _ in self.layers)


def create(cell: str, inputs: int, units: int, outputs: int, layers: int = 1, dtype: Any = jnp.float32) -> Network:
    """A network of zeros: the shape, before weights are drawn, written or read into it.

    Raises ``UnknownName`` for a cell that does not exist.
    """
    kind = cells.get(cell)

    def layer(features: int) -> Layer:
        width = {"x": features, "h": units, "c": units}
        return {m.source: _zeros(m.gates, width[m.source], units, m.bias, dtype) for m in kind.maps}

    stack = tuple(layer(inputs if depth == 0 else units) for depth in range(layers))
    return Network(stack, _zeros((READOUT,), units, outputs, True, dtype), cell)


def _zeros(gates: tuple[str, ...], source: int, units: int, bias: bool, dtype: Any) -> Linear:
    columns = len(gates) * units
    matrix, biases = (jnp.asarray(np.zeros(shape), dtype) for shape in ((source, columns), columns))
    return Linear(matrix, biases if bias else None, gates)
