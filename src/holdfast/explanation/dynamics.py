"""The network as a map of one state vector: the states of all layers, concatenated.

    s_t = F(s_(t-1), x_t)

s holds the states layer by layer, each by its name, component by component (of a matrix in row-major order): for an
LSTM h_1 ... h_H, c_1 ... c_H. Diagnostics that ask for derivatives of F compute in float64, whatever the network's
format. A model of level *steps* counts as one layer, whose states are the arrays of its state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np

from holdfast.core.arrays import Array
from holdfast.engine.advance import advance
from holdfast.engine.network import Network
from holdfast.models.levels import Model, Stepped
from holdfast.models.steps import Steps

StepModel = TypeVar("StepModel", bound=Stepped)


def shapes(model: Stepped) -> tuple[Mapping[str, tuple[int, ...]], ...]:
    """Of every layer the shape of each state by name, without the batch."""
    if isinstance(model, Steps):
        return (model.shapes,)
    return ({name: model.shape(name) for name in model.cell.states},) * len(model.layers)


def names(model: Stepped) -> list[str]:
    """One name for each component of s: ``c3`` is state c of unit 3 (counted from 1), ``2.c3`` that of layer 2, and
    ``C1,2,3`` the component of a matrix memory in head 1, row 2 and column 3."""
    layers = shapes(model)
    return [
        f"{f'{number}.' if len(layers) > 1 else ''}{_ended(state, shape)}{place}"
        for number, layer in enumerate(layers, 1)
        for state, shape in layer.items()
        for place in (",".join(str(n + 1) for n in at) for at in np.ndindex(shape))
    ]


def in_float64(model: StepModel) -> StepModel:
    """The same weights as double precision numbers, of NumPy. Programs take them where ``jax.enable_x64`` is on."""
    made = jax.tree.map(lambda a: np.asarray(a, np.float64), model)
    return cast("StepModel", replace(made, dtype=np.dtype(np.float64))) if isinstance(made, Steps) else made


def pack(model: Stepped, state: Any) -> Array:
    """A state as one vector [..., component], inside compiled programs."""
    axes = [len(shape) for layer in shapes(model) for shape in layer.values()]
    leaves = zip(jax.tree.leaves(state), axes, strict=True)
    return jnp.concatenate([a if n == 1 else a.reshape(*a.shape[: a.ndim - n], -1) for a, n in leaves], -1)


def _ended(state: str, shape: tuple[int, ...]) -> str:
    """A state's name in front of a number: "h2_" of a stack, lest its unit 3 be read as number 23 of h."""
    return f"{state}_" if state[-1].isdigit() and shape else state


def unpack(model: Stepped, vector: Array) -> Any:
    """The state of this vector [..., component]."""
    sizes = [shape for layer in shapes(model) for shape in layer.values()]
    ends = np.cumsum([math.prod(shape) for shape in sizes])[:-1].tolist()
    parts = zip(jnp.split(vector, ends, -1), sizes, strict=True)
    leaves = [a if len(shape) == 1 else a.reshape(*a.shape[:-1], *shape) for a, shape in parts]
    return jax.tree.unflatten(jax.tree.structure(jax.eval_shape(lambda: model.start(1))), leaves)


def advanced(model: Stepped, state: Any, x: Array) -> tuple[Array, Any]:
    """One step of a batch: what is seen of the topmost layer by the read-out [batch, unit], of a model of level *steps*
    its output; and the next state."""
    if isinstance(model, Steps):
        return model.step(state, x)
    hidden, after, _ = advance(model, state, x)
    return hidden, after


def memory_index(network: Network, name: str) -> np.ndarray | None:
    """For each component of the memory, the index of the matching component of a state or gate; None if both have the
    same axes."""
    own, axes = network.cell.axes_of(name), network.cell.axes_of(network.cell.memory)
    if own == axes:
        return None
    sizes = network.sizes(axes)
    none = np.zeros(sizes, int)
    where = [none, *(np.indices(sizes)[axes.index(axis)] if axis in axes else none for axis in own)]
    return np.ravel_multi_index(where, (1, *network.sizes(own))).ravel()


def shaped(model: Stepped, layers: Sequence[Mapping[str, Any]]) -> Any:
    """States by name [batch, time, component], for every layer, as a model has them [batch, time, *axes]."""
    parts = zip(shapes(model), layers, strict=True)
    leaves = [
        layer[name].reshape(*layer[name].shape[:2], *shape) for sizes, layer in parts for name, shape in sizes.items()
    ]
    return jax.tree.unflatten(jax.tree.structure(jax.eval_shape(lambda: model.start(1))), leaves)


def by_name(model: Stepped, state: Any) -> tuple[dict[str, Any], ...]:
    """The arrays of a state, or of what is shaped like one, by name, for every layer."""
    leaves = iter(jax.tree.leaves(state))
    return tuple({name: next(leaves) for name in layer} for layer in shapes(model))


def step(model: Stepped, vector: Array, x: Array) -> Array:
    """F: vectors [..., component] and inputs [..., input] to the vectors after one step."""
    if isinstance(model, Steps):  # its step is of a batch
        state = unpack(model, vector.reshape(-1, vector.shape[-1]))
        return pack(model, model.step(state, x.reshape(-1, x.shape[-1]))[1]).reshape(vector.shape)
    return pack(model, advance(model, unpack(model, vector), x)[1])


def jacobian(model: Stepped, vector: Array, x: Array) -> Array:
    """dF/ds at one vector [component] and one input [input]: [component after, component before]."""
    return jax.jacfwd(partial(step, model))(vector, x)


def started(model: Stepped, batch: int) -> Any:
    """The state before the first step, in arrays of NumPy: of a network zeros, for which nothing is compiled."""
    if isinstance(model, Network):
        return jax.tree.map(lambda a: np.zeros(a.shape, a.dtype), jax.eval_shape(lambda: model.start(batch)))
    return jax.tree.map(np.asarray, model.start(batch))


def along(model: Stepped, time: int) -> Any:
    """The weights of so many steps, where every step has its own; None where all share one set."""
    return model.along(time) if isinstance(model, Network) else None


def using(model: StepModel, weights: Any) -> StepModel:
    """The model of one step, with these of the weights ``along`` gave."""
    return cast("StepModel", model.using(weights)) if isinstance(model, Network) else model


def holding_input(inputs: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, str]:
    """The input while the network only holds: the most frequent input if it makes up a tenth or more of all, otherwise
    their mean; and a name for which of the two it is."""
    read = np.asarray(inputs, np.float64)[np.asarray(present)]
    distinct, counts = np.unique(read, axis=0, return_counts=True)
    if counts.max() >= 0.1 * len(read):
        return distinct[counts.argmax()], "the most frequent input"
    return read.mean(0), "the mean input"


def bound_to_time(model: Model) -> bool:
    """Whether steps have separate weights, so that there is no single map F."""
    return isinstance(model, Network) and model.steps is not None


TIMELESS = "This network has separate weights for every step, so there is no single map to analyse."
"""The reason that a diagnostic of the map gives for such a network."""
