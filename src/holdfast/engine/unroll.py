"""A network over a sequence: its outputs, or every gate and state, its state carried, padded and cut as asked.

Nothing but the state passes from one step to the next; so a sequence read in pieces, the state carried, gives what the
whole gives. Of a network with weights of its own for every step, the next piece is read by ``network.after(steps)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from holdfast.core.arrays import Array, Inputs, Mask, OutputsRead
from holdfast.core.errors import BadValue
from holdfast.engine import gradients
from holdfast.engine.native import choice
from holdfast.engine.network import Network
from holdfast.engine.over_time import over_time, time_first
from holdfast.engine.parallel import solve
from holdfast.engine.readings.numbers import as_vector


class Trace(NamedTuple):
    """Every gate and state of every layer, by name: ``trace.states[0].c`` and ``trace.gates[0].forget``,
    each [batch, time, unit], or with the axes that the cell declares; ``outputs`` [batch, time, output]; ``state`` is
    what is carried on."""

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
    gradient: str = "full",
    engine: str = "auto",
) -> tuple[OutputsRead, Any]:
    """Run ``network`` over ``inputs`` [batch, time, input] from ``state`` (zeros where None).

    ``present`` [batch, time] is false in padding, where the state stays as it is. ``truncate`` = k cuts the
    gradient, not the value, between windows of k steps counted from the first step given (also to ``state``).
    ``gradient`` is a learning rule (``engine.gradients``): the same values, and what is called their gradient.
    Outputs are read out from step ``read_from`` on, counted from 0: what is asked for later costs nothing before.
    ``engine`` computes: ``xla`` anything anywhere, ``native`` (our own kernels) the cells and number formats that it
    has, on a processor, several times as fast, but in reverse mode only; ``parallel`` all steps at once, of cells whose
    new state is affine in the old one, in reverse mode only and without ``truncate``; ``auto`` is native where that is
    possible, else xla.
    Returns the outputs [batch, time - read_from, output] and the state after the last step, to run on from.
    Raises ``BadValue`` where the inputs do not fit the network, or the engine asked for cannot be had.
    """
    inputs = jnp.asarray(inputs)
    _check(network, inputs, present, truncate, read_from)
    gradients.check(gradient)
    _refuse_steps_without_weights(network, inputs, present)
    if state is None:
        state = network.start(inputs.shape[0])
    wanted = choice.chosen(engine, network, inputs, state, truncate, gradient)
    if wanted == "native":
        return _native(network, inputs, state, present, truncate, read_from)
    if wanted == "parallel":
        return _parallel(network, inputs, state, present, read_from)
    hidden, state, _ = _scan(network, inputs, state, present, truncate, gradient, keep=False)
    return jnp.swapaxes(network.readout(hidden[read_from:]), 0, 1), state


def trace(network: Network, inputs: Inputs, state: Any = None, *, present: Mask | None = None) -> Trace:
    """As ``unroll``, with every gate and state at every step."""
    _check(network, inputs, present)
    _refuse_steps_without_weights(network, inputs, present)
    if state is None:
        state = network.start(inputs.shape[0])
    hidden, state, kept = _scan(network, inputs, state, present, None, "full", keep=True)
    states, gates = time_first(kept)
    return Trace(jnp.swapaxes(network.readout(hidden), 0, 1), state, states, gates)


def advance(
    network: Network, state: tuple[Any, ...], x: Array, gradient: str = "full"
) -> tuple[Array, tuple[Any, ...], tuple[Any, ...]]:
    """One time step through all layers: x [batch, input] to the top hidden output, new states and gates.

    Of a network with weights of its own for every step, those of one: ``network.using``.
    """
    cell, states, gates = network.cell, [], []
    for layer, before in zip(network.layers, state, strict=True):
        output, after, opened = cell.step(gradients.reading_of(gradient, before), layer, x, before)
        x = as_vector(output, x)
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


def _parallel(network: Network, inputs: Array, state: Any, present: Array | None, read_from: int) -> tuple[Array, Any]:
    """All steps of one layer at once, then all of the next."""
    hidden, here = time_first((inputs, present))
    last = []
    for layer, before in zip(network.layers, state, strict=True):
        hidden, after = solve(network.cell, layer, hidden, before, here)
        last.append(after)
    return jnp.swapaxes(network.readout(hidden[read_from:]), 0, 1), tuple(last)


def _scan(
    network: Network,
    inputs: Array,
    state: Any,
    present: Array | None,
    truncate: int | None,
    gradient: str,
    *,
    keep: bool,
) -> tuple[Array, Any, Any]:
    """The top hidden outputs [time, batch, unit], the last state, and (states, gates) [time, ...] if ``keep``."""

    def step(state: Any, now: Any) -> tuple[Any, Any]:
        x, weights = now
        hidden, after, gates = advance(network.using(weights), state, x, gradient)
        return after, (hidden, gates)

    def kept(state: Any, seen: Any) -> tuple[Array, Any]:
        hidden, gates = seen
        return hidden, (state, gates) if keep else None

    along = network.along(inputs.shape[1])
    inputs, present = time_first((inputs, present))
    state, (hidden, traced) = over_time(step, state, (inputs, along), present=present, cut=truncate, keep=kept)
    return hidden, state, traced


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


def _refuse_steps_without_weights(network: Network, inputs: Array, present: Array | None) -> None:
    """Raise ``BadValue`` where a network with weights of its own for every step is to run past its last. A mask that is
    not known before the program runs, since it is being traced, is not judged: outputs past the last step are NaN."""
    if network.steps is None or isinstance(present, Tracer):
        return
    steps = inputs.shape[1]
    if present is not None:
        steps = int(np.flatnonzero(np.asarray(present).any(0)).max(initial=-1)) + 1
    refuse_past_the_last(network, steps)


def refuse_past_the_last(network: Network, steps: int) -> None:
    """Raise ``BadValue`` where every step has weights of its own, and so many steps have not all got some."""
    if network.steps is not None and steps > network.steps:
        raise BadValue(
            f"this {network.cell_name} network has weights for {network.steps} steps and was asked for step "
            f"{network.steps + 1}: every step has weights of its own, and there are no more.",
            f"Read at most {network.steps} steps, make a network with more (and more weights), or one that uses the "
            "same weights at every step.",
        )
