"""The alphabet in which a cell's step is written: small, closed, and read in more than one way.

A cell never calls JAX. It calls the words below on a *reading*, which decides what they mean: numbers
(``engine/readings/numbers.py``), an equation (``engine/readings/equation.py``), or bounds. Two rules keep
every reading possible:

1.  Operands that depend on each other enter as one word. ``mix(k, a, b)`` is k*a + (1-k)*b; spelt out, an
    interval reading would see two independent k and its bound would grow without end.
2.  No control flow on values, no indices: gates are taken from ``linear`` by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

Value = Any
"""What a reading computes with: an array, a piece of an equation, an enclosure."""


class Reading(Protocol):
    """One meaning of the alphabet. Every word maps values of this reading to values of this reading."""

    def linear(self, weights: Any, source: Value) -> Mapping[str, Value]:
        """W_g @ source (+ b_g where the map has a bias) for every gate g of ``weights``, by name."""
        ...

    def add(self, *terms: Value) -> Value:
        """The sum of independent terms."""
        ...

    def multiply(self, a: Value, b: Value) -> Value:
        """a * b, component by component."""
        ...

    def mix(self, keep: Value, kept: Value, new: Value) -> Value:
        """keep * kept + (1 - keep) * new, in this order of operations, for keep in [0, 1].

        With keep exactly 1.0 and a finite ``new``, a normal number ``kept`` comes out bit for bit (of a zero, all but
        its sign); with new + keep * (kept - new) it would not, because IEEE subtraction rounds.
        """
        ...

    def sigmoid(self, a: Value) -> Value:
        """1 / (1 + exp(-a))."""
        ...

    def tanh(self, a: Value) -> Value:
        """The hyperbolic tangent."""
        ...

    def relu(self, a: Value) -> Value:
        """max(a, 0)."""
        ...

    def share(self, a: Value, b: Value) -> Value:
        """sigmoid(a) / (sigmoid(a) + sigmoid(b)): the part that one opening has in two."""
        ...


WORDS = ("linear", "add", "multiply", "mix", "sigmoid", "tanh", "relu", "share")
"""The whole alphabet. A reading that has these can read every cell."""
