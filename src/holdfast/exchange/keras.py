"""Keras: a ``.keras`` file with ``LSTM``, ``GRU`` or ``SimpleRNN`` layers and a read-out of ``Dense`` layers.

Written for any length, with one linear ``Dense``. Read as ``adapters/keras.py`` reads a model: stateful or not, with or
without ``return_sequences``, with an ``Embedding`` below, relu between the ``Dense`` layers and an output function.

Keras has two GRUs; ours is the one with ``reset_after=True``, the default, in which the reset gate acts after the
recurrent product. A feedforward cell is a SimpleRNN with recurrent weights of 0; the name of the model records this.

A file is first read as data, and loaded only if every part of it is a supported layer. Keras computes with the backend
in KERAS_BACKEND, or with JAX if the variable is not set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.engine.network import Network
from holdfast.exchange import _keras_file
from holdfast.exchange._chain import opened
from holdfast.exchange._keras_parts import KINDS, ORDERS, is_chain, parts_of
from holdfast.exchange._keras_run import quiet, whole_sequences
from holdfast.exchange._standard import check_precision, fuse, kind_of
from holdfast.exchange._verify import Runner

ENDING = ".keras"
NEEDS = ("keras",)
CLASSES = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}
KNOWN = (*KINDS, "Dense", "TimeDistributed", "Embedding", "Masking", "Activation", "Dropout", "ReLU", "Softmax")
"""The layers that a file is loaded with."""
PREFIX = "holdfast_"
"""The name of a model is this prefix followed by the name of the cell."""

WANTED: dict[str, tuple[Any, str]] = {
    "reset_after": (True, "its reset gate acts before the recurrent product, another cell than gru"),
    "return_state": (False, "it gives its state as well"),
    "go_backwards": (False, "it reads the sequence from its end"),
    "dropout": (0, "no cell here has dropout"),
    "recurrent_dropout": (0, "no cell here has dropout"),
    "recurrent_activation": ("sigmoid", "gates here are sigmoids"),
    "activation": ("tanh", "lstm and gru have tanh"),
}
"""Settings of a recurrent layer that change what it computes: the expected value, and why others are not supported."""


def write(network: Network, origin: dict, file: Path) -> None:
    """Write ``file``. The format has no place for ``origin``. Raises ``BadValue`` if Keras cannot express the
    network."""
    keras = _keras()
    kind, dtype = kind_of(network, "keras"), str(network.dtype)
    _check_single([dtype])
    words: dict[str, Any] = {"return_sequences": True, "dtype": dtype}
    words |= {"activation": kind.activation} if kind.activation else {}
    words |= {"reset_after": True} if kind.name == "gru" else {}
    make = getattr(keras.layers, CLASSES[kind.name])
    stack = [make(network.units, name=f"recurrent_{depth}", **words) for depth in range(len(network.layers))]
    dense = keras.layers.Dense(network.outputs, name="readout", dtype=dtype)
    inputs = keras.Input((None, network.inputs), dtype=dtype)
    with quiet():
        model = keras.Sequential([inputs, *stack, dense], name=PREFIX + network.cell_name)
        for layer, fused in zip(stack, fuse(network, ORDERS[kind.name]), strict=True):
            bias = np.stack([fused.bias_x, fused.bias_h]) if kind.name == "gru" else fused.bias_x
            layer.set_weights([fused.matrix_x, fused.matrix_h, bias])
        dense.set_weights([np.asarray(network.readout.matrix), np.asarray(network.readout.bias)])
        model.save(file)


def read(file: Path, cell: str | None) -> Network:
    """The network in ``file``. Raises ``BadFile`` for an unsupported model, ``BadValue`` if ``cell`` does not match."""
    config = _keras_file.read(file)
    _checked(config)
    model = _load(file)
    with quiet():
        parts = parts_of(model)
    return opened(parts, cell, config["config"]["name"].removeprefix(PREFIX))


def runner(file: Path, cell: str) -> Runner:
    """The model, loaded and ready to run."""
    keras = _keras()
    model = _load(file)
    symbols = any(type(layer).__name__ == "Embedding" for layer in model.layers)
    run = whole_sequences(model, symbols=symbols)
    last = len(model.output_shape) == 2  # every length is compiled

    def compute(inputs: np.ndarray) -> np.ndarray:
        try:
            return run(inputs)
        except Exception as error:  # of any kind, as in ``_load``
            raise BadFile(f"keras cannot run it on inputs of shape {list(inputs.shape)}: {error}") from error

    by = f"keras {keras.__version__} with {keras.backend.backend()}"
    return Runner(compute, by, model.input_shape[0] or (3 if last else None), 8 if last else None, symbols)


def _keras() -> Any:
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ModuleNotFoundError as error:
        raise BadValue(
            f"KERAS_BACKEND is '{os.environ.get('KERAS_BACKEND')}', which needs the package {error.name}, and that is "
            "not installed.",
            "Install it, or set KERAS_BACKEND=jax.",
        ) from error
    return keras


def _check_single(dtypes: list[str]) -> None:
    if "float64" in dtypes:
        raise BadValue(
            "keras does not compute in double precision: it rounds inputs, and under JAX tanh, to float32.",
            "Use the format torch or onnx.",
        )
    check_precision(dtypes)


def _load(file: Path) -> Any:
    """The model, loaded after ``_checked`` found only supported layers. Also a functional model must be a chain."""
    keras = _keras()
    _checked(_keras_file.read(file))
    try:
        with quiet():
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # of any kind: an untrusted description can cause any error in Keras
        raise BadFile(f"keras cannot load it: {str(error).splitlines()[0] if str(error) else error!r}") from error
    if not isinstance(model, keras.Sequential) and not is_chain(model):
        raise BadFile("its layers branch, expected each to read the one before it, once.")
    return model


def _checked(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The descriptions of the layers, without input layers. Raises ``BadFile`` with every reason why they are not
    supported."""
    layers = [layer for layer in config["config"]["layers"] if layer["class_name"] != "InputLayer"]
    names = [layer["class_name"] for layer in layers]
    known = set(names) <= set(KNOWN) and set(names) & set(KINDS)
    if not known or config["class_name"] not in ("Sequential", "Functional"):
        raise BadFile(
            f"it is a {config['class_name']} model of {', '.join(names) or 'no layers'}; expected layers of one kind, "
            f"{', '.join(KINDS)}, and Dense layers above."
        )
    reasons = [reason for layer in layers for reason in _reasons(layer)]
    reasons += [f"it brings code of its own, {what}" for what in sorted(set(_foreign(config["config"]["layers"])))]
    if reasons:
        raise BadFile("; ".join(reasons) + ".")
    _check_single(sorted({_dtype(layer) for layer in layers}))
    return layers


def _dtype(layer: dict[str, Any]) -> str:
    """The number format of a layer: its own name, or that of a policy such as mixed_float16."""
    stated = layer["config"].get("dtype", "float32")
    if not isinstance(stated, dict):
        return str(stated)
    policy = stated.get("config")
    return str(policy.get("name")) if isinstance(policy, dict) else "no known"


def _reasons(layer: dict[str, Any]) -> Iterator[str]:
    config = layer["config"]
    where = f"{layer['class_name']} '{config['name']}' has"
    if layer["class_name"] not in KINDS:
        return
    if layer["class_name"] == "SimpleRNN" and config.get("activation", "tanh") not in ("tanh", "relu"):
        yield f"{where} activation={config['activation']}: elman has tanh, irnn has relu"
    for setting, (wanted, why) in WANTED.items():
        if setting == "activation" and layer["class_name"] == "SimpleRNN":
            continue
        if config.get(setting, wanted) != wanted:
            yield f"{where} {setting}={config[setting]}: {why}"


def _foreign(part: Any) -> Iterator[str]:
    """Every class in the description that is not part of Keras."""
    if isinstance(part, list):
        for inner in part:
            yield from _foreign(inner)
    elif isinstance(part, dict):
        module = str(part.get("module", "keras"))
        if "class_name" in part and (module.split(".")[0] != "keras" or part.get("registered_name")):
            yield f"{module}.{part['class_name']}"
        for inner in part.values():
            yield from _foreign(inner)
