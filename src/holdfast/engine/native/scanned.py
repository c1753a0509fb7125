"""One layer of a cell without a linear map from one step to the next, computed by the compiled library over all steps.

The kernel computes the states, from the outputs of the map of the input for all steps; what is constant, and what reads
the states through a linear map, is computed by JAX (``scan_program.py``). It is one operation with its own reverse-mode
gradient, which keeps the states at the borders of chunks of ``CHUNK`` steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import alphabet
from holdfast.core.arrays import Array, NamedArrays
from holdfast.core.cell import CONSTANT, Cell
from holdfast.core.typed_jax import asarray, custom_vjp_static_first, zeros
from holdfast.engine.native import library, suitable
from holdfast.engine.native.call import called, instantiated
from holdfast.engine.native.components import CODES
from holdfast.engine.native.scan_program import Scan, record_scan
from holdfast.engine.network import Layer, Linear
from holdfast.engine.readings.numbers import Numbers, as_vector
from holdfast.engine.readings.record import Node

CHUNK = 16
"""Steps in a chunk."""
NUMBERS = Numbers()
_programs: dict[Any, Scan] = {}


@dataclass(frozen=True)
class ScanSizes:
    """The cell and its sizes: heads, the rows and columns of the states of each, and the numbers that all heads emit in
    a step."""

    cell: str
    heads: int
    rows: int
    columns: int
    emits: int = 0

    def numbers(self, axes: Any) -> int:
        """The numbers of an array with these axes in every head."""
        code = CODES[axes]
        return self.heads * (self.rows if code & 1 else 1) * (self.columns if code & 2 else 1)


Operands = tuple[Array, Array, Array, Array]
"""Gates [batch, time, ...], constants [...], first states [batch, ...], mask [batch, time]; the last axis has all heads
of all arrays of a kind, one after another. An absent mask has axes of length 0."""


def unsuitable(cell: Cell, arrays: object) -> str | None:
    """Why the library cannot run this cell with such arrays, as a clause; None if it can."""
    return (
        suitable.no_library()
        or suitable.not_built(cell, record_scan, library.status().scanned)
        or suitable.not_computed(arrays)
    )


def program(cell: Cell) -> Scan:
    """The step of the cell, recorded once."""
    key = (cell.name, cell.step)
    if key not in _programs:
        _programs[key] = record_scan(cell)
    return _programs[key]


def layer(
    cell: Cell, weights: Layer, inputs: Array, start: tuple[Array, ...], present: Array | None
) -> tuple[Array, NamedArrays]:
    """The outputs [batch, time, unit] and the last state, for ``inputs`` [batch, time, source], the first state
    ``start`` [batch, ...] and the mask ``present`` [batch, time]."""
    scan = program(cell)
    sizes = _sizes(scan, start)
    values = _Values(weights, {scan.step.inputs: inputs})
    mapped = weights["x"](inputs.reshape(-1, inputs.shape[-1])).reshape(*inputs.shape[:2], -1)
    gates = [mapped, *(_flat(values.of(node), inputs.shape[:2]) for node in scan.extras)]
    constants = [values.of(node).reshape(-1) for node in scan.constants]
    states = [state.reshape(len(inputs), -1) for state in start]
    mask = zeros((0, 0), bool) if present is None else present.astype(bool)
    none = zeros(0, inputs.dtype)
    given = (jnp.concatenate(gates, -1) if len(gates) > 1 else gates[0], jnp.concatenate([none, *constants]))
    emitted, last = _scan(sizes, *map(asarray, given), jnp.concatenate(states, -1), mask)
    for node, part in zip(scan.emitted, _split(emitted, [sizes.numbers(a) for a in scan.emitted_axes]), strict=True):
        values.known[node] = part.reshape(*part.shape[:2], *_shape(node, scan, sizes))
    output = values.of(scan.step.output)
    parts = _split(last, [sizes.numbers(axes) for axes in scan.state_axes])
    return as_vector(output, inputs), cell.state_type(
        *(part.reshape(state.shape) for part, state in zip(parts, start, strict=True))
    )


@dataclass
class _Values:
    """The values of a recorded step at all steps [batch, time, ...], as far as they are asked for."""

    layer: Layer
    known: dict[Node, Array]
    maps: dict[tuple[str, Node], Mapping[str, Array]] = field(
        default_factory=dict[tuple[str, Node], Mapping[str, Array]]
    )

    def of(self, node: Node) -> Array:
        if node not in self.known:
            if node.source is not None:
                linear = self.layer[node.word]
                self.known[node] = self._mapped(node.word, node.source, linear)[linear.gates[node.place]]
            else:
                operands = [self.of(operand) for operand in node.operands]
                self.known[node] = NUMBERS.apply(alphabet.get(node.word), *operands)
        return self.known[node]

    def _mapped(self, name: str, source: Node, linear: Linear) -> Mapping[str, Array]:
        if (name, source) not in self.maps:
            read = self.of(source)  # what is constant is computed once, not for every step and row
            read = read[:1, :1] if name == CONSTANT else read
            # One product of all steps of all rows: over two axes together, XLA sums slowly in the gradient.
            found = NUMBERS.linear(linear, read.reshape(-1, *read.shape[2:]))
            self.maps[name, source] = {
                gate: one.reshape(*read.shape[:2], *one.shape[1:]) for gate, one in found.items()
            }
        return self.maps[name, source]


def _sizes(scan: Scan, start: tuple[Array, ...]) -> ScanSizes:
    by_name = {
        axis: size
        for node, state in zip(scan.step.before, start, strict=True)
        for axis, size in zip(node.axes, state.shape[1:], strict=True)
    }
    rows, columns = scan.axes
    heads = prod(size for axis, size in by_name.items() if axis not in scan.axes)
    sizes = ScanSizes(scan.cell.name, heads, by_name[rows], 1 if columns is None else by_name[columns])
    return replace(sizes, emits=sum(map(sizes.numbers, scan.emitted_axes)))


def _shape(node: Node, scan: Scan, sizes: ScanSizes) -> tuple[int, ...]:
    names = {scan.axes[0]: sizes.rows, scan.axes[1]: sizes.columns}
    return tuple(names.get(axis, sizes.heads) for axis in node.axes)


def _flat(value: Array, leading: tuple[int, ...]) -> Array:
    return jnp.broadcast_to(value, (*leading, *value.shape[2:])).reshape(*leading, -1)


def _split(joined: Array, sizes: list[int]) -> list[Array]:
    return jnp.split(joined, np.cumsum(sizes)[:-1].tolist(), -1)


@custom_vjp_static_first
def _scan(sizes: ScanSizes, *operands: Array) -> tuple[Array, Array]:
    emitted, last, _ = _forward(sizes, operands, saves=False)
    return emitted, last


def _forward(sizes: ScanSizes, operands: tuple[Array, ...], *, saves: bool) -> list[Array]:
    gates, _, start, _ = operands
    (batch, time, _), states = gates.shape, start.shape[-1]
    saved = (batch, -(-time // CHUNK), states) if saves else (batch, 0, 0)
    return _call("holdfast_scanned", sizes, [(batch, time, sizes.emits), start.shape, saved], *operands)


def _keeping(sizes: ScanSizes, *operands: Any) -> tuple[tuple[Array, Array], Any]:
    given: Any = tuple(operand.value for operand in operands)
    emitted, last, saved = _forward(sizes, given, saves=True)
    return (emitted, last), (given, saved)


def _back(sizes: ScanSizes, kept: tuple[Operands, Array], cotangents: tuple[Any, Any]) -> tuple[Any, ...]:
    (gates, constants, start, mask), saved = kept
    shapes = [gates.shape, (gates.shape[0], *constants.shape), start.shape]
    operands = (gates, constants, start, mask, saved, *map(instantiated, cotangents))
    d_gates, d_constants, d_start = _call("holdfast_scanned_gradient", sizes, shapes, *operands)
    return d_gates, d_constants.sum(0), d_start, np.zeros(mask.shape, jax.dtypes.float0)


_scan.defvjp(_keeping, _back, symbolic_zeros=True)


def _call(target: str, sizes: ScanSizes, shapes: list[tuple[int, ...]], *arrays: Array) -> list[Array]:
    numbers = {"heads": sizes.heads, "rows": sizes.rows, "columns": sizes.columns, "chunk": CHUNK}
    return called(target, shapes, arrays, cell=sizes.cell, **{name: np.int64(n) for name, n in numbers.items()})
