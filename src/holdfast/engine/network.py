"""A network: one cell or several stacked, their weights by gate, and a linear read-out. A pytree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import cells
from holdfast.core.arrays import Array, Leaf, matrix_product
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue

READOUT = "y"
"""The name of the read-out's only 'gate'."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Linear:
    """A linear map with named outputs, one for each gate.

    ``matrix`` [source, gates * units]: the columns of gate k are k*units ... (k+1)*units - 1, in the order of
    ``gates``. Nobody outside this class needs to know: ``of("forget")`` gives a gate's own matrix and bias.
    Of a ``diagonal`` map it is [1, gates * units]: every unit reads itself with one weight.
    """

    matrix: Leaf
    bias: Leaf
    gates: tuple[str, ...] = field(metadata={"static": True})
    diagonal: bool = field(default=False, metadata={"static": True})

    def __call__(self, source: Array) -> Array:
        """[..., source] to [..., gates * units]: all gates in one product."""
        if self.diagonal:
            product = jnp.tile(source, len(self.gates)) * self.matrix[..., 0, :]
        else:
            product = matrix_product(source, self.matrix)
        return product if self.bias is None else product + self.bias

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


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Network:
    """``layers[0]`` reads the input, every further layer the hidden state below it, ``readout`` the topmost.

    Weights are shared by all steps, or every step has its own: those of ``layers`` then have a first axis, the step's.
    Step t of what is read uses those of step t, and there are no more than ``steps``.

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
        """For how many steps there are weights, where every step has its own; None where all steps share one set."""
        matrix = self.layers[0]["x"].matrix
        return matrix.shape[0] if matrix.ndim > 2 else None

    @property
    def dtype(self) -> Any:
        return self.readout.matrix.dtype

    def along(self, time: int) -> tuple[Layer, ...] | None:
        """The weights of so many steps, leaves [time, ...], NaN past the last; None where all share one set."""
        if self.steps is None:
            return None

        def of_steps(a: Leaf) -> Leaf:
            past = jnp.full((max(0, time - len(a)), *a.shape[1:]), jnp.nan, a.dtype)
            return jnp.concatenate([a[:time], past]) if len(past) else a[:time]

        return jax.tree.map(of_steps, self.layers)

    def using(self, layers: tuple[Layer, ...] | None) -> Network:
        """The network of one step, with these of the weights ``along`` gave; the same one where it gave none."""
        return self if layers is None else replace(self, layers=layers)

    def at(self, step: int | Array) -> Network:
        """The network of one step; the same one where weights are shared."""
        return self if self.steps is None else self.using(jax.tree.map(lambda a: a[step], self.layers))

    def after(self, steps: int) -> Network:
        """The network that reads on where ``steps`` steps have been read: without their weights, where they had their
        own."""
        return self if self.steps is None else replace(self, layers=jax.tree.map(lambda a: a[steps:], self.layers))

    def start(self, batch: int) -> tuple[Any, ...]:
        """The state before the first step: zeros [batch, unit], by name, for every layer."""
        zeros = jnp.zeros((batch, self.units), self.dtype)
        return tuple(self.cell.state_type(*(zeros for _ in self.cell.states)) for _ in self.layers)


def refuse_separate_weights(network: Network, why: str) -> None:
    """Raise ``BadValue`` with ``why``, a clause, where every step has weights of its own."""
    if network.steps is not None:
        raise BadValue(
            f"this {network.cell_name} network has weights of its own for every step, and {why}.",
            "'holdfast test' measures it; take a network whose steps share their weights.",
        )


def create(
    cell: str,
    inputs: int,
    units: int,
    outputs: int,
    layers: int = 1,
    dtype: Any = jnp.float32,
    steps: int | None = None,
) -> Network:
    """A network of zeros: the shape, before weights are drawn, written or read into it.

    ``steps``: so many steps have weights of their own; None: all share one set.
    Raises ``UnknownName`` for a cell that does not exist.
    """
    kind = cells.get(cell)
    times = () if steps is None else (steps,)

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
