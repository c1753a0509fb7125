"""A module of a JAX library as a chain of standard parts, and the model that follows from it.

Equinox and Flax NNX keep modules in attributes, but a function such as relu between two of them is plain code in the
forward pass. The parts are therefore read in the order in which a module holds them, and the functions of the read-out
are found by trial: those are chosen with which the parts give the outputs of the module on random inputs. Whether the
result is right is decided by the comparison in ``highest``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import jax
import numpy as np

from holdfast.core.errors import BadFile, BadValue
from holdfast.exchange._chain import ChainPart, DensePart, FunctionPart, RecurrentPart
from holdfast.exchange._chain_step import FUNCTIONS, stepped
from holdfast.exchange._highest import highest
from holdfast.exchange.adapters._sequences import probe, refuse_side_effects, whole_sequences
from holdfast.models.answers import Answers, from_function
from holdfast.models.levels import Model

INSIDE = ("", "relu", "tanh", "sigmoid")
"""The functions that are tried below and between the linear maps of the read-out."""
AFTER = ("", "sigmoid", "softmax", "log_softmax", "relu", "tanh")
"""The functions that are tried after the last map."""
BATCH, STEPS = 3, 8
"""The size of the comparison: every length is compiled."""

Reader = Callable[[Any], list[ChainPart] | None]
"""The parts of a module as a whole; [] if it computes nothing, None if its attributes have to be searched."""


def model_of(
    run: Callable[[Any], Any], read: Callable[[], list[ChainPart]], by: str, *, inputs: int, dtype: np.dtype, name: str,
    symbols: bool,
) -> Model:  # fmt: skip
    """The model of the highest level of a JAX function ``run`` of inputs [batch, time, input], or of symbols.

    ``read`` returns the parts, without functions in the read-out. Raises the errors of ``from_function``, and
    ``BadValue`` if two calls differ.
    """
    given = probe(inputs, dtype, symbols)
    traced = _is_traced(run, given)
    function = jax.jit(run) if traced else run
    refuse_side_effects(name, lambda x: np.asarray(function(x)), given)
    whole = whole_sequences(function, given, numbers=jax.numpy if traced else np)
    answers = from_function(whole, inputs=inputs, dtype=dtype, name=name, has_gradients=traced and not symbols)
    return highest(
        answers, lambda: _with_functions(read(), answers, given), by, symbols=symbols, batch=BATCH, steps=STEPS
    )


def parts_of(thing: Any, read: Reader, library: str) -> list[ChainPart]:
    """The parts of a module in the order of its attributes.

    Raises ``BadFile`` for a module of the ``library`` that ``read`` does not know, and for an array that belongs to no
    known part.
    """
    return [part for held in _held(thing, read, library, type(thing).__name__) for part in held]


def _held(thing: Any, read: Reader, library: str, place: str) -> Iterator[list[ChainPart]]:
    if (parts := read(thing)) is not None:
        yield parts
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _held(value, read, library, f"{place}.{key}")
    elif isinstance(thing, Sequence) and not isinstance(thing, str):
        for index, value in enumerate(thing):
            yield from _held(value, read, library, f"{place}[{index}]")
    elif any(kind.__module__.split(".")[0] == library and kind.__name__ == "Module" for kind in type(thing).__mro__):
        if type(thing).__module__.split(".")[0] == library:
            raise BadFile(f"it has a part that is not known here, {type(thing).__name__}.")
        for attribute, value in vars(thing).items():
            if not attribute.startswith("_pytree__"):
                yield from _held(value, read, library, f"{place}.{attribute}")
    elif hasattr(thing, "shape") and hasattr(thing, "dtype") and np.ndim(thing):
        raise BadFile(f"it has an array that belongs to no part that is known here, {place}.")


def _with_functions(parts: list[ChainPart], answers: Answers, given: np.ndarray) -> list[ChainPart]:
    """The parts with the functions of the read-out with which they give the ``answers`` for ``given``; without, if
    there are none."""
    last = max((place for place, part in enumerate(parts) if isinstance(part, RecurrentPart)), default=-1)
    above = [part for part in parts[last + 1 :] if isinstance(part, DensePart)]
    try:
        hidden = stepped(parts[: last + 1], answers.inputs, answers.dtype, answers.name)(given)
        expected = np.asarray(answers(given))
        for before, between, after in product(INSIDE if above else ("",), INSIDE if above[1:] else ("",), AFTER):
            tail = list[ChainPart]([FunctionPart(before)] if before else [])
            for place, dense in enumerate(above):
                tail += [*([FunctionPart(between)] if place and between else []), dense]
            tail += [FunctionPart(after)] if after else []
            outputs = _applied(tail, np.asarray(hidden))
            if outputs.shape == expected.shape and np.allclose(outputs, expected, rtol=1e-4, atol=1e-5):
                return [*parts[: last + 1], *tail]
    except (BadFile, BadValue, ValueError):  # parts that do not fit together: the reason is found when they are opened
        pass
    return parts


def _applied(parts: Sequence[ChainPart], outputs: np.ndarray) -> np.ndarray:
    for part in parts:
        if isinstance(part, DensePart):
            outputs = outputs @ part.matrix + part.bias
        elif isinstance(part, FunctionPart):
            outputs = np.asarray(FUNCTIONS[part.name](jax.numpy.asarray(outputs)))
    return outputs


def number_format(name: str, leaves: Sequence[Any], others: Sequence[Any] = ()) -> np.dtype:
    """The number format of the arrays ``leaves``; float32 if there is none. ``others`` are further formats in which
    modules compute. Raises ``BadValue``."""
    if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in leaves):
        raise BadValue(f"{name} has shapes in place of weights.", "Give a module with its weights.")
    floats = [leaf for leaf in leaves if hasattr(leaf, "dtype") and jax.numpy.issubdtype(leaf.dtype, np.floating)]
    formats = sorted({str(np.dtype(form)) for form in (*(leaf.dtype for leaf in floats), *others) if form is not None})
    if len(formats) > 1 or not set(formats) <= {"float32", "float64"}:
        raise BadValue(f"{name} has {' and '.join(formats)} numbers, expected float32 or float64 throughout.")
    return np.dtype(formats[0] if formats else "float32")


def refuse_training(name: str, changed: Sequence[str], fix: str) -> None:
    """Raise ``BadValue`` if the modules ``changed`` compute other outputs in training mode."""
    if changed:
        raise BadValue(f"{name} is in training mode, which changes the outputs of {', '.join(changed[:4])}.", fix)


def symbols_of(name: str, sizes: Sequence[int], inputs: int) -> bool:
    """Whether a model reads symbols: it has an embedding of as many symbols as there are inputs. Raises ``BadValue`` if
    all of its embeddings, of these ``sizes``, have another number."""
    if sizes and inputs not in sizes:
        raise BadValue(
            f"{name} has an Embedding of {sizes[0]} symbols, but there are {inputs} inputs.",
            "Inputs of symbols are one-hot: there are as many inputs as the Embedding has symbols.",
        )
    return bool(sizes)


def name_of(function: Any) -> str:
    """The name of a function, such as relu."""
    return getattr(function, "__name__", type(function).__name__)


def _is_traced(run: Callable[[Any], Any], given: np.ndarray) -> bool:
    try:
        jax.eval_shape(run, jax.ShapeDtypeStruct(given.shape, given.dtype))
    except Exception:  # of any kind: it is called with arrays, and raises it again
        return False
    return True
