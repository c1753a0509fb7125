"""Level *answers*: a function from whole input sequences to output sequences. Its steps and states are not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike, DTypeLike

from holdfast.core.arrays import Leaf, Outputs
from holdfast.core.errors import BadValue
from holdfast.models._called import BATCH, called, number_format, partial_of

MIXED = 1e-4
"""The largest absolute or relative difference of rows that is taken for rounding."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Answers:
    """A model of which only the outputs are known.

    ``function`` maps inputs [batch, time, input] to outputs [batch, time, output]: JAX arrays if ``has_gradients``,
    otherwise NumPy arrays. It is called with whole sequences without padding: rows of different lengths are separate
    calls. The model is a pytree, whose leaves are the arrays that ``function`` was partially applied to.
    """

    function: Callable[..., Any]
    inputs: int = field(metadata={"static": True})
    outputs: int = field(metadata={"static": True})
    dtype: np.dtype = field(metadata={"static": True})
    has_gradients: bool = field(metadata={"static": True})
    name: str = field(metadata={"static": True})
    why_not_opened: str = field(default="", metadata={"static": True})
    """Why an adapter made no network of it, as a clause; empty where it is not known that there is one."""

    def __call__(self, inputs: ArrayLike, present: ArrayLike | None = None) -> Outputs:
        """The outputs [batch, time, output] for ``inputs`` [batch, time, input]. They are 0 in padding, where
        ``present`` [batch, time] is false; padding must be at the end of a row.

        Inside a program that JAX compiles, lengths are not known, and the function reads the padding too. The outputs
        before the padding are then right if no output depends on later inputs.
        """
        if isinstance(inputs, Tracer):
            return jnp.asarray(self.function(inputs), self.dtype)
        rows = np.asarray(inputs, self.dtype)
        made = np.zeros((*rows.shape[:2], self.outputs), self.dtype)
        for length, of in _by_length(rows, None if present is None else np.asarray(present)):
            given = rows[of, :length]
            outputs = np.asarray(self.function(jnp.asarray(given) if self.has_gradients else given))
            if outputs.shape != (wanted := (*given.shape[:2], self.outputs)):
                raise BadValue(
                    f"{self.name} gives outputs of the shape {list(outputs.shape)} for inputs of the shape "
                    f"{list(given.shape)}, expected {list(wanted)}, as for other lengths.",
                    "It has to give an output for every step of sequences of any length.",
                )
            made[of, :length] = outputs
        return jnp.asarray(made)


def _by_length(rows: np.ndarray, present: np.ndarray | None) -> list[tuple[int, np.ndarray]]:
    """Every length with the indices of its rows; rows of length 0 are left out."""
    steps = rows.shape[1]
    lengths = np.full(len(rows), steps)
    if present is not None:
        lengths = np.where(present.any(1), steps - np.argmax(present[:, ::-1], 1), 0)
    return [(int(length), np.flatnonzero(lengths == length)) for length in np.unique(lengths) if length]


def from_function(
    function: Callable[[Leaf], object],
    *,
    inputs: int,
    dtype: DTypeLike = np.float32,
    name: str = "",
    has_gradients: bool | None = None,
    steps: int = 3,
) -> Answers:
    """A model of level *answers*: ``function`` maps inputs [batch, time, ``inputs``] to outputs [batch, time, output].

    The function may use JAX or NumPy. If ``has_gradients`` is None, JAX traces it once to find out; if this fails, the
    function is called with NumPy arrays. If it returns a tuple such as (outputs, state), the first element is used.
    ``dtype`` is the number format of inputs and outputs. ``name`` is the model's name in messages.
    The function is called with sequences of ``steps`` steps to check it.
    Raises ``BadValue`` if JAX is set to fewer bits than ``dtype`` has, or if the function fails on zeros of this shape,
    returns outputs of another shape, or mixes rows of the batch.

    >>> total = from_function(lambda x: x.cumsum(1), inputs=1)
    >>> total.has_gradients, total(np.ones((1, 3, 1))).ravel().tolist()
    (True, [1.0, 2.0, 3.0])
    """
    name = name or f"the function {getattr(function, '__name__', type(function).__name__)}"
    form, first = number_format(name, dtype), partial_of(_first_part, function)
    if has_gradients is None:
        has_gradients = _is_traced(first, jax.ShapeDtypeStruct((BATCH, steps, inputs), form))
    zeros = np.zeros((BATCH, steps, inputs), form)
    made = called(name, first, jnp.asarray(zeros) if has_gradients else zeros)
    shape = tuple(np.shape(made))
    if len(shape) != 3 or shape[:2] != (BATCH, steps):
        raise BadValue(
            f"{name} gives outputs of the shape {list(shape)} for inputs of the shape {[BATCH, steps, inputs]}, "
            f"expected [batch, time, output] = [{BATCH}, {steps}, ...].",
            "Give a function of whole sequences, batch first, with an output for every step.",
        )
    model = Answers(first, inputs, shape[2], form, has_gradients, name)
    _refuse_mixed_rows(model, zeros)
    return model


def _refuse_mixed_rows(model: Answers, zeros: np.ndarray) -> None:
    """Raise ``BadValue`` if the last row depends on the first: the function probably takes the batch axis for time."""
    other = zeros.copy()
    other[0] = 1
    before, after = (np.asarray(called(model.name, model, rows))[1] for rows in (zeros, other))
    if not np.allclose(before, after, rtol=MIXED, atol=MIXED, equal_nan=True):
        raise BadValue(
            f"{model.name} mixes rows: what it answers in row 2 changes when row 1 of the inputs does.",
            "Inputs are [batch, time, input]; a recurrent layer of PyTorch reads them so with batch_first=True.",
        )


def _is_traced(function: Callable[..., Any], inputs: jax.ShapeDtypeStruct) -> bool:
    try:
        return isinstance(jax.eval_shape(function, inputs), jax.ShapeDtypeStruct)
    except Exception:  # a NumPy function may raise anything here; real errors recur with NumPy arrays
        return False


def _first_part(function: Callable[..., Any], inputs: Any) -> Any:
    made = function(inputs)
    return made[0] if isinstance(made, tuple) else made
