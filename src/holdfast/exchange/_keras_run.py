"""A Keras model as a function of whole sequences, whatever it keeps from call to call and at which steps it answers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from holdfast.core.errors import BadValue


def whole_sequences(model: Any, *, symbols: bool) -> Callable[[np.ndarray], np.ndarray]:
    """``model`` as a function from inputs [batch, time, input] to outputs [batch, time, output], every sequence from a
    state of zeros.

    A stateful model is called with as many rows as it was built for, once for every step where it answers at the last
    step alone; its states are afterwards what they were. Another model that answers at the last step alone is called
    with the sequence up to every step. ``symbols``: it reads whole numbers [batch, time].
    """
    recurrent = [layer for layer in model.layers if hasattr(layer, "stateful")]
    stateful, last = any(layer.stateful for layer in recurrent), len(model.output_shape) == 2
    rows = model.input_shape[0]

    def call(x: np.ndarray) -> np.ndarray:
        with quiet():
            return np.asarray(model.predict_on_batch(x.argmax(-1) if symbols else x))  # compiled once for each shape

    def of_rows(x: np.ndarray) -> np.ndarray:
        if not last:
            return call(x)
        steps = range(x.shape[1])
        return np.stack([call(x[:, t : t + 1] if stateful else x[:, : t + 1]) for t in steps], 1)

    def compute(x: np.ndarray) -> np.ndarray:
        if model.input_shape[1] not in (None, x.shape[1]) and not (last and stateful and model.input_shape[1] == 1):
            raise BadValue(
                f"the model {model.name} of Keras was built for sequences of {model.input_shape[1]} steps, and is "
                f"called with {x.shape[1]}.",
                "Build it for any length: keras.Input((None, features)).",
            )
        made = []
        for first in range(0, len(x), rows or len(x)):
            some = x[first : first + (rows or len(x))]
            padded = np.concatenate([some, np.repeat(some[-1:], (rows or len(some)) - len(some), 0)])
            with _from_zeros(recurrent if stateful else []):
                made.append(of_rows(padded)[: len(some)])
        return np.concatenate(made)

    return compute


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
