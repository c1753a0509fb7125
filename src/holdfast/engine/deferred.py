"""Functions that are traced when a program is lowered for a platform that needs them, and not before.

``jax.lax.platform_dependent`` traces and differentiates a branch for every platform, of which one is compiled. A
deferred branch takes almost no time on the platforms that do not run it. Its derivatives are deferred too; they compute
the function again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jax import ShapeDtypeStruct
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from holdfast.core.arrays import Array
from holdfast.core.typed_jax import jit, jvp, linear_transpose, tree_flatten, tree_unflatten, vmap, zeros

Run = Callable[..., Sequence[Array]]
"""A function of arrays that returns a list of arrays."""

call: Any = Primitive("holdfast_deferred")
linear_call: Any = Primitive("holdfast_deferred_linear")
"""Linear in the operands from number ``fixed`` on."""


def deferred(function: Callable[..., Any], results: Any) -> Callable[..., Any]:
    """``function``, a function of trees of arrays, traced only when it is lowered. ``results`` is a tree with the
    shapes and number formats of what it returns."""
    shapes, shape_of_results = tree_flatten(results)

    def placed(*operands: Any) -> Any:
        leaves, shape = tree_flatten(operands)

        def run(*leaves: Array) -> Sequence[Array]:
            return tree_flatten(function(*tree_unflatten(shape, leaves)))[0]

        return tree_unflatten(shape_of_results, _bound(call, run, leaves, shapes))

    return placed


def _bound(primitive: Any, run: Run, operands: Sequence[Any], results: Sequence[Any], **more: int) -> list[Any]:
    avals = tuple(ShapedArray(one.shape, one.dtype) for one in results)
    return primitive.bind(*operands, run=run, avals=avals, **more)


def _evaluated(*operands: Array, run: Run, **more: object) -> Sequence[Array]:
    return jit(run)(*operands)


def _shapes(*operands: object, avals: tuple[Any, ...], **more: object) -> tuple[Any, ...]:
    return avals


def _lowered(ctx: Any, *operands: Any, run: Run, **more: object) -> Any:
    lowering: Any = mlir
    return lowering.lower_fun(run, multiple_results=True)(ctx, *operands)


def _batched(primitive: Any) -> Callable[..., tuple[list[Any], list[int]]]:
    def rule(operands: Any, axes: Any, *, run: Run, avals: Any, **more: int) -> tuple[list[Any], list[int]]:
        size = next(a.shape[axis] for a, axis in zip(operands, axes, strict=True) if axis is not None)
        results = [ShapeDtypeStruct((size, *one.shape), one.dtype) for one in avals]
        return _bound(primitive, vmap(run, tuple(axes)), operands, results, **more), [0] * len(avals)

    return rule


def _differentiated(primals: Any, tangents: Any, *, run: Run, avals: Any, **more: int) -> tuple[list[Any], list[Any]]:
    moving = [n for n, tangent in enumerate(tangents) if type(tangent) is not ad.Zero]

    def slope(*operands: Array) -> Sequence[Array]:
        at, along = operands[: len(primals)], operands[len(primals) :]

        def of_moving(*moved: Array) -> Sequence[Array]:
            given = dict(zip(moving, moved, strict=True))
            return run(*(given.get(n, leaf) for n, leaf in enumerate(at)))

        return jvp(of_moving, tuple(at[n] for n in moving), along)[1]

    found = _bound(call, run, primals, avals)
    operands = (*primals, *(tangents[n] for n in moving))
    return found, _bound(linear_call, slope, operands, avals, fixed=len(primals))


def _transposed(cotangents: Any, *operands: Any, run: Run, avals: Any, fixed: int) -> list[Any]:
    at, moving, rules = operands[:fixed], [one.aval for one in operands[fixed:]], ad
    instantiated: Any = rules.instantiate_zeros

    def back(*given: Array) -> Sequence[Array]:
        def of_moving(*moved: Array) -> list[Array]:
            return list(run(*given[:fixed], *moved))

        return linear_transpose(of_moving, *(zeros(one.shape, one.dtype) for one in moving))(list(given[fixed:]))

    pulled = [instantiated(one) for one in cotangents]
    return [*(None for _ in at), *_bound(call, back, (*at, *pulled), moving)]


def _give_rules(ad: Any, batching: Any, mlir: Any) -> None:
    for primitive in (call, linear_call):
        primitive.multiple_results = True
        primitive.def_impl(_evaluated)
        primitive.def_abstract_eval(_shapes)
        batching.primitive_batchers[primitive] = _batched(primitive)
        mlir.register_lowering(primitive, _lowered)
        ad.primitive_jvps[primitive] = _differentiated
    ad.primitive_transposes[linear_call] = _transposed


_give_rules(ad, batching, mlir)
