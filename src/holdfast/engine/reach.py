"""How far a gradient reaches back in time: the gradient of a loss with respect to the state and input of every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from holdfast.core.arrays import Array, PerLayer
from holdfast.core.typed_jax import grad, tree_map, zeros
from holdfast.engine.advance import advance
from holdfast.engine.network import Layer, Network
from holdfast.engine.over_time import over_time, time_first

State = TypeVar("State")
Now = tuple[Array, State, State | None, tuple[Layer, ...] | None]
"""What a step has: its inputs, the zeros added to its state, the states to take the gradient at, its weights."""


class Reach(NamedTuple):
    """The gradient with respect to the ``states`` before every step, leaves [time, batch, ...] for every state of every
    layer, and with respect to the ``inputs`` [batch, time, input].

    The gradient with respect to the inputs alone can mislead. A network that has learned to keep a value closes its
    input gates; the gradient with respect to the inputs then vanishes although the value is kept.
    """

    states: Any
    inputs: Array


def reach(
    network: Network,
    loss: Callable[[Array], Array],
    inputs: Array,
    present: Array | None = None,
    *,
    truncate: int | None = None,
    gradient: str = "full",
    states: PerLayer | None = None,
) -> Reach:
    """The gradient of ``loss``, a scalar function of the outputs [batch, time, output], by backpropagation through
    time.

    Rows are independent: if the loss is a sum over rows, each row has its own gradient. ``inputs`` is [batch, time,
    input], ``present`` [batch, time]. ``truncate`` and ``gradient`` have the same meaning as in ``unroll``. With
    ``states`` [time, batch, ...], the gradient is evaluated at these states instead of those that the network computes.
    """

    def step(state: PerLayer, x: Array, weights: tuple[Layer, ...] | None) -> tuple[PerLayer, Array]:
        hidden, after, _ = advance(network.using(weights), state, x, gradient)
        return after, hidden

    def of_hidden(hidden: Array) -> Array:
        return loss(network.readout(hidden))

    start, along = network.start(inputs.shape[0]), network.along(inputs.shape[1])
    return reach_of(step, start, of_hidden, inputs, present, along=along, truncate=truncate, states=states)


def reach_of(
    step: Callable[[State, Array, tuple[Layer, ...] | None], tuple[State, Array]],
    start: State,
    loss: Callable[[Array], Array],
    inputs: Array,
    present: Array | None = None,
    *,
    along: tuple[Layer, ...] | None = None,
    truncate: int | None = None,
    states: State | None = None,
) -> Reach:
    """``reach`` for any ``step(state, x, along)``. The step returns the next state and a value [batch, ...]; ``loss``
    reads these values [batch, time, ...]. ``start`` is the state before the first step; ``along`` [time, ...] holds
    what differs between steps, such as separate weights."""
    still = tree_map(lambda s: zeros((inputs.shape[1], *s.shape), s.dtype), start)

    def of_what_enters(pushes: State, inputs: Array) -> Array:
        def push(state: State, now: Now[State]) -> State:
            _, push, given, _ = now
            if given is not None:  # the value of the given state, with the gradient of the computed one
                state = tree_map(lambda s, at: at + (s - jax.lax.stop_gradient(s)), state, given)
            return tree_map(jnp.add, state, push)

        def body(state: State, now: Now[State]) -> tuple[State, Array]:
            return step(state, now[0], now[3])

        x, here = time_first((inputs, present))
        _, seen = over_time(body, start, (x, pushes, states, along), present=here, change=push, cut=truncate)
        return loss(time_first(seen))

    return Reach(*grad(of_what_enters, (0, 1))(still, inputs))


def norms(gradients: object) -> Array:
    """The Euclidean norm over all leaves [time, batch, ...], for every row and step: [batch, time]."""
    squares = [jnp.square(g).sum(tuple(range(2, g.ndim))) for g in jax.tree.leaves(gradients)]
    return jnp.sqrt(jnp.stack(squares).sum(0)).T


def slope_decades(norms: np.ndarray, last: np.ndarray, lag_steps: int) -> float | None:
    """The change of a gradient in decades per step back in time: -0.1 means a factor of 10 in ten steps, 0 a constant
    gradient.

    ``norms`` is [batch, time]; ``last`` [batch] is the step of each row's answer. The slope is a least-squares fit to
    log10 of the mean over rows, at those of the ``lag_steps`` steps up to the answer where the gradient is not 0. None
    if there are fewer than two such steps.

    >>> slope_decades(np.array([[1e-4, 1e-3, 1e-2, 1e-1]]), np.array([3]), 3)
    -1.0
    """
    back = np.arange(lag_steps)
    place = last[:, None] - back[None, :]
    there = place >= 0
    gathered = np.take_along_axis(norms.astype(np.float64), np.maximum(place, 0), 1)
    mean = np.where(there, gathered, 0.0).sum(0) / np.maximum(there.sum(0), 1)
    known = np.isfinite(mean) & (mean > 0)
    if known.sum() < 2:
        return None
    decades: NDArray[np.float64] = np.log10(mean[known])
    return round(float(np.polyfit(back[known], decades, 1)[0]), 12)
