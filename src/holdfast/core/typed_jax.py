"""The functions of JAX whose own types are partly unknown, with the types of what holdfast asks of them.

At run time every name here is JAX's own function. A tree is any nesting of tuples, mappings and registered classes
around arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Concatenate, Generic, Literal, ParamSpec, TypeVar, TypeVarTuple, overload

    from jax import Array
    from jax.typing import DTypeLike

    Shape = int | Sequence[int]
    Tree = TypeVar("Tree")
    Result = TypeVar("Result")
    First = TypeVar("First")
    Second = TypeVar("Second")
    Other = TypeVar("Other")
    Given = ParamSpec("Given")
    Operands = TypeVarTuple("Operands")

    def arange(stop: int, dtype: DTypeLike | None = None) -> Array: ...
    def moveaxis(a: Array, source: int, destination: int) -> Array: ...
    def triangular_solve(a: Array, b: Array) -> Array:
        """a^-1 b of a lower triangular a [..., n, n] whose diagonal is 1, and b [..., n, m]."""
        ...

    def asarray(a: object, dtype: DTypeLike | None = None) -> Array: ...
    def full(shape: Shape, fill_value: float | Array, dtype: DTypeLike | None = None) -> Array: ...
    def ones(shape: Shape, dtype: DTypeLike | None = None) -> Array: ...
    def ones_like(a: Array) -> Array: ...
    def zeros(shape: Shape, dtype: DTypeLike | None = None) -> Array: ...
    def zeros_like(a: Array) -> Array: ...

    @overload
    def tree_map(f: Callable[[Array], object], tree: Tree, /) -> Tree: ...
    @overload
    def tree_map(f: Callable[[Array, Array], object], tree: Tree, other: Tree, /) -> Tree: ...
    @overload
    def tree_map(f: Callable[..., object], tree: Tree, /, *others: Tree) -> Tree: ...
    def tree_map(f: Callable[..., object], tree: object, /, *others: object) -> object: ...

    class TreeShape(Generic[Tree]):
        """What ``tree_unflatten`` makes a tree from."""

    def tree_flatten(tree: Tree) -> tuple[list[Array], TreeShape[Tree]]: ...
    def tree_structure(tree: Tree) -> TreeShape[Tree]: ...
    def tree_unflatten(treedef: TreeShape[Tree], leaves: Sequence[object]) -> Tree: ...

    def eval_shape(f: Callable[Given, Result], *operands: Given.args, **options: Given.kwargs) -> Result:
        """A tree whose leaves have a ``shape`` and a ``dtype``, and no numbers."""
        ...

    @overload
    def grad(f: Callable[Concatenate[First, Given], Array]) -> Callable[Concatenate[First, Given], First]: ...
    @overload
    def grad(
        f: Callable[Concatenate[First, Given], tuple[Array, Other]], *, has_aux: Literal[True]
    ) -> Callable[Concatenate[First, Given], tuple[First, Other]]: ...
    @overload
    def grad(
        f: Callable[[First, Second], Array], argnums: tuple[Literal[0], Literal[1]]
    ) -> Callable[[First, Second], tuple[First, Second]]: ...
    def grad(f: Callable[..., object], argnums: object = 0, *, has_aux: bool = False) -> Callable[..., object]: ...

    def jvp(f: Callable[..., Result], primals: Sequence[Array], tangents: Sequence[Array]) -> tuple[Result, Result]: ...
    def vjp(
        f: Callable[[*Operands], Result], *primals: *Operands
    ) -> tuple[Result, Callable[[Result], tuple[*Operands]]]: ...

    def linear_transpose(
        f: Callable[..., list[Array]], *primals: Array
    ) -> Callable[[list[Array]], tuple[Array, ...]]: ...
    def vmap(f: Callable[..., Result], in_axes: tuple[int | None, ...]) -> Callable[..., Result]: ...

    class custom_vjp(Generic[Given, Result]):  # noqa: N801 -- JAX's name
        def __init__(self, f: Callable[Given, Result]) -> None: ...
        def __call__(self, *operands: Given.args, **options: Given.kwargs) -> Result: ...
        def defvjp(
            self,
            forward: Callable[..., tuple[Result, Other]],
            backward: Callable[..., object],
            symbolic_zeros: bool = False,
        ) -> None: ...

    def custom_vjp_static_first(f: Callable[Given, Result]) -> custom_vjp[Given, Result]:
        """``custom_vjp`` of a function whose first operand is no array: both rules get it first."""
        ...

    def jit(
        f: Callable[Given, Result], *, compiler_options: Mapping[str, object] | None = None
    ) -> Callable[Given, Result]: ...

    def platform_dependent(
        *operands: *Operands, cpu: Callable[[*Operands], Result], default: Callable[[*Operands], Result]
    ) -> Result: ...

    def update_at(operand: Array, update: Array, index: Array, axis: int) -> Array:
        """``operand`` with ``update`` at one place of an axis."""
        ...

    def device_put(x: object) -> Array: ...
    def local_devices(*, backend: str) -> Sequence[object]: ...
    def pycapsule(function: object) -> object: ...
    def update_config(name: str, value: object) -> None: ...
    def double_precision() -> bool:
        """Whether JAX has double precision, which may be so in some threads only."""
        ...

else:
    from functools import partial

    from jax import (
        config,
        custom_vjp,
        device_put,
        eval_shape,
        grad,
        jit,
        jvp,
        linear_transpose,
        local_devices,
        vjp,
        vmap,
    )
    from jax.ffi import pycapsule
    from jax.lax import dynamic_update_index_in_dim as update_at
    from jax.lax import platform_dependent
    from jax.lax.linalg import triangular_solve as _triangular_solve
    from jax.numpy import arange, asarray, full, moveaxis, ones, ones_like, zeros, zeros_like
    from jax.tree import flatten as tree_flatten
    from jax.tree import map as tree_map
    from jax.tree import structure as tree_structure
    from jax.tree import unflatten as tree_unflatten

    triangular_solve = partial(_triangular_solve, left_side=True, lower=True, unit_diagonal=True)
    custom_vjp_static_first = partial(custom_vjp, nondiff_argnums=(0,))
    update_config = config.update

    def double_precision():
        return config.jax_enable_x64


__all__ = [
    "arange",
    "asarray",
    "custom_vjp",
    "custom_vjp_static_first",
    "device_put",
    "double_precision",
    "eval_shape",
    "full",
    "grad",
    "jit",
    "jvp",
    "linear_transpose",
    "local_devices",
    "moveaxis",
    "ones",
    "ones_like",
    "platform_dependent",
    "pycapsule",
    "tree_flatten",
    "tree_map",
    "tree_structure",
    "tree_unflatten",
    "triangular_solve",
    "update_at",
    "update_config",
    "vjp",
    "vmap",
    "zeros",
    "zeros_like",
]
