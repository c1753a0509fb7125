"""What is called the gradient: all of it, or a learning rule that by intent is not the derivative of the step.

A rule is a reading of the step. It computes the same numbers and stops the gradient on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.errors import BadValue
from holdfast.engine.network import Linear
from holdfast.engine.readings.numbers import Numbers

GRADIENTS = ("full", "truncated_1997")

NUMBERS = Numbers()


class Truncated(Numbers):
    """The rule of the first LSTM (Hochreiter & Schmidhuber 1997, Neural Computation 9(8), appendix A.1).

    An error that reaches a linear map changes its weights and goes no further: what the map reads of the step before
    is taken as given. Through what no map reads, such as the sum c + i*g, errors flow back untouched.
    """

    def __init__(self, state: tuple[Array, ...]) -> None:
        self.carried = state

    def linear(self, weights: Linear, source: Array) -> Mapping[str, Array]:
        given = any(source is state for state in self.carried)
        return super().linear(weights, lax.stop_gradient(source) if given else source)


def reading_of(gradient: str, state: Any) -> Numbers:
    """The reading of one step of one layer that begins in ``state``."""
    return NUMBERS if gradient == "full" else Truncated(state)


def check(gradient: str) -> None:
    """Raises ``BadValue`` where there is no such rule."""
    if gradient not in GRADIENTS:
        raise BadValue(f"the gradient is '{gradient}', expected one of {', '.join(GRADIENTS)}.")


def no_forward_mode(engine: str) -> BadValue:
    """The error of an engine that has derivatives in reverse mode only, and no second ones."""
    return BadValue(
        "forward-mode or second derivatives (jvp, jacfwd, hessian) were asked for, but the "
        f"{engine} engine has first derivatives in reverse mode only (grad, vjp, jacrev).",
        'Use unroll(..., engine="loop"), which has all of them.',
    )
