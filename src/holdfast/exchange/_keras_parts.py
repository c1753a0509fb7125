"""The standard parts of a Keras model whose layers form a chain, lowest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from holdfast.core.errors import BadFile
from holdfast.exchange._chain import ChainPart, DensePart, FunctionPart, MaskPart, RecurrentPart
from holdfast.exchange._standard import FusedLayer

ORDERS = {
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("update", "reset", "candidate"),
    "rnn": ("candidate",),
}
"""The gates side by side in ``kernel`` [source, gates * units]."""
KINDS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
IGNORED = ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout")
"""Layers that compute nothing when the model answers."""


def parts_of(model: Any) -> list[ChainPart]:
    """The parts of a ``keras.Model``. Raises ``BadFile`` where a layer is not known here, or the layers branch."""
    if not is_chain(model):
        raise BadFile("its layers branch, expected each to read the one before it, once.")
    return [part for layer in model.layers for part in _parts(layer)]


def is_chain(model: Any) -> bool:
    """Whether each layer reads the one before it alone, and the last gives the output."""
    if type(model).__name__ == "Sequential":
        return True
    try:
        passed = [(model.inputs, [model.layers[0].output]), ([model.layers[-1].output], model.outputs)]
        passed += [([a.output], [b.input]) for a, b in zip(model.layers, model.layers[1:], strict=False)]
    except (AttributeError, ValueError):  # a layer that is used twice has no one output
        return False
    return all([id(a) for a in given] == [id(b) for b in taken] for given, taken in passed)


def _parts(layer: Any) -> list[ChainPart]:
    name = type(layer).__name__
    if not type(layer).__module__.startswith("keras."):
        raise BadFile(f"it has a layer of a class of its own, {name}.")
    if name in IGNORED:
        return []
    if name == "TimeDistributed":
        return _parts(layer.layer)
    if name == "Masking":
        return [MaskPart(float(layer.mask_value))]
    if name in ("Activation", "ReLU", "Softmax"):
        return [FunctionPart(_function(layer) if name == "Activation" else name.lower())]
    if name == "Embedding":
        if layer.mask_zero:
            raise BadFile("its Embedding has mask_zero=True: it skips the steps of symbol 0.")
        matrix = layer.get_weights()[0]
        return [DensePart(matrix, np.zeros(matrix.shape[1], matrix.dtype))]
    if name == "Dense":
        matrix, *bias = layer.get_weights()
        dense = DensePart(matrix, bias[0] if bias else np.zeros(matrix.shape[1], matrix.dtype))
        return [dense] if _function(layer) == "linear" else [dense, FunctionPart(_function(layer))]
    if name in KINDS:
        return [_recurrent(layer, KINDS[name])]
    raise BadFile(f"it has a layer that is not known here, {name}.")


def _recurrent(layer: Any, kind: str) -> RecurrentPart:
    if layer.go_backwards:
        raise BadFile(f"its {type(layer).__name__} has go_backwards=True: it reads the sequence from its end.")
    kernel, recurrent, *bias = layer.get_weights()
    zeros = np.zeros(recurrent.shape[1], recurrent.dtype)
    both = list(bias[0]) if bias and bias[0].ndim == 2 else [*bias, zeros, zeros][:2]
    reset_after = bool(getattr(layer, "reset_after", True))
    return RecurrentPart(
        kind,
        ORDERS[kind],
        FusedLayer(kernel, recurrent, *both),
        _function(layer),
        "sigmoid" if kind == "rnn" else _named(layer.recurrent_activation),
        reset_after=reset_after,
    )


def _function(layer: Any) -> str:
    return _named(layer.activation)


def _named(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
