"""One time step of a network, through all its layers."""

from __future__ import annotations

from holdfast.core.arrays import Array, PerLayer
from holdfast.engine import gradients
from holdfast.engine.network import Network
from holdfast.engine.readings.numbers import as_vector


def advance(network: Network, state: PerLayer, x: Array, gradient: str = "full") -> tuple[Array, PerLayer, PerLayer]:
    """One time step through all layers: x [batch, input], or symbols [batch] of a network with an embedding, to the top
    hidden output, new states and gates.

    Of a network with weights of its own for every step, those of one: ``network.using``.
    """
    cell = network.cell
    states: list[tuple[Array, ...]] = []
    gates: list[tuple[Array, ...]] = []
    x = network.embedded(x)
    for layer, before in zip(network.layers, state, strict=True):
        output, after, opened = cell.step(gradients.reading_of(gradient, before), layer, x, before)
        x = as_vector(output, x)
        states.append(after)
        gates.append(opened)
    return x, tuple(states), tuple(gates)
