"""softplus(a) = log(1 + exp(a)): positive, and nearly a where a is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "softplus({0})", r"\mathrm{{softplus}}({0})"
cpp = "softplus({0})"
gradient = ("{d} * sigmoid({0})",)
javascript = "Math.max({0}, 0) + Math.log1p(Math.exp(-Math.abs({0})))"


def numbers(a: Any) -> Any:
    import jax

    return jax.nn.softplus(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.logaddexp(0, a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import SOFTPLUS

    if rounding is None:
        return SOFTPLUS(a)
    if a.high <= rounding.accuracy.zero:
        return forms.ZERO
    found = rounding.rounded(SOFTPLUS(a), roundings=rounding.accuracy.softplus_errors)
    return forms.within(found, forms.NOTHING, found.high)
