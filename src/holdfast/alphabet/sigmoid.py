"""sigmoid(a) = 1 / (1 + exp(-a)): how far a gate is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, 1.0)
text, latex = "sigmoid({0})", r"\sigma({0})"
javascript = "1 / (1 + Math.exp(-({0})))"
cpp = "sigmoid({0})"
gradient = ("{d} * {y} * (1 - {y})",)


def numbers(a: Any) -> Any:
    import jax

    return jax.nn.sigmoid(a)


def reference(a: Any) -> Any:
    import numpy as np

    return 1 / (1 + np.exp(-a))


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.curves import SIGMOID

    found = forms.within(SIGMOID(a), forms.NOTHING, forms.ONE)
    if rounding is None:
        return found
    accuracy = rounding.accuracy
    if a.low >= accuracy.one:
        return forms.UNIT
    if a.high <= accuracy.zero:
        return forms.ZERO
    return forms.within(rounding.rounded(found, roundings=accuracy.sigmoid_errors), forms.NOTHING, forms.ONE)
