"""Level *steps*: a start and a step in JAX, whose state is any pytree of arrays. The outputs follow from the step."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike, DTypeLike

from holdfast.core.arrays import Array, Outputs
from holdfast.core.errors import BadValue
from holdfast.engine.over_time import over_time, time_first
from holdfast.models._called import BATCH, called, number_format, partial_of

State = TypeVar("State")


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Steps:
    """A model whose steps are known, but whose gates and weights have no names.

    ``starting(batch)`` returns the state before the first step, leaves [batch, ...]. ``stepping(state, x)`` maps a
    state and inputs [batch, input] to outputs [batch, output] and the next state. ``shapes`` has the shape of every
    part of the state by name, without the batch axis. Everything is computed in ``dtype``. The model is a pytree, whose
    leaves are the arrays of the functions.
    """

    starting: Callable[..., Any]
    stepping: Callable[..., Any]
    inputs: int = field(metadata={"static": True})
    outputs: int = field(metadata={"static": True})
    dtype: np.dtype = field(metadata={"static": True})
    parts: tuple[tuple[str, tuple[int, ...]], ...] = field(metadata={"static": True})
    name: str = field(metadata={"static": True})
    why_not_opened: str = field(default="", metadata={"static": True})
    """Why an adapter made no network of it, as a clause; empty where it is not known that there is one."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every part of the state by name, without the batch axis, in the order of the leaves."""
        return dict(self.parts)

    @property
    def size(self) -> int:
        """The number of values in the state of one row."""
        return sum(prod(shape) for _, shape in self.parts)

    def start(self, batch: int) -> object:
        """The state before the first step."""
        return jax.tree.map(lambda leaf: jnp.asarray(leaf, self.dtype), self.starting(batch))

    def step(self, state: object, x: Array) -> tuple[Array, object]:
        """The outputs [batch, output] and the state after one step that reads x [batch, input]."""
        output, after = self.stepping(state, x.astype(self.dtype))
        kept = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), after, state)
        return jnp.asarray(output, self.dtype), kept

    def __call__(self, inputs: ArrayLike, present: ArrayLike | None = None) -> Outputs:
        """The outputs [batch, time, output]. Where ``present`` [batch, time] is false, the state does not change."""

        def one(state: object, x: Array) -> tuple[object, Array]:
            output, after = self.step(state, x)
            return after, output

        along, here = time_first(jax.tree.map(jnp.asarray, (inputs, present)))
        return time_first(over_time(one, self.start(along.shape[1]), along, present=here)[1])


def from_steps(
    start: Callable[[int], State],
    step: Callable[[State, Array], tuple[ArrayLike, State]],
    *,
    inputs: int,
    dtype: DTypeLike | None = None,
    name: str = "",
) -> Steps:
    """A model of level *steps* from two functions in JAX.

    ``start(batch)`` returns the first state, any pytree of arrays [batch, ...]. ``step(state, x)`` maps a state and
    inputs [batch, ``inputs``] to (output [batch, output], next state). Rows must not depend on each other. ``dtype`` is
    the number format; None means that of the first state. ``name`` is the model's name in messages.
    Raises ``BadValue`` if the functions fail or their shapes do not match.

    >>> def step(state, x):
    ...     after = 0.5 * state + x
    ...     return after, after
    >>> leak = from_steps(lambda batch: jnp.zeros((batch, 1)), step, inputs=1)
    >>> leak(jnp.ones((1, 3, 1))).ravel().tolist()
    [1.0, 1.5, 1.75]
    """
    name = name or f"the step {getattr(step, '__name__', type(step).__name__)}"
    first = called(name, lambda: jax.eval_shape(lambda: jax.tree.map(jnp.asarray, start(BATCH))))
    _refuse_odd(name, first)
    leaves = jax.tree.leaves(first)
    found: DTypeLike = jnp.result_type(*leaves) if leaves else jnp.float32
    form = found if dtype is None else dtype
    x = jax.ShapeDtypeStruct((BATCH, inputs), form)
    made = called(name, lambda state, x: jax.eval_shape(step, state, x), first, x)
    if not (isinstance(made, tuple) and len(made) == 2):
        raise BadValue(f"{name} gives {_shown(made)}, expected a pair: the output and the next state.")
    output, after = made
    if _shown(after) != _shown(first) or jax.tree.structure(after) != jax.tree.structure(first):
        raise BadValue(
            f"{name} was given the state {_shown(first)} and gives {_shown(after)}, expected the same shapes.",
            "The second of the two things that a step gives is the state that the next step is given.",
        )
    shape = tuple(getattr(output, "shape", ()))
    if len(shape) != 2 or shape[0] != BATCH:
        raise BadValue(f"{name} gives outputs {_shown(output)} for {BATCH} rows, expected [batch, output].")
    parts = tuple(zip(_names(first), (leaf.shape[1:] for leaf in leaves), strict=True))
    functions = partial_of(_applied, start), partial_of(_applied, step)
    return Steps(*functions, inputs, shape[1], number_format(name, form), parts, name)


def _applied(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _refuse_odd(name: str, state: Any) -> None:
    if odd := [leaf for leaf in jax.tree.leaves(state) if not jnp.issubdtype(leaf.dtype, jnp.floating)]:
        raise BadValue(
            f"{name}: start({BATCH}) gives an array of {odd[0].dtype} numbers, expected floating point numbers.",
            "Everything in a state has a derivative; count steps in floating point too.",
        )
    if odd := [leaf for leaf in jax.tree.leaves(state) if leaf.shape[:1] != (BATCH,)]:
        raise BadValue(
            f"{name}: start({BATCH}) gives an array of the shape {list(odd[0].shape)}, expected [batch, ...] = "
            f"[{BATCH}, ...].",
            "Every array of a state has the batch as its first axis.",
        )


def _names(state: Any) -> list[str]:
    """A name for every leaf: that of its field or key if it has one, otherwise s, s1, s2, ..."""
    paths = [path for path, _ in jax.tree.leaves_with_path(state)]
    if any(not path for path in paths):
        return ["s"]
    said = [jax.tree_util.keystr(path, simple=True, separator="_") for path in paths]
    return [f"s{int(text) + 1}" if text.isdigit() else text for text in said]


def _shown(tree: Any) -> str:
    leaves = itertools.islice(jax.tree.leaves(tree), 4)
    return ", ".join(str(list(leaf.shape)) if hasattr(leaf, "shape") else type(leaf).__name__ for leaf in leaves)
