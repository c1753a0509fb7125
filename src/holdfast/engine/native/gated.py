"""One layer of a cell whose gates depend only on the input, computed by the compiled library over all steps.

It is one operation with its own reverse-mode gradient. Forward mode and second derivatives are not supported. With few
inputs the library also computes the linear map of the input; otherwise the map of all steps is one product in JAX, and
the library reads its outputs.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from holdfast.core.arrays import Array, matrix_product
from holdfast.core.cell import Cell
from holdfast.core.typed_jax import asarray, custom_vjp_static_first, zeros, zeros_like
from holdfast.engine.native import library, suitable
from holdfast.engine.native.call import called, instantiated
from holdfast.engine.native.program import record_gated
from holdfast.engine.network import Linear

MOST_INPUTS = 4
"""Up to this many inputs, the library computes the linear map (``most_gated_inputs`` in C++)."""

Operands = tuple[Array, Array, Array, Array, Array]
"""Inputs [batch, time, source], matrix, bias, first state [batch, unit], mask. With an empty matrix, the outputs of the
map stand in place of the inputs. Absent arrays have an axis of length 0."""


def unsuitable(cell: Cell, arrays: object) -> str | None:
    """Why the library cannot run this cell with such arrays, as a clause; None if it can."""
    return (
        suitable.no_library()
        or suitable.not_built(cell, record_gated, library.status().gated)
        or suitable.not_computed(arrays)
    )


def layer(cell: Cell, weights: Linear, inputs: Array, start: Array, present: Array | None) -> tuple[Array, Array]:
    """The hidden states [batch, time, unit] and the last state [batch, unit], for ``inputs`` [batch, time, source],
    the first state ``start`` [batch, unit] and the mask ``present`` [batch, time]."""
    mask = zeros((0, 0), bool) if present is None else present.astype(bool)
    none = zeros(0, inputs.dtype)
    if inputs.shape[-1] <= MOST_INPUTS:
        given = (inputs, weights.matrix, none if weights.bias is None else weights.bias)
    else:
        given = (weights(inputs), zeros((0, weights.matrix.shape[-1]), inputs.dtype), none)
    return _gated(cell.name, *map(asarray, given), asarray(start), mask)


@custom_vjp_static_first
def _gated(cell: str, *operands: Array) -> tuple[Array, Array]:
    (batch, time, _), units = operands[0].shape, operands[3].shape[-1]
    hidden, last = called("holdfast_gated", [(batch, time, units), (batch, units)], operands, cell=cell)
    return hidden, last


def _keeping(cell: str, *operands: Any) -> tuple[tuple[Array, Array], Any]:
    given: Any = tuple(operand.value for operand in operands)
    found = _gated(cell, *given)
    wants_inputs = operands[0].perturbed or given[1].size == 0
    return found, (given, found[0], None if wants_inputs else zeros(()))


def _back(cell: str, kept: tuple[Operands, Array, Any], cotangents: tuple[Any, Any]) -> tuple[Any, ...]:
    (inputs, matrix, bias, start, mask), hidden, unwanted = kept
    (batch, time, _), (rows, columns) = inputs.shape, matrix.shape
    of_map = (0, 0, 0) if unwanted is not None else (batch, time, columns)
    shapes = [(batch, rows + 1 if rows else 0, columns), of_map, start.shape]
    operands = (inputs, matrix, bias, start, mask, hidden, *map(instantiated, cotangents))
    of_weights, d_map, d_start = called("holdfast_gated_gradient", shapes, operands, cell=cell)
    sums = of_weights.sum(0)
    d_inputs = d_map
    if rows:
        d_inputs = matrix_product(d_map, matrix.T) if unwanted is None else zeros_like(inputs)
    d_bias = sums[-1] if bias.size else zeros_like(bias)
    return d_inputs, sums[:rows], d_bias, d_start, np.zeros(mask.shape, jax.dtypes.float0)


_gated.defvjp(_keeping, _back, symbolic_zeros=True)
