"""What bounds a gate or a state: the last word of its step, read by a reading whose values are words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holdfast.engine.network import Network

ENDS = {"sigmoid": (0.0, 1.0), "share": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""The values that a word comes near and, in exact arithmetic, never takes."""


class Last:
    """The alphabet read as: which word made this value."""

    def linear(self, weights: Any, source: str) -> Mapping[str, str]:
        return dict.fromkeys(weights.gates, "linear")

    def add(self, *terms: str) -> str:
        return "add"

    def multiply(self, a: str, b: str) -> str:
        return "multiply"

    def mix(self, keep: str, kept: str, new: str) -> str:
        return "mix"

    def sigmoid(self, a: str) -> str:
        return "sigmoid"

    def tanh(self, a: str) -> str:
        return "tanh"

    def relu(self, a: str) -> str:
        return "relu"

    def share(self, a: str, b: str) -> str:
        return "share"

    def stop(self, a: str) -> str:
        return a

    def count(self, a: str) -> str:
        return "count"


def squashes(network: Network) -> tuple[dict[str, str], dict[str, str]]:
    """For every gate and for every state of the cell, the word that made it."""
    cell = network.cell
    state = cell.state_type(*("state" for _ in cell.states))
    made = cell.step(Last(), network.layers[0], "x", state)
    gates = {name: getattr(made.gates, name) for name in cell.gates}
    return gates, {name: getattr(made.state, name) for name in cell.states}
