"""Adapters for models of other frameworks, one file for each. ``as_model`` finds the adapter for an object.

A file has two functions. ``accepts(thing)`` returns whether the object belongs to this framework, from the module name
of its class, without importing the framework. ``model(thing, inputs=..., name=...)`` makes a model of the highest level
that the framework allows.
"""

from __future__ import annotations

from pathlib import Path

from holdfast.core.errors import BadFile, BadValue
from holdfast.core.registry import Folder
from holdfast.engine.network import Network
from holdfast.models.answers import Answers, from_function
from holdfast.models.levels import Model
from holdfast.models.steps import Steps

FOLDER = Folder("adapter", "holdfast.exchange.adapters", Path(__file__).parent)
WORDS = ("accepts", "model")


def as_model(thing: object, *, inputs: int, name: str = "") -> Model:
    """The model of an object: a ``Model`` itself, an object of a framework with an adapter, or a function in JAX or
    NumPy from inputs [batch, time, ``inputs``] to outputs [batch, time, output].

    ``name`` is the model's name in messages. For a model from a start and a step, use ``from_steps``.
    Raises ``BadValue`` if the object is none of these, or fails on zeros of this shape, and ``BadFile`` if an adapter
    is incomplete.

    >>> import numpy as np
    >>> as_model(lambda x: np.sort(x, 2), inputs=3).outputs
    3
    """
    if isinstance(thing, Network | Steps | Answers):
        if thing.inputs != inputs:
            raise BadValue(f"the model reads {thing.inputs} inputs, expected {inputs}.")
        return thing
    for adapter in FOLDER.names():
        module = FOLDER.load(adapter)
        if missing := [word for word in WORDS if not hasattr(module, word)]:
            raise BadFile(
                f"the adapter {module.__file__} lacks {', '.join(missing)}.",
                "exchange/adapters/torch.py has both.",
            )
        if module.accepts(thing):
            return module.model(thing, inputs=inputs, name=name)
    if not callable(thing):
        raise BadValue(
            f"an object of the class {defined_in(thing)}.{type(thing).__name__} is no model: it cannot be called, and "
            f"no adapter knows it; there are: {', '.join(FOLDER.names())}.",
            "Give a function of inputs [batch, time, input], or make a model with from_steps.",
        )
    return from_function(thing, inputs=inputs, name=name)


def defined_in(thing: object) -> str:
    """The module in which the class of this object is defined."""
    return type(thing).__module__
