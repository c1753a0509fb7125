"""One step after another, compiled by XLA: every cell, every device, every mode of differentiation.

This is the reference: the other engines are tested against it.
"""

from __future__ import annotations

import jax.numpy as jnp

from holdfast.core.arrays import Array, PerLayer
from holdfast.engine.advance import advance
from holdfast.engine.engines import Request
from holdfast.engine.network import Layer, Network
from holdfast.engine.over_time import over_time, time_first


def unsuitable(request: Request) -> str | None:
    """None: this engine runs every request."""
    return None


def run(
    network: Network,
    inputs: Array,
    state: PerLayer,
    *,
    present: Array | None,
    truncate: int | None,
    read_from: int,
    gradient: str,
) -> tuple[Array, PerLayer]:
    """As ``Engine.run``."""
    hidden, state, _ = scanned(network, inputs, state, present, truncate, gradient, keep=False)
    return jnp.swapaxes(network.readout(hidden[read_from:]), 0, 1), state


def scanned(
    network: Network,
    inputs: Array,
    state: PerLayer,
    present: Array | None,
    truncate: int | None,
    gradient: str,
    *,
    keep: bool,
) -> tuple[Array, PerLayer, tuple[PerLayer, PerLayer] | None]:
    """The outputs of the top layer [time, batch, unit], the last state, and (states, gates) [time, ...] if ``keep``."""

    def step(state: PerLayer, now: tuple[Array, tuple[Layer, ...] | None]) -> tuple[PerLayer, tuple[Array, PerLayer]]:
        x, weights = now
        hidden, after, gates = advance(network.using(weights), state, x, gradient)
        return after, (hidden, gates)

    def kept(state: PerLayer, seen: tuple[Array, PerLayer]) -> tuple[Array, tuple[PerLayer, PerLayer] | None]:
        hidden, gates = seen
        return hidden, (state, gates) if keep else None

    along = network.along(inputs.shape[1])
    inputs, present = time_first((inputs, present))
    state, (hidden, traced) = over_time(step, state, (inputs, along), present=present, cut=truncate, keep=kept)
    return hidden, state, traced
