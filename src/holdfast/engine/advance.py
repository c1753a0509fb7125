"""One time step of a network, through all its layers."""

from __future__ import annotations

from holdfast.core.arrays import Array, NamedArrays, PerLayer
from holdfast.engine import gradients
from holdfast.engine.network import Network
from holdfast.engine.readings.numbers import as_vector


def advance(network: Network, state: PerLayer, x: Array, gradient: str = "full") -> tuple[Array, PerLayer, PerLayer]:
    """One time step through all layers. Returns the output of the top layer [batch, unit], and for every layer the new
    state and the gates.

    ``x`` is [batch, input], or whole-number symbols [batch] for a network with an embedding. A network with separate
    weights for every step must first be reduced to one step with ``network.using``.
    """
    cell = network.cell
    states: list[NamedArrays] = []
    gates: list[NamedArrays] = []
    x = network.embedded(x)
    for layer, before in zip(network.layers, state, strict=True):
        output, after, opened = cell.step(gradients.reading_of(gradient, before), layer, x, before)
        x = as_vector(output, x)
        states.append(after)
        gates.append(opened)
    return x, tuple(states), tuple(gates)
