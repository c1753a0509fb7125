"""Run a network over a sequence: ``unroll`` gives its outputs, ``trace`` also every gate and state.

Only the state passes from one step to the next. A sequence that is read in pieces, with the state carried over, gives
the same outputs as the whole sequence. With separate weights for every step, the network for the next piece is
``network.after(steps)``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import ShapeDtypeStruct, default_backend
from jax.core import Tracer
from jax.typing import ArrayLike

from holdfast.core.arrays import Array, GivenInputs, GivenMask, OutputsRead, PerLayer
from holdfast.core.errors import BadValue
from holdfast.core.typed_jax import asarray, platform_dependent
from holdfast.engine import engines, gradients
from holdfast.engine.deferred import deferred
from holdfast.engine.engines import Request
from holdfast.engine.engines.loop import scanned
from holdfast.engine.network import Network
from holdfast.engine.over_time import time_first

FORWARD_MODE = "forward-mode autodiff"
"""Words of JAX's error where a function has a derivative of its own in reverse mode only."""


class Trace(NamedTuple):
    """Every gate and state of every layer, by name: ``trace.states[0].c`` and ``trace.gates[0].forget`` are each
    [batch, time, unit], or have the axes that the cell declares in place of unit. ``outputs`` is [batch, time, output];
    ``state`` is the state after the last step."""

    outputs: Array
    state: PerLayer
    states: PerLayer
    gates: PerLayer


def unroll(
    network: Network,
    inputs: GivenInputs,
    state: PerLayer | None = None,
    *,
    present: GivenMask | None = None,
    truncate: int | None = None,
    read_from: int = 0,
    gradient: str = "full",
    engine: str = "auto",
) -> tuple[OutputsRead, PerLayer]:
    """Run ``network`` over ``inputs`` [batch, time, input] from ``state`` (None: zeros).

    A network with an embedding also accepts symbols, whole numbers [batch, time] from 0, in place of one-hot vectors.

    ``present`` [batch, time] is false in padding, where the state does not change. ``truncate`` = k stops the gradient,
    but not the value, between windows of k steps, counted from the first step of ``inputs``; it also stops the gradient
    to ``state``. ``gradient`` is a gradient rule (``engine.gradients``): it changes the gradient, but not the values.
    Only the outputs from step ``read_from`` on, counted from 0, are computed.
    ``engine`` is a file of ``engine/engines/`` or ``auto``. ``loop`` runs everything, on every device. ``native``, the
    compiled library, runs the cells and number formats that it was built for on a CPU, several times as fast, with
    reverse-mode gradients only. ``parallel`` computes all steps at once for cells whose new state is affine in the old
    state, with reverse-mode gradients only and without ``truncate``. ``auto`` is ``native`` if possible and otherwise
    ``loop``; on devices other than the CPU it is ``loop``.
    Returns the outputs [batch, time - read_from, output] and the state after the last step.
    Raises ``BadValue`` if the inputs do not fit the network, or the requested engine is not available.
    """
    inputs, mask = _in_format_of(network, inputs), _mask(present)
    _check(network, inputs, mask, truncate, read_from)
    gradients.check(gradient)
    refuse_steps_without_weights(network, inputs, mask)
    if state is None:
        state = network.start(inputs.shape[0])
    network, inputs = network.above_embedding(), network.embedded(inputs)
    request = Request(network.cell, gradient, network.steps is None, truncate, (network, inputs, state))
    chosen = engines.chosen(engine, request)

    def by(name: str) -> Callable[[Network, Array, PerLayer, Array | None], tuple[Array, PerLayer]]:
        run = partial(engines.get(name).run, truncate=truncate, read_from=read_from, gradient=gradient)
        return lambda network, inputs, state, present: run(network, inputs, state, present=present)

    with _forward_mode_refused(chosen):
        if engine == engines.AUTO and chosen != "loop":
            loop = by("loop")
            if default_backend() == "cpu":  # on an accelerator the loop is what runs, and its gradient runs it once
                outputs = (inputs.shape[0], inputs.shape[1] - read_from, network.outputs)
                loop = deferred(loop, (ShapeDtypeStruct(outputs, inputs.dtype), state))
            return platform_dependent(network, inputs, state, mask, cpu=by(chosen), default=loop)
        return by(chosen)(network, inputs, state, mask)


def trace(
    network: Network, inputs: GivenInputs, state: PerLayer | None = None, *, present: GivenMask | None = None
) -> Trace:
    """Run ``network`` as ``unroll`` does, and return every gate and state at every step.

    Raises ``BadValue`` if the inputs do not fit the network.
    """
    inputs, mask = _in_format_of(network, inputs), _mask(present)
    _check(network, inputs, mask)
    refuse_steps_without_weights(network, inputs, mask)
    if state is None:
        state = network.start(inputs.shape[0])
    network, inputs = network.above_embedding(), network.embedded(inputs)
    hidden, state, kept = scanned(network, inputs, state, mask, None, "full", keep=True)
    assert kept is not None
    states, gates = time_first(kept)
    return Trace(jnp.swapaxes(network.readout(hidden), 0, 1), state, states, gates)


def _in_format_of(network: Network, inputs: ArrayLike) -> Array:
    """The inputs as an array, numbers in the network's own format; whole numbers stay, which may be symbols."""
    array = asarray(inputs)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise BadValue(f"inputs hold {array.dtype} numbers, expected real numbers.", "Give their real parts.")
    return array.astype(network.dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _mask(present: GivenMask | None) -> Array | None:
    return None if present is None else asarray(present)


@contextmanager
def _forward_mode_refused(engine: str) -> Generator[None]:
    """Say which engine has forward mode, in place of what JAX raises where one has a reverse mode only."""
    try:
        yield
    except TypeError as error:
        if FORWARD_MODE not in str(error):
            raise
        raise gradients.no_forward_mode(engine) from error


def _check(
    network: Network, inputs: Array, present: Array | None, truncate: int | None = None, read_from: int = 0
) -> None:
    if network.embedding is not None and inputs.ndim == 2 and jnp.issubdtype(inputs.dtype, jnp.integer):
        _refuse_unknown_symbols(network, inputs)
    elif inputs.ndim != 3 or inputs.shape[2] != network.inputs:
        raise BadValue(
            f"inputs have shape {tuple(inputs.shape)}, expected [batch, time, {network.inputs}] for this network.",
            "Add the missing axes, or use a network with this input size.",
        )
    if present is not None and present.shape != inputs.shape[:2]:
        raise BadValue(f"present has shape {tuple(present.shape)}, expected {tuple(inputs.shape[:2])}.")
    if truncate is not None and truncate < 1:
        raise BadValue(f"truncate is {truncate}, expected at least 1 step.")
    if not 0 <= read_from <= inputs.shape[1]:
        raise BadValue(f"read_from is {read_from}, expected a step from 0 to {inputs.shape[1]}.")


def _refuse_unknown_symbols(network: Network, symbols: Array) -> None:
    """Raise ``BadValue`` for a number outside the symbols. Inputs that are being traced by JAX are not checked."""
    if isinstance(symbols, Tracer) or not symbols.size:
        return
    known = np.asarray(symbols)
    if wrong := [int(s) for s in (known.min(), known.max()) if not 0 <= s < network.inputs]:
        raise BadValue(
            f"the inputs have the symbol {wrong[0]}, expected whole numbers from 0 to {network.inputs - 1} for this "
            "network.",
            "Number the symbols from 0, or use a network with more inputs.",
        )


def refuse_steps_without_weights(
    network: Network, inputs: Array | np.ndarray, present: Array | np.ndarray | None
) -> None:
    """Raise ``BadValue`` if a network with separate weights for every step is run past its last step. A mask that is
    being traced by JAX is not checked: outputs past the last step are then NaN."""
    if network.steps is None or isinstance(present, Tracer):
        return
    steps = inputs.shape[1]
    if present is not None:
        steps = int(np.flatnonzero(np.asarray(present).any(0)).max(initial=-1)) + 1
    refuse_past_the_last(network, steps)


def refuse_past_the_last(network: Network, steps: int) -> None:
    """Raise ``BadValue`` if the network has separate weights for fewer than ``steps`` steps."""
    if network.steps is not None and steps > network.steps:
        raise BadValue(
            f"this {network.cell_name} network has separate weights for {network.steps} steps, not for {steps}.",
            f"Give at most {network.steps} steps, or use a network with more steps or with shared weights.",
        )
