"""OFFENDERS among what is made: each is a true construction with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp

from holdfast.construction.compile import Construction
from holdfast.engine.network import Network


def claims(made: Construction, factor: float) -> Construction:
    """So many times the error is claimed, and budgeted."""
    return replace(made, claim=replace(made.claim, error=factor * made.claim.error), budget=made.budget * factor)


def claims_without_budget(made: Construction) -> Construction:
    """The claim is half of what the budget adds up to."""
    return replace(made, claim=replace(made.claim, error=made.claim.error / 2))


def spends_more_than_half_of_the_lead(made: Construction) -> Construction:
    return replace(made, budget=made.budget * 1e6)


def keeps_at(network: Network, gain: float) -> Network:
    """Every forget gate has this pre-activation: what is held leaks away."""
    (layer,) = network.layers
    bias = jnp.full(network.units, gain, network.dtype)
    return replace(network, layers=({**layer, "x": layer["x"].put("forget", bias=bias)},))


def with_a_stray_weight(made: Construction) -> Construction:
    """The last unit, which has no name, is heard by the read-out, if only by a hair."""
    readout = made.network.readout
    matrix = readout.matrix.at[-1, 0].set(1e-30)
    return replace(made, network=replace(made.network, readout=replace(readout, matrix=matrix)))


def with_a_bit_turned(made: Construction) -> Construction:
    """Every weight is the next number towards zero."""
    network = jax.tree.map(lambda a: jnp.where(a == 0, a, jnp.nextafter(a, jnp.zeros_like(a))), made.network)
    return replace(made, network=network)
