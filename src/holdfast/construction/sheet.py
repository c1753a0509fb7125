"""Weights by the names of units, channels and gates, and their conversion to a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from holdfast.core.arrays import as_array
from holdfast.core.cell import CONSTANT
from holdfast.engine.network import READOUT, Linear, Network, create
from holdfast.engine.resolve import resolve


@dataclass
class Sheet:
    """The weights of a construction: ``gates[unit][gate]`` = (bias, weights from channels, weights from units). Every
    unit has a name and a role.

    ``recurrent`` is the state whose components the weights from units read; ``idle`` has the bias, where it is not 0,
    of each gate in units that are not used.
    """

    cell: str
    channels: list[str]
    roles: dict[str, str] = field(default_factory=dict)
    gates: dict[str, dict[str, tuple[float, dict[str, float], dict[str, float]]]] = field(default_factory=dict)
    readout: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    recurrent: str = "h"
    idle: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def units(self) -> list[str]:
        return list(self.gates)

    def unit(self, name: str, role: str, **gates: tuple[float, Mapping[str, float]]) -> None:
        """Add a unit, with the pre-activation of each gate: a bias, and weights on channels and units by name. Of a
        gate with one number for each head, the first unit has that of the first head; of one with several numbers for
        each unit, a unit has the first of its own."""
        assert name not in self.gates, f"two units named {name}"
        assert set(gates) <= set(resolve(self.cell).gates), f"{self.cell} has no such gates: {sorted(gates)}"
        self.roles[name] = role
        self.gates[name] = {
            gate: (
                bias,
                {n: w for n, w in weights.items() if n in self.channels},
                {n: w for n, w in weights.items() if n not in self.channels},
            )
            for gate, (bias, weights) in gates.items()
        }

    def read(self, bias: float, weights: Mapping[str, float]) -> None:
        """Add an output: a bias, and weights on units."""
        self.readout.append((bias, dict(weights)))

    def weights(self) -> Iterator[float]:
        """Every bias and weight."""
        for gates in self.gates.values():
            for bias, channels, units in gates.values():
                yield from (bias, *channels.values(), *units.values())
        for bias, units in self.readout:
            yield from (bias, *units.values())

    def network(self, units: int, dtype: str) -> Network:
        """The network with this many units, with weights rounded to ``dtype``. The weights of unused units are 0."""
        number = {name: place for place, name in enumerate(self.units)}
        net = create(self.cell, len(self.channels), units, len(self.readout), dtype=np.dtype(dtype))
        (layer,) = net.layers
        matrices = {
            source: {gate: np.zeros((linear.matrix.shape[0], linear.width(gate))) for gate in linear.gates}
            for source, linear in layer.items()
        }
        none = {gate: np.zeros(m.width(gate)) for m in layer.values() for gate in m.gates}
        biases = {gate: np.full(len(zeros), self.idle.get(gate, 0.0)) for gate, zeros in none.items()}
        for name, gates in self.gates.items():
            for gate, (bias, channels, sources) in gates.items():
                place = number[name] * max(1, len(biases[gate]) // units)
                biases[gate][place] = bias
                for channel, weight in channels.items():
                    matrices["x"][gate][self.channels.index(channel), place] = weight
                for source, weight in sources.items():
                    matrices[self.recurrent][gate][number[source], place] = weight
        own = {source: biases if source in ("x", CONSTANT) else none for source in matrices}
        filled = {source: _filled(layer[source], m, own[source]) for source, m in matrices.items()}
        matrix = np.zeros((units, len(self.readout)))
        for output, (_, weights) in enumerate(self.readout):
            for name, weight in weights.items():
                matrix[number[name], output] = weight
        offsets = np.array([bias for bias, _ in self.readout])
        return replace(
            net, layers=(filled,), readout=_filled(net.readout_maps[-1], {READOUT: matrix}, {READOUT: offsets})
        )


def _filled(linear: Linear, matrices: dict[str, np.ndarray], biases: dict[str, np.ndarray]) -> Linear:
    """A map with these weights, rounded to the map's number format."""
    dtype = linear.matrix.dtype
    matrix = np.concatenate([matrices[gate] for gate in linear.gates], 1)
    bias = None if linear.bias is None else np.concatenate([biases[gate] for gate in linear.gates])
    return replace(linear, matrix=as_array(matrix, dtype), bias=None if bias is None else as_array(bias, dtype))
