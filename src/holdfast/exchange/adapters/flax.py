"""Flax NNX: an ``nnx.Module``, opened where it is made of standard parts, else at a lower level.

Parts: ``Embed`` or ``Linear`` below; ``RNN`` of an ``LSTMCell``, ``OptimizedLSTMCell``, ``GRUCell`` or ``SimpleCell``,
or a loop of the module over such a cell; ``Linear`` above, with functions between them; ``Dropout`` in evaluation mode.
A module with other parts has the level *answers* with gradients, and ``why_not_opened`` names the part.

The model has copies of the variables of the module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.exchange._chain import ChainPart, DensePart, RecurrentPart
from holdfast.exchange._standard import FusedLayer
from holdfast.exchange.adapters._jax_parts import (
    model_of,
    name_of,
    number_format,
    parts_of,
    refuse_training,
    symbols_of,
)
from holdfast.models.levels import Model

if TYPE_CHECKING:
    from flax import nnx

ORDERS = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
    "rnn": ("candidate",),
}
"""The order of the gates in ``dense_i.kernel`` [source, gates * units]."""


def accepts(thing: object) -> bool:
    """Whether the object is an ``nnx.Module``, by the names of its base classes."""
    return any((kind.__module__, kind.__name__) == ("flax.nnx.module", "Module") for kind in type(thing).__mro__)


def model(thing: nnx.Module, *, inputs: int, name: str = "") -> Model:
    """The module as a model of the highest level that its parts allow.

    Raises ``BadValue`` for a module in training mode or half precision, that changes its own variables when called,
    with outputs of another shape, or with rows of a batch that affect each other.
    """
    import flax
    from flax import nnx

    name = name or f"the module {type(thing).__name__} of Flax NNX"
    inside = [part for _, part in nnx.iter_modules(thing)]
    dtype = number_format(name, jax.tree.leaves(nnx.state(thing)), [getattr(part, "dtype", None) for part in inside])
    training = [
        type(part).__name__
        for part in inside
        if (isinstance(part, nnx.Dropout) and not part.deterministic and part.rate > 0)
        or (isinstance(part, nnx.BatchNorm) and not part.use_running_average)
    ]
    refuse_training(name, training, "Call model.eval() first.")
    symbols = symbols_of(name, [part.num_embeddings for part in inside if isinstance(part, nnx.Embed)], inputs)
    definition, held = nnx.split(thing)
    words = {"return_carry": False} if isinstance(thing, nnx.RNN) else {}

    def called(x: Any) -> tuple[Any, Any]:
        fresh: Any = nnx.merge(definition, held, copy=True)
        given = jnp.asarray(x).argmax(-1) if symbols else jnp.asarray(x)
        made = fresh(given, **words)
        return made[0] if isinstance(made, tuple) else made, nnx.state(fresh)

    _refuse_changes(name, lambda: called(np.zeros((2, 3, inputs), dtype))[1], nnx.state(thing))
    by = f"flax {flax.__version__}"
    return model_of(
        lambda x: called(x)[0],
        lambda: parts_of(thing, _read, "flax"),
        by,
        inputs=inputs,
        dtype=dtype,
        name=name,
        symbols=symbols,
    )


def _refuse_changes(name: str, call: Any, before: Any) -> None:
    """Raise ``BadValue`` if a call changes a variable other than the counters of random numbers."""
    from flax import nnx

    try:
        after = call()
    except Exception:  # of any kind: it is called again, and heard then
        return
    old, new = (dict(nnx.to_flat_state(state)) for state in (before, after))
    changed = [
        ".".join(map(str, path))
        for path, variable in new.items()
        if not isinstance(variable, nnx.RngState)
        and (path not in old or not np.array_equal(np.asarray(variable[...]), np.asarray(old[path][...])))
    ]
    if changed:
        raise BadValue(
            f"{name} changes its own variables when it is called: {', '.join(changed[:4])}.",
            "Give a module whose outputs depend on its inputs alone: start from zeros in each call, or set such "
            "variables outside of __call__.",
        )


def _read(thing: Any) -> list[ChainPart] | None:
    from flax import nnx

    if isinstance(thing, nnx.Dropout | nnx.RngStream | nnx.Rngs):
        return []
    if isinstance(thing, nnx.Bidirectional):
        raise BadFile("it is bidirectional: one half reads the sequence from its end, which no step can.")
    if isinstance(thing, nnx.RNN):
        if thing.reverse:
            raise BadFile("its RNN has reverse=True: it reads the sequence from its end.")
        return _read(thing.cell)
    if isinstance(thing, nnx.Linear):
        matrix = _numbers(thing.kernel)
        bias = np.zeros(matrix.shape[1], matrix.dtype) if thing.bias is None else _numbers(thing.bias)
        return [DensePart(matrix, bias)]
    if isinstance(thing, nnx.Embed):
        matrix = _numbers(thing.embedding)
        return [DensePart(matrix, np.zeros(matrix.shape[1], matrix.dtype))]
    if isinstance(thing, nnx.LSTMCell):
        fused = [_fused([getattr(thing, name) for name in names]) for names in (("ii", "if_", "ig", "io"), _OF_H)]
        return [_recurrent(thing, "lstm", fused)]
    if isinstance(thing, nnx.OptimizedLSTMCell | nnx.GRUCell | nnx.SimpleCell):
        if isinstance(thing, nnx.SimpleCell) and thing.residual:
            raise BadFile("its SimpleCell has residual=True: it adds its state before the function.")
        kind = {nnx.OptimizedLSTMCell: "lstm", nnx.GRUCell: "gru"}.get(type(thing), "rnn")
        return [_recurrent(thing, kind, [_fused([thing.dense_i]), _fused([thing.dense_h])])]
    return None


_OF_H = ("hi", "hf", "hg", "ho")


def _fused(linears: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The matrix [source, gates * units] and the bias of maps side by side."""
    matrix = np.concatenate([_numbers(linear.kernel) for linear in linears], 1)
    zeros = np.zeros(matrix.shape[1] // len(linears), matrix.dtype)
    return matrix, np.concatenate([zeros if one.bias is None else _numbers(one.bias) for one in linears])


def _recurrent(cell: Any, kind: str, fused: list[tuple[np.ndarray, np.ndarray]]) -> RecurrentPart:
    (matrix_x, bias_x), (matrix_h, bias_h) = fused
    gate = name_of(cell.gate_fn) if kind != "rnn" else "sigmoid"
    weights = FusedLayer(matrix_x, matrix_h, bias_x, bias_h)
    return RecurrentPart(kind, ORDERS[kind], weights, name_of(cell.activation_fn), gate)


def _numbers(variable: Any) -> np.ndarray:
    return np.asarray(variable[...])
