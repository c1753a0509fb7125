"""sigmoid(a) / (sigmoid(a) + sigmoid(b)): the part that one opening has in two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from flint import arb

    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

SHUT = -40.0
"""Below this sigmoid(a) is exp(a) in every number format, and may underflow."""

arity = 2
limits = (0.0, 1.0)
text = "sigmoid({0}) / (sigmoid({0}) + sigmoid({1}))"
latex = r"\sigma({0}) / (\sigma({0}) + \sigma({1}))"
level = PRODUCT
javascript = (
    "{0} < -40 && {1} < -40 ? 1 / (1 + Math.exp({1} - {0})) : "
    "1 / (1 + Math.exp(-{0})) / (1 / (1 + Math.exp(-{0})) + 1 / (1 + Math.exp(-{1})))"
)
javascript_gradient = (
    "{d} * {y} * (1 - {y}) * sigmoid(0 - {0})",
    "0 - {d} * {y} * (1 - {y}) * sigmoid(0 - {1})",
)


def numbers(a: Any, b: Any) -> Any:
    import jax
    import jax.numpy as jnp

    shut = (a < SHUT) & (b < SHUT)
    one, other = jax.nn.sigmoid(a), jax.nn.sigmoid(b)
    return jnp.where(shut, jax.nn.sigmoid(a - b), one / jnp.where(shut, 1, one + other))


def reference(a: Any, b: Any) -> Any:
    import numpy as np

    return 1 / (1 + (1 + np.exp(-a)) / (1 + np.exp(-b)))


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    """It rises with a and falls with b: its ends are at the ends of both. What it depends on is forgotten. In rounded
    arithmetic nothing is said of a gate that may be shut, where it is computed otherwise."""
    from holdfast.alphabet.enclosures import forms

    low, high = _shared(a.low, b.high), _shared(a.high, b.low)
    if rounding is None:
        found = forms.number(low) if a.is_point and b.is_point else forms.interval(low, high)
        return forms.within(found, forms.NOTHING, forms.ONE)
    # The sigmoid above, those below, the sum and the quotient. Not cut at 1: XLA may compute (1/B) / C as 1/(B C),
    # with s(a) = 1/B, and the result can be 1 + 2^-23.
    roundings = 2 * rounding.accuracy.sigmoid_errors + 2
    if not (a.low > SHUT and b.low > SHUT):
        return forms.interval(forms.NOTHING, 1 + rounding.gamma(roundings))
    found = rounding.rounded(forms.interval(low, high), roundings=roundings)
    return forms.within(found, forms.NOTHING, found.high)


def _shared(a: arb, b: arb) -> arb:
    """1 / (1 + s(b)/s(a)), with s(b)/s(a) = (1 + e^-a) / (1 + e^-b)."""
    return 1 / (1 + (1 + (-a).exp()) / (1 + (-b).exp()))
