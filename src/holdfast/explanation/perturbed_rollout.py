"""A network with given perturbations added to every pre-activation at every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from holdfast.engine.advance import advance
from holdfast.engine.network import Layer, Network
from holdfast.engine.over_time import over_time, time_first


def columns(network: Network) -> int:
    """How many pre-activations there are in a step, of all gates and layers."""
    return sum(layer[source].width(gate) for layer in network.layers for source, gate in _first(layer))


def perturbed_rollout(network: Network, inputs: jax.Array, present: jax.Array, perturbations: jax.Array) -> jax.Array:
    """The outputs [batch, time, output] under ``perturbations`` [batch, time, column]."""

    def one(state: Any, now: Any) -> Any:
        x, push = now
        hidden, after, _ = advance(_pushed(network, push), state, x)
        return after, network.readout(hidden)

    along, here = time_first(((inputs, perturbations), present))
    return time_first(over_time(one, network.start(inputs.shape[0]), along, present=here)[1])


def _first(layer: Layer) -> Iterator[tuple[str, str]]:
    """(source, gate) of the map in which each gate is met first: pushed there, and nowhere else."""
    seen: set[str] = set()
    for source, linear in layer.items():
        for gate in linear.gates:
            if gate not in seen:
                seen.add(gate)
                yield source, gate


def _pushed(network: Network, push: jax.Array) -> Network:
    """The network of one step: each row [batch, column] has biases of its own."""
    layers, start = [], 0
    for layer in network.layers:
        by_gate = {}
        for source, gate in _first(layer):
            end = start + layer[source].width(gate)
            by_gate[source, gate] = push[..., start:end]
            start = end
        moved = {}
        for source, linear in layer.items():
            none = {gate: jnp.zeros((*push.shape[:-1], linear.width(gate)), push.dtype) for gate in linear.gates}
            extra = jnp.concatenate([by_gate.get((source, gate), none[gate]) for gate in linear.gates], -1)
            moved[source] = replace(linear, bias=extra if linear.bias is None else linear.bias + extra)
        layers.append(moved)
    return replace(network, layers=tuple(layers))
