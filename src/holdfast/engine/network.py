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
from holdfast.core.cell import STEPS, Cell

READOUT = "y"
"""The name of the read-out's only 'gate'."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Linear:
    """A linear map with named outputs, one for each gate.

    ``matrix`` [source, gates * units]: the columns of gate k are k*units ... (k+1)*units - 1, in the order of
    ``gates``. Nobody outside this class needs to know: ``of("forget")`` gives a gate's own matrix and bias.
    Of a ``diagonal`` map it is [1, gates * units]: every unit reads itself with one weight. Where every step has
    weights of its own, matrix and bias have a leading axis, and ``at`` chooses.
    """

    matrix: Leaf
    bias: Leaf
    gates: tuple[str, ...] = field(metadata={"static": True})
    diagonal: bool = field(default=False, metadata={"static": True})

    def __call__(self, source: Array) -> Array:
        """[..., source] to [..., gates * units]: all gates in one product."""
        if self.diagonal:
            product = jnp.tile(source, len(self.gates)) * self.matrix[..., 0, :]
        elif self.matrix.ndim > 2:  # a matrix for every row
            product = jnp.einsum("...s,...sc->...c", source, self.matrix)
        else:
            product = source @ self.matrix
        return product if self.bias is None else product + self.bias

    def at(self, step: Any) -> Linear:
        """The map of this step (from 0), or of one for each row; past the last step its numbers are NaN."""

        def chosen(weights: Leaf) -> Leaf:
            return None if weights is None else jnp.asarray(weights).at[step].get(mode="fill", fill_value=jnp.nan)

        return replace(self, matrix=chosen(self.matrix), bias=chosen(self.bias))

    def dense(self) -> Linear:
        """The same map with a full matrix, zeros and all, in NumPy: JAX would flush subnormal weights, and round those
        of double precision wherever that is not switched on."""
        if not self.diagonal:
            return self
        eye = np.tile(np.eye(self.units, dtype=self.matrix.dtype), len(self.gates))
        return replace(self, matrix=eye * np.asarray(self.matrix), diagonal=False)

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
"""The weights of one layer: a linear map for every source that the cell reads (``x``, ``h``, ``c``, ``k``)."""


def at_step(layer: Layer, step: Any) -> Layer:
    """The weights of this step (from 0), or of one for each row, of a layer that has others at every step."""
    return {source: linear.at(step) for source, linear in layer.items()}


def chosen(cell: Cell, layer: Layer, state: Any) -> Layer:
    """The weights with which a layer in this state takes its next step: the only ones there are, or where every step
    has its own those that the state t [..., unit] counts to, row by row (it is the same in every unit)."""
    if not cell.per_step or layer["x"].matrix.ndim == 2:
        return layer
    return at_step(layer, jnp.round(jnp.max(state.t, -1)).astype(jnp.int32))


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
    def steps(self) -> int | None:
        """For how many steps there are weights, where every step has its own; None where one set serves them all."""
        return self.layers[0]["x"].matrix.shape[-3] if self.cell.per_step else None

    @property
    def dtype(self) -> Any:
        return self.readout.matrix.dtype

    def start(self, batch: int) -> tuple[Any, ...]:
        """The state before the first step: zeros [batch, unit], by name, for every layer."""
        zeros = jnp.zeros((batch, self.units), self.dtype)
        return tuple(self.cell.state_type(*(zeros for _ in self.cell.states)) for _ in self.layers)


def create(
    cell: str,
    inputs: int,
    units: int,
    outputs: int,
    layers: int = 1,
    dtype: Any = jnp.float32,
    steps: int = STEPS,
) -> Network:
    """A network of zeros: the shape, before weights are drawn, written or read into it.

    ``steps``: how many have weights, for a cell with other weights at every step; any other takes no notice.
    Raises ``UnknownName`` for a cell that does not exist.
    """
    kind = cells.get(cell)
    times = (steps,) if kind.per_step else ()

    def layer(features: int) -> Layer:
        return {
            m.source: replace(
                _zeros(m.gates, m.rows(features, units), units, m.bias, dtype, times), diagonal=m.diagonal
            )
            for m in kind.maps
        }

    stack = tuple(layer(inputs if depth == 0 else units) for depth in range(layers))
    return Network(stack, _zeros((READOUT,), units, outputs, True, dtype), cell)


def _zeros(
    gates: tuple[str, ...], source: int, units: int, bias: bool, dtype: Any, times: tuple[int, ...] = ()
) -> Linear:
    columns = len(gates) * units
    matrix, biases = (jnp.asarray(np.zeros((*times, *shape)), dtype) for shape in ((source, columns), (columns,)))
    return Linear(matrix, biases if bias else None, gates)
