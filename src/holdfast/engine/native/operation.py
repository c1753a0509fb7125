"""The recurrence as one operation that JAX can differentiate, batch and compile, computed by the native library.

``recurrence`` is one layer over all steps. Every array has a leading axis of networks, of length 1 for a single network
or an array that all networks share. ``vmap`` lengthens this axis, so that many networks are one call. Reverse mode has
its own kernel. For forward mode and second derivatives use ``unroll(..., engine="loop")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap
from jax.custom_derivatives import SymbolicZero

from holdfast.core.arrays import Array, Inputs, Mask, NamedArrays, Outputs
from holdfast.core.cell import Cell
from holdfast.core.errors import BadValue
from holdfast.core.typed_jax import asarray, custom_vjp_static_first, zeros
from holdfast.engine import gradients
from holdfast.engine.native import library, memory
from holdfast.engine.network import Layer


@dataclass(frozen=True)
class CallOptions:
    """The arguments that are not arrays: the cell and the window of truncated backpropagation in steps (0: none).
    ``wants`` asks for an additional result: the saved values (forward), the gradient of the inputs (backward)."""

    cell: str
    window: int
    wants: bool


class Operands(NamedTuple):
    """The arrays of one call, with a leading axis of networks. Absent arrays have an axis of length 0."""

    x_matrix: Array
    x_bias: Array
    h_matrix: Array
    h_bias: Array
    inputs: Array
    start: Array
    present: Array

    @property
    def networks(self) -> int:
        return max(a.shape[0] for a in self)


def recurrence(
    cell: Cell, layer: Layer, inputs: Inputs, state: tuple[Array, ...], present: Mask | None, window: int
) -> tuple[Outputs, NamedArrays]:
    """One layer over ``inputs`` [batch, time, input], from ``state`` on. Returns the hidden states [batch, time, unit]
    and the last state, whose units may be divided into heads.

    ``present`` [batch, time] is false in padding; ``window`` is that of truncated backpropagation in steps, 0 for none.
    Raises ``BadValue`` for sizes of 0 and for more memory than this machine has.
    """
    if 0 in inputs.shape:
        raise BadValue(
            f"the native engine got inputs of shape {tuple(inputs.shape)}, expected no axis of length 0.",
            "Give at least one sequence of one step.",
        )
    x, h = layer["x"], layer["h"]
    empty = zeros(0, inputs.dtype)
    operands = Operands(
        x.matrix,
        empty if x.bias is None else x.bias,
        h.blocks(),
        empty if h.bias is None else h.bias,
        inputs,
        jnp.stack([part.reshape(len(inputs), -1) for part in state]),
        zeros((0, 0), bool) if present is None else present.astype(bool),
    )
    alone = Operands(*(asarray(a)[None] for a in operands))  # a network read from a file has NumPy's
    hidden, last = _recurrence(CallOptions(cell.name, window, False), *alone)
    return hidden[0], cell.state_type(
        *(part.reshape(before.shape) for part, before in zip(last[0], state, strict=True))
    )


@custom_vjp_static_first
def _recurrence(how: CallOptions, *operands: Array) -> tuple[Array, Array]:
    hidden, last, _ = _forward(how)(*operands)
    return hidden, last


def _keeping(how: CallOptions, *operands: Any) -> tuple[tuple[Array, Array], Any]:
    """The forward pass that saves what the gradient needs. The gradient of the inputs is computed only if needed."""
    given = Operands(*(a.value for a in operands))
    wants_inputs = operands[Operands._fields.index("inputs")].perturbed
    hidden, last, saved = _forward(CallOptions(how.cell, how.window, True))(*given)
    return (hidden, last), (given, hidden, saved, None if wants_inputs else zeros(()))


def _back(how: CallOptions, kept: Any, cotangents: tuple[Any, Any]) -> tuple[Any, ...]:
    operands, hidden, saved, unwanted = kept
    d_hidden, d_last = map(_instantiated, cotangents)
    asked = CallOptions(how.cell, how.window, unwanted is None)
    found = _backward(asked)(*operands, hidden, saved, d_hidden, d_last)
    d_inputs = found[4] if asked.wants else zeros(operands.inputs.shape, operands.inputs.dtype)
    return (*found[:4], d_inputs, found[5], np.zeros(operands.present.shape, jax.dtypes.float0))


def _instantiated(cotangent: Any) -> Array:
    """The cotangent as an array. A symbolic zero becomes one array that all networks share."""
    zero: Any = cotangent  # pyright takes a SymbolicZero's dtype for a method
    return zeros((1, *zero.shape[1:]), zero.dtype) if isinstance(cotangent, SymbolicZero) else cotangent


_recurrence.defvjp(_keeping, _back, symbolic_zeros=True)


@cache
def _forward(how: CallOptions) -> Callable[..., list[Array]]:
    def call(*arrays: Array) -> list[Array]:
        o = Operands(*arrays)
        (batch, steps, _), (states, _, units) = o.inputs.shape[1:], o.start.shape[1:]
        saved = _saved_numbers(how, o) if how.wants else 0
        hidden, last = (o.networks, batch, steps, units), (o.networks, states, batch, units)
        # The saved values need an axis of networks too: vmap must be able to give each network its part.
        shapes = [hidden, last, (o.networks, saved // o.networks)]
        _refuse_too_much(how, o)
        return _call("holdfast_forward", how, shapes, arrays)

    return _batching(call)


@cache
def _backward(how: CallOptions) -> Callable[..., list[Array]]:
    def call(*arrays: Array) -> list[Array]:
        given = len(Operands._fields)
        o, (hidden, saved, *cotangents) = Operands(*arrays[:given]), arrays[given:]
        n = max(a.shape[0] for a in arrays)
        # Several cotangents of one forward pass, as in a Jacobian: each reads its own copy of the saved values.
        left = [jnp.broadcast_to(a, (n, *a.shape[1:])) for a in (hidden, saved)]
        shapes = [(n, *a.shape[1:]) for a in o[:-1]]
        if not how.wants:
            shapes[4] = (n, 0, 0, 0)
        return _call("holdfast_backward", how, shapes, (*o, *left, *cotangents))

    return _batching(call)


def _call(target: str, how: CallOptions, shapes: list[tuple[int, ...]], arrays: tuple[Array, ...]) -> list[Array]:
    dtype = arrays[4].dtype
    call = jax.ffi.ffi_call(target, [jax.ShapeDtypeStruct(shape, dtype) for shape in shapes])
    once = jax.custom_jvp(lambda *arrays: list(call(*arrays, cell=how.cell, window=np.int64(how.window))))
    once.defjvp(_refuse_derivative)
    return once(*arrays)


def _refuse_derivative(primals: object, tangents: object) -> NoReturn:
    raise gradients.no_forward_mode("native")


def _batching(call: Callable[..., list[Array]]) -> Callable[..., list[Array]]:
    """``call`` with a batching rule: vmap lengthens the leading axis of networks."""
    batched = custom_vmap(call)

    @batched.def_vmap
    def rule(size: int, in_batched: list[bool], *arrays: Array) -> tuple[list[Array], list[bool]]:
        if size == 0:
            raise BadValue("the native engine got 0 networks, expected at least 1.")
        leads = [a.shape[1] if with_axis else a.shape[0] for a, with_axis in zip(arrays, in_batched, strict=True)]
        networks = max(leads)

        def merged(a: Array, with_axis: bool) -> Array:
            if not with_axis:
                return a if a.shape[0] == 1 else jnp.tile(a, (size, *(1 for _ in a.shape[1:])))
            whole = jnp.broadcast_to(a, (size, networks, *a.shape[2:]))
            return whole.reshape(size * networks, *a.shape[2:])

        found = batched(*(merged(a, b) for a, b in zip(arrays, in_batched, strict=True)))
        return [a.reshape(size, networks, *a.shape[1:]) for a in found], [True] * len(found)

    return batched


def _saved_numbers(how: CallOptions, o: Operands) -> int:
    sizes = (o.networks, *o.inputs.shape[1:3], o.start.shape[3])
    return library.saved_numbers(how.cell, o.inputs.dtype.itemsize, sizes, how.window)


def _refuse_too_much(how: CallOptions, o: Operands) -> None:
    (batch, steps), units = o.inputs.shape[1:3], o.start.shape[3]
    weights = sum(int(np.prod(a.shape[1:])) for a in o[:4])
    call = memory.Call(
        how.cell, o.inputs.dtype.itemsize, o.networks, batch, steps, units, weights, how.window, how.wants
    )
    memory.refuse_too_much(
        call.needed_bytes,
        f"the native engine's arrays for {o.networks} x {batch} sequences of {steps} steps",
        "Take fewer networks, sequences or steps, or cut the gradient with truncate (--truncate).",
    )
