"""A network over a sequence: its outputs, or every gate and state, its state carried, padded and cut as asked.

There is one set of weights, used at every step. Nothing but the state passes from one step to the next; so a
sequence read in pieces, the state carried, gives what the whole gives. (A cell with other weights at every step has
its state t choose them, and cannot run past the last: that is refused.)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from holdfast.core.arrays import Array, Inputs, Mask, OutputsRead
from holdfast.core.errors import BadValue
from holdfast.engine.native import choice
from holdfast.engine.network import Network, chosen
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.readings.numbers import Numbers

NUMBERS = Numbers()


class Trace(NamedTuple):
    """Every gate and state of every layer, by name: ``trace.states[0].c`` and ``trace.gates[0].forget``,
    each [batch, time, unit]; ``outputs`` [batch, time, output]; ``state`` is what is carried on."""

    outputs: Array
    state: tuple[Any, ...]
    states: tuple[Any, ...]
    gates: tuple[Any, ...]


def unroll(
    network: Network,
    inputs: Inputs,
    state: Any = None,
    *,
    present: Mask | None = None,
    truncate: int | None = None,
    read_from: int = 0,
    engine: str = "auto",
) -> tuple[OutputsRead, Any]:
    """Run ``network`` over ``inputs`` [batch, time, input] from ``state`` (zeros where None).

    ``present`` [batch, time] is false in padding, where the state stays as it is. ``truncate`` = k cuts the
    gradient, not the value, between windows of k steps counted from the first step given (also to ``state``).
    Outputs are read out from step ``read_from`` on, counted from 0: what is asked for later costs nothing before.
    ``engine`` computes: ``xla`` anything anywhere, ``native`` (our own kernels) the cells and number formats that it
    has, on a processor, several times as fast, but in reverse mode only; ``auto`` is native where that is possible.
    Returns the outputs [batch, time - read_from, output] and the state after the last step, to run on from.
    Raises ``BadValue`` where the inputs do not fit the network, or the engine asked for cannot be had.
    """
    inputs = jnp.asarray(inputs)
    _check(network, inputs, present, truncate, read_from)
    _refuse_steps_without_weights(network, inputs, state, present)
    fresh = state is None
    if state is None:
        state = network.start(inputs.shape[0])
    if choice.is_native(engine, network, inputs, state):
        return _native(network, inputs, state, present, truncate, read_from)
    if fresh and _closes_up(network, inputs, present, truncate):
        hidden, state = _closed_up(network, inputs, state, present)
    else:
        in_step = fresh and present is None and network.cell.per_step
        hidden, state, _ = _scan(network, inputs, state, present, truncate, keep=False, in_step=in_step)
    return jnp.swapaxes(network.readout(hidden[read_from:]), 0, 1), state


def trace(network: Network, inputs: Inputs, state: Any = None, *, present: Mask | None = None) -> Trace:
    """As ``unroll``, with every gate and state at every step."""
    _check(network, inputs, present)
    _refuse_steps_without_weights(network, inputs, state, present)
    in_step = state is None and present is None and network.cell.per_step
    if state is None:
        state = network.start(inputs.shape[0])
    hidden, state, kept = _scan(network, inputs, state, present, None, keep=True, in_step=in_step)
    states, gates = time_first(kept)
    return Trace(jnp.swapaxes(network.readout(hidden), 0, 1), state, states, gates)


def advance(network: Network, state: tuple[Any, ...], x: Array) -> tuple[Array, tuple[Any, ...], tuple[Any, ...]]:
    """One time step through all layers: x [batch, input] to the top hidden output, new states and gates."""
    cell, states, gates = network.cell, [], []
    for layer, before in zip(network.layers, state, strict=True):
        x, after, opened = cell.step(NUMBERS, chosen(cell, layer, before), x, before)
        states.append(after)
        gates.append(opened)
    return x, tuple(states), tuple(gates)


def _native(
    network: Network, inputs: Array, state: Any, present: Array | None, truncate: int | None, read_from: int
) -> tuple[Array, Any]:
    """All steps of one layer, then all of the next: the same numbers, since nothing passes downwards."""
    from holdfast.engine.native.operation import recurrence

    hidden, last = inputs, []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = recurrence(network.cell, layer, hidden, before, present, truncate or 0)
        last.append(after)
    if present is None and read_from == inputs.shape[1] - 1:
        # The last state has it too, and then no gradient comes to any step but through that.
        return network.readout(last[-1][0][:, None]), tuple(last)
    return network.readout(hidden[:, read_from:]), tuple(last)


def _scan(
    network: Network, inputs: Array, state: Any, present: Array | None, truncate: int | None, keep: bool, in_step: bool
) -> tuple[Array, Any, Any]:
    """The top hidden outputs [time, batch, unit], the last state, and (states, gates) [time, ...] if ``keep``.

    ``in_step``: step t of every row uses the weights of step t, which are handed in instead of looked up for each row.
    """
    layers = jax.tree.map(lambda a: a[: inputs.shape[1]], network.layers) if in_step else None

    def step(state: Any, now: Any) -> tuple[Any, Any]:
        x, weights = now
        hidden, after, gates = advance(network if weights is None else replace(network, layers=weights), state, x)
        return after, (hidden, gates)

    def kept(state: Any, seen: Any) -> tuple[Array, Any]:
        hidden, gates = seen
        return hidden, (state, gates) if keep else None

    inputs, present = time_first((inputs, present))
    state, (hidden, traced) = over_time(step, state, (inputs, layers), present=present, cut=truncate, keep=kept)
    return hidden, state, traced


def _closes_up(network: Network, inputs: Array, present: Array | None, truncate: int | None) -> bool:
    """Whether rows with gaps are better run without them: where every step has weights of its own."""
    return network.steps is not None and present is not None and truncate is None and inputs.shape[1] <= network.steps


def _closed_up(network: Network, inputs: Array, state: Any, present: Any) -> tuple[Array, Any]:
    """The same with every row's steps that are present first, so that all rows are at the same step, and put back."""
    order = jnp.argsort(~present, axis=1, stable=True)
    first = jnp.take_along_axis(present, order, 1)
    x = jnp.take_along_axis(inputs, order[..., None], 1)
    hidden, state, _ = _scan(network, x, state, first, None, keep=False, in_step=True)
    back = jnp.argsort(order, axis=1)
    return jnp.take_along_axis(hidden, back.T[..., None], 0), state


def _check(
    network: Network, inputs: Array, present: Array | None, truncate: int | None = None, read_from: int = 0
) -> None:
    if inputs.ndim != 3 or inputs.shape[2] != network.inputs:
        raise BadValue(
            f"inputs have shape {tuple(inputs.shape)}, expected [batch, time, {network.inputs}] for this network.",
            "Add the missing axes, or use a network of this input size.",
        )
    if present is not None and present.shape != inputs.shape[:2]:
        raise BadValue(f"present has shape {tuple(present.shape)}, expected {tuple(inputs.shape[:2])}.")
    if truncate is not None and truncate < 1:
        raise BadValue(f"truncate is {truncate}, expected at least 1 step.")
    if not 0 <= read_from <= inputs.shape[1]:
        raise BadValue(f"read_from is {read_from}, expected a step from 0 to {inputs.shape[1]}.")


def _refuse_steps_without_weights(network: Network, inputs: Array, state: Any, present: Array | None) -> None:
    """Raise ``BadValue`` where a network with other weights at every step is to run past its last.

    What is not known before the program runs (a state or a mask that is being traced) is not judged here: there
    outputs past the last step are NaN.
    """
    if network.steps is None:
        return
    begun, asked = 0, inputs.shape[1]
    if state is not None and not isinstance(state[0].t, Tracer):
        begun = round(float(np.max(np.asarray(state[0].t), initial=0)))
    if present is not None:
        asked = 0 if isinstance(present, Tracer) else int(np.asarray(present).sum(1).max(initial=0))
    refuse_past_the_last(network, begun + asked)


def refuse_past_the_last(network: Network, steps: int) -> None:
    """Raise ``BadValue`` where every step has weights of its own, and so many steps have not all got some."""
    if network.steps is not None and steps > network.steps:
        raise BadValue(
            f"{network.cell_name}: this network has weights for {network.steps} steps and was asked for step "
            f"{network.steps + 1}: every step has weights of its own, and there are no more.",
            f"Read at most {network.steps} steps, make a network with more (and more weights), or take a cell that "
            "uses the same weights at every step.",
        )
