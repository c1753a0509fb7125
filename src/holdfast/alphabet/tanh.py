"""The hyperbolic tangent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (-1.0, 1.0)
text, latex = "tanh({0})", r"\tanh({0})"
javascript = "Math.tanh({0})"
cpp = "tanh({0})"
gradient = ("{d} * (1 - {y}) * (1 + {y})",)


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    return jnp.tanh(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.tanh(a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.curves import TANH

    if rounding is None or a.is_number(0):
        return forms.within(TANH(a), -forms.ONE, forms.ONE)
    accuracy = rounding.accuracy
    if a.size <= accuracy.identity:
        return forms.result(a)
    if a.low >= accuracy.saturated or a.high <= -accuracy.saturated:
        return forms.UNIT if a.low > 0 else forms.number(-1)
    return forms.within(rounding.rounded(TANH(a), roundings=accuracy.tanh_errors), -forms.ONE, forms.ONE)
