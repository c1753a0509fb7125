"""Keras: a ``keras.Model``, opened where its layers are a chain of standard parts, else at a lower level.

Parts: ``Embedding`` or ``Dense`` below; ``LSTM``, ``GRU`` or ``SimpleRNN``, stateful or not, with or without
``return_sequences``; ``Dense`` with relu between them, and a sigmoid or softmax, above; ``TimeDistributed``,
``Activation`` and ``Dropout``. A model with ``Masking``, or a GRU whose reset gate acts first, has level *steps*.

Every sequence starts from a state of zeros; the states of a stateful model are afterwards what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from holdfast.core.errors import BadValue
from holdfast.exchange._highest import highest
from holdfast.models.answers import from_function
from holdfast.models.levels import Model

if TYPE_CHECKING:
    import keras


def accepts(thing: object) -> bool:
    """Whether it is a ``keras.Model``: some class that it is derived from is called so."""
    return any((kind.__module__, kind.__name__) == ("keras.src.models.model", "Model") for kind in type(thing).__mro__)


def model(thing: keras.Model, *, inputs: int, name: str = "") -> Model:
    """The Keras model as a model of the highest level that its layers allow.

    Raises ``BadValue`` for a model that is not built, computes in another number format than float32, fails, has
    outputs of another shape, or rows of a batch that affect each other.
    """
    import keras

    from holdfast.exchange._keras_parts import parts_of
    from holdfast.exchange._keras_run import quiet, whole_sequences

    name = name or f"the model {thing.name} of Keras"
    formats = {str(weight.dtype) for weight in thing.weights if "seed" not in weight.path}
    formats |= {layer.compute_dtype for layer in thing.layers}  # not that of the weights in mixed_float16
    if formats - {"float32"}:
        raise BadValue(f"{name} computes in {' and '.join(sorted(formats))}, expected float32 throughout.")
    if not thing.built or not isinstance(getattr(thing, "input_shape", None), tuple):
        raise BadValue(f"{name} is not built for one input.", "Give it a keras.Input, or call it once.")
    symbols = [layer.input_dim for layer in thing.layers if type(layer).__name__ == "Embedding"]
    if symbols and symbols[0] != inputs:
        raise BadValue(
            f"{name} has an Embedding of {symbols[0]} symbols, but there are {inputs} inputs.",
            "Inputs of symbols are one-hot: there are as many inputs as the Embedding has symbols.",
        )
    if not symbols and thing.input_shape[-1] not in (None, inputs):
        raise BadValue(f"{name} reads {thing.input_shape[-1]} inputs, expected {inputs}.")
    answers = from_function(
        whole_sequences(thing, symbols=bool(symbols)),
        inputs=inputs,
        dtype=np.float32,
        name=name,
        has_gradients=False,
    )
    with quiet():
        by = f"keras {keras.__version__} with {keras.backend.backend()}"
        last = len(thing.output_shape) == 2  # every length is compiled
        batch, steps = thing.input_shape[0] or (3 if last else None), 8 if last else None
        return highest(answers, lambda: parts_of(thing), by, symbols=bool(symbols), batch=batch, steps=steps)
