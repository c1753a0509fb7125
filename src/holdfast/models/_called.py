"""Call a function of the user, as a pytree, and report its exceptions as errors of the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import jax
import numpy as np
from jax.tree_util import Partial
from jax.typing import DTypeLike

from holdfast.core.errors import BadValue, Problem

BATCH = 2
"""The batch size of the calls that check shapes."""

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


def partial_of(outer: Callable[..., object], function: Callable[..., object]) -> Partial:
    """``outer`` with ``function`` as its first argument, as a pytree. Its leaves are the arrays of ``function`` if that
    is a pytree of arrays, such as a ``Partial``."""
    leaves = jax.tree.leaves(function)
    whole = bool(leaves) and not all(hasattr(leaf, "shape") for leaf in leaves)
    return Partial(outer, Partial(lambda *arguments: function(*arguments)) if whole else function)


def number_format(name: str, dtype: DTypeLike) -> np.dtype:
    """The number format of a model. Raises ``BadValue`` if JAX is set to compute with fewer bits."""
    form = np.dtype(dtype)
    if jax.dtypes.canonicalize_dtype(form) != form:
        raise BadValue(
            f"{name} computes in {form}, but JAX is set to compute with fewer bits.",
            'Say jax.config.update("jax_enable_x64", True) first.',
        )
    return form


def called(name: str, function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """The result of ``function``. Raises ``BadValue`` with the message of any exception that it raises."""
    try:
        return function(*arguments)
    except Problem:
        raise
    except Exception as error:
        said = str(error).strip().split("\n")[0]
        shapes = ", ".join(str(list(leaf.shape)) for leaf in jax.tree.leaves(arguments) if hasattr(leaf, "shape"))
        raise BadValue(
            f"{name} raises {type(error).__name__}{': ' + said if said else ''}, called with the shape {shapes}.",
            "It has to take a batch of sequences of any length, batch first.",
        ) from error
