"""A Keras model as a function of whole sequences, whatever it keeps from call to call and at which steps it answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def whole_sequences(model: Any, *, symbols: bool) -> Callable[[np.ndarray], np.ndarray]:
    """``model`` as a function from inputs [batch, time, input] to outputs [batch, time, output], every sequence from a
    state of zeros.

    A stateful model is called with as many rows as it was built for, once for every step where it answers at the last
    step alone; its states are afterwards what they were. Another model that answers at the last step alone is called
    with the sequence up to every step. One that was built for one length is built again for any. ``symbols``: it reads
    whole numbers [batch, time].
    """
    model = _of_any_length(model)
    recurrent = [layer for layer in model.layers if hasattr(layer, "stateful")]
    stateful, last = any(layer.stateful for layer in recurrent), len(model.output_shape) == 2
    rows = model.input_shape[0]

    states = [state for layer in recurrent if layer.stateful for state in layer.states or []]
    once = _call(model, states)

    def call(x: np.ndarray) -> np.ndarray:
        with quiet():
            return np.asarray(once(x.argmax(-1) if symbols else x))

    def of_rows(x: np.ndarray) -> np.ndarray:
        if not last:
            return call(x)
        steps = range(x.shape[1])
        return np.stack([call(x[:, t : t + 1] if stateful else x[:, : t + 1]) for t in steps], 1)

    def compute(x: np.ndarray) -> np.ndarray:
        made = []
        for first in range(0, len(x), rows or len(x)):
            some = x[first : first + (rows or len(x))]
            padded = np.concatenate([some, np.repeat(some[-1:], (rows or len(some)) - len(some), 0)])
            with _from_zeros(recurrent if stateful else []):
                made.append(of_rows(padded)[: len(some)])
        return np.concatenate(made)

    return compute


def _call(model: Any, states: list[Any]) -> Callable[[np.ndarray], Any]:
    """One call of the model that leaves its ``states`` as they are after it; with JAX compiled once for each shape.

    Keras's own functions that are compiled for JAX forget the states of recurrent layers, which its models do not list
    among their variables.
    """
    import jax
    import keras

    if keras.backend.backend() != "jax":
        return lambda x: model(x, training=False)
    variables = [*model.variables, *states]

    @jax.jit
    def compiled(values: list[Any], x: Any) -> tuple[Any, list[Any]]:
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))) as scope:
            outputs = model(x, training=False)
        return outputs, [scope.get_current_value(state) for state in states]

    def call(x: np.ndarray) -> Any:
        outputs, after = compiled([variable.value for variable in variables], x)
        for state, value in zip(states, after, strict=True):
            state.assign(value)
        return outputs

    return call


def _of_any_length(model: Any) -> Any:
    """The same layers, weights and states in a model that takes sequences of any length."""
    if model.input_shape[1] is None:
        return model
    config = model.get_config()
    config.pop("build_input_shape", None)
    first = config["layers"][0]["config"]
    rows, _, *features = first["batch_shape"]
    first["batch_shape"] = (rows, None, *features)
    made = type(model).from_config(config)
    with quiet():
        made.set_weights(model.get_weights())
    return made


@contextmanager
def _from_zeros(layers: list[Any]) -> Iterator[None]:
    """Stateful layers start from zeros, and have their states back afterwards."""
    with quiet():
        held = [[np.asarray(state) for state in layer.states or []] for layer in layers]
        for layer in layers:
            layer.reset_state()
    try:
        yield
    finally:
        with quiet():
            for layer, values in zip(layers, held, strict=True):
                for state, value in zip(layer.states or [], values, strict=False):
                    state.assign(value)


@contextmanager
def quiet() -> Iterator[None]:
    """Keras hands its variables to NumPy in a way of which NumPy 2 says that it is an old one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        yield
