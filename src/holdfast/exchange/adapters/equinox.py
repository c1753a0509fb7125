"""Equinox: an ``equinox.Module``, opened where it is made of standard parts, else at a lower level.

Parts: ``Embedding`` or ``Linear`` below; ``LSTMCell`` or ``GRUCell``, scanned over time by the module; ``Linear`` and
``MLP`` above, with functions between them; ``Dropout`` in inference mode. As usual in Equinox the module may read one
sequence [time, input]; it is then mapped over the batch. A module with other parts has the level *answers* with
gradients, and ``why_not_opened`` names the part.

The model has the arrays of the module, which never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.exchange._chain import ChainPart, DensePart, RecurrentPart
from holdfast.exchange._standard import FusedLayer
from holdfast.exchange.adapters._jax_parts import model_of, number_format, parts_of, refuse_training, symbols_of
from holdfast.models.levels import Model

if TYPE_CHECKING:
    import equinox

ORDERS = {"lstm": ("input", "forget", "candidate", "output"), "gru": ("reset", "update", "candidate")}
"""The order of the gates in ``weight_ih`` [gates * units, source]."""


def accepts(thing: object) -> bool:
    """Whether the object is an ``equinox.Module``, by the names of its base classes."""
    return any(kind.__module__.startswith("equinox.") and kind.__name__ == "Module" for kind in type(thing).__mro__)


def model(thing: equinox.Module, *, inputs: int, name: str = "") -> Model:
    """The module as a model of the highest level that its parts allow.

    Raises ``BadValue`` for a module in training mode or half precision, that cannot be called with a sequence, with
    outputs of another shape, or with rows of a batch that affect each other.
    """
    import equinox
    from equinox import nn

    name = name or f"the module {type(thing).__name__} of Equinox"
    dtype = number_format(name, jax.tree.leaves(thing))
    inside = [part for part in jax.tree.leaves(thing, is_leaf=_is_part) if _is_part(part)]
    training = [
        type(part).__name__
        for part in inside
        if getattr(part, "inference", True) is False and (not isinstance(part, nn.Dropout) or part.p > 0)
    ]
    refuse_training(name, training, "Give equinox.nn.inference_mode(model).")
    symbols = symbols_of(name, [part.num_embeddings for part in inside if isinstance(part, nn.Embedding)], inputs)
    forward: Any = thing

    def run(x: Any) -> Any:
        given = jnp.asarray(x).argmax(-1) if symbols else jnp.asarray(x)
        return _first(jax.vmap(forward)(given) if mapped else forward(given))

    mapped = _reads_one_sequence(forward, inputs, dtype, symbols)
    by = f"equinox {equinox.__version__}"
    return model_of(
        run, lambda: parts_of(thing, _read, "equinox"), by, inputs=inputs, dtype=dtype, name=name, symbols=symbols
    )


def _is_part(thing: Any) -> bool:
    """Whether it is a module of Equinox itself that is no container."""
    return type(thing).__module__.startswith("equinox.nn.") and type(thing).__name__ not in ("Sequential", "MLP")


def _first(made: Any) -> Any:
    return made[0] if isinstance(made, tuple) else made


def _reads_one_sequence(forward: Any, inputs: int, dtype: np.dtype, symbols: bool) -> bool:
    batch, steps = 2, 3
    shape = (batch, steps) if symbols else (batch, steps, inputs)
    try:
        made = _first(jax.eval_shape(jax.vmap(forward), jax.ShapeDtypeStruct(shape, jnp.int32 if symbols else dtype)))
    except Exception:  # of any kind: it is called with a batch, and heard then
        return False
    return getattr(made, "ndim", 0) == 2 or getattr(made, "shape", ())[:2] == (batch, steps)


def _read(thing: Any) -> list[ChainPart] | None:
    from equinox import nn

    if isinstance(thing, nn.Dropout | nn.Identity | nn.Lambda):
        return []
    if isinstance(thing, nn.MLP):
        return [part for layer in thing.layers for part in _read(layer) or []]
    if isinstance(thing, nn.Sequential):
        return [part for layer in thing.layers for part in _read(layer) or []]
    if isinstance(thing, nn.Linear):
        matrix = np.asarray(thing.weight).T
        return [DensePart(matrix, _bias(thing.bias, matrix))]
    if isinstance(thing, nn.Embedding):
        return [DensePart(np.asarray(thing.weight), np.zeros(thing.weight.shape[1], thing.weight.dtype))]
    if isinstance(thing, nn.LSTMCell | nn.GRUCell):
        kind = "lstm" if isinstance(thing, nn.LSTMCell) else "gru"
        matrix_x, matrix_h = np.asarray(thing.weight_ih).T, np.asarray(thing.weight_hh).T
        of_h = np.zeros(matrix_h.shape[1], matrix_h.dtype)
        if isinstance(thing, nn.GRUCell) and thing.bias_n is not None:
            of_h[2 * thing.hidden_size :] = np.asarray(thing.bias_n)
        return [RecurrentPart(kind, ORDERS[kind], FusedLayer(matrix_x, matrix_h, _bias(thing.bias, matrix_x), of_h))]
    return None


def _bias(bias: Any, matrix: np.ndarray) -> np.ndarray:
    return np.zeros(matrix.shape[1], matrix.dtype) if bias is None else np.asarray(bias)
