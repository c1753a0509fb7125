"""Models of other frameworks as ours: one file, one framework. ``as_model`` asks each whether an object is its own.

A file has two functions. ``accepts(thing)`` says whether it is an object of this framework, by the name of the module
of its class: nothing is imported to find out. ``model(thing, inputs=..., name=...)`` makes a model of the highest level
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
    """A model of any object that answers: a model as it is, an object of a framework that has an adapter, or a function
    from inputs [batch, time, ``inputs``] to outputs [batch, time, output], in JAX or NumPy.

    ``name`` is what messages call it. A start and a step make a model with ``from_steps``.
    Raises ``BadValue`` where it is none of these, or fails on zeros of this shape; ``BadFile`` where an adapter lacks
    something.

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
