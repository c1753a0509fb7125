"""The gradient rules: the full derivative, or an approximation that a learning rule uses in its place.

A rule is a reading of the step. It computes the same numbers and stops the gradient at some of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from jax import lax

from holdfast.core.arrays import Array
from holdfast.core.errors import BadValue
from holdfast.engine.network import Linear
from holdfast.engine.readings.numbers import Numbers

GRADIENTS = ("full", "truncated_1997")

NUMBERS = Numbers()


class Truncated(Numbers):
    """The rule of the first LSTM (Hochreiter & Schmidhuber 1997, Neural Computation 9(8), appendix A.1).

    The gradient of a linear map reaches its weights but not what the map reads of the previous step. The gradient flows
    back in time only where no linear map is in between, such as through the sum c + i*g.
    """

    def __init__(self, state: tuple[Array, ...]) -> None:
        self.carried = state

    def linear(self, weights: Linear, source: Array) -> Mapping[str, Array]:
        given = any(source is state for state in self.carried)
        return super().linear(weights, lax.stop_gradient(source) if given else source)


def reading_of(gradient: str, state: tuple[Array, ...]) -> Numbers:
    """The reading for one step of one layer, by the name of the rule. ``state`` is the state before the step."""
    return NUMBERS if gradient == "full" else Truncated(state)


def check(gradient: str) -> None:
    """Raise ``BadValue`` if there is no rule of this name."""
    if gradient not in GRADIENTS:
        raise BadValue(f"the gradient is '{gradient}', expected one of {', '.join(GRADIENTS)}.")


def no_forward_mode(engine: str) -> BadValue:
    """The error of an engine that has derivatives in reverse mode only, and no second ones."""
    return BadValue(
        "forward-mode or second derivatives (jvp, jacfwd, hessian) were asked for, but the "
        f"{engine} engine has first derivatives in reverse mode only (grad, vjp, jacrev).",
        'Use unroll(..., engine="loop"), which has all of them.',
    )
