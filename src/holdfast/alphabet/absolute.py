"""|a|, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "abs({0})", r"\lvert {0} \rvert"
cpp = "magnitude({0})"
gradient = ("where_positive({0}, {d}) - where_positive(0 - {0}, {d})",)
javascript = "Math.abs({0})"
javascript_gradient = ("{d} * Math.sign({0})",)
domain = ((0.05, 3.0),)


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    return jnp.abs(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.abs(a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """2 relu(a) - a where the sign is not known. It rounds nothing."""
    from holdfast.alphabet.enclosures import curves, forms

    if a.low >= 0:
        return forms.result(a)
    if a.high <= 0:
        return forms.result(forms.negated(a))
    found = forms.plus(forms.scaled(curves.relu(forms.result(a)), 2 * forms.ONE), forms.negated(forms.result(a)))
    return forms.within(forms.result(found), forms.NOTHING, a.size)
