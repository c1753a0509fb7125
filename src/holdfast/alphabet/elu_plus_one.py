"""elu(a) + 1: a + 1 for a > 0, else exp(a), so that every result is positive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "elu_plus_one({0})", r"(\mathrm{{elu}}({0}) + 1)"
javascript = "{0} > 0 ? {0} + 1 : Math.exp({0})"
cpp = "relu({0}) + exp(0 - relu(0 - {0}))"
gradient = ("{d} * exp(0 - relu(0 - {0}))",)


def numbers(a: Any) -> Any:
    """Not as elu(a) + 1, whose error would be one of 1 where the result is near 0."""
    import jax.numpy as jnp

    from holdfast.alphabet import exp

    below: Any = exp.numbers(jnp.minimum(a, 0))
    return jnp.where(a > 0, a + 1, below)


def reference(a: Any) -> Any:
    import numpy as np

    return np.maximum(a, 0) + np.exp(np.minimum(a, 0))


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """Of an exponential or of one sum, whichever is further off."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import ELU_PLUS_ONE

    if rounding is None:
        return ELU_PLUS_ONE(a)
    if a.is_number(0):
        return forms.UNIT
    if a.high <= rounding.accuracy.zero:
        return forms.ZERO
    found = rounding.rounded(ELU_PLUS_ONE(a), roundings=rounding.accuracy.exp_errors)
    return forms.within(found, forms.NOTHING, found.high)
