"""max(a, b), component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
text, latex = "max({0}, {1})", r"\max({0}, {1})"
cpp = "maximum({0}, {1})"
gradient = ("where_larger({0}, {1}, {d})", "where_larger({1}, {0}, {d})")
javascript = "Math.max({0}, {1})"


def numbers(a: Any, b: Any) -> Any:
    import jax.numpy as jnp

    return jnp.maximum(a, b)


def reference(a: Any, b: Any) -> Any:
    import numpy as np

    return np.maximum(a, b)


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    """b + relu(a - b) where neither is the larger one for certain. It rounds nothing."""
    from holdfast.alphabet.enclosures import curves, forms

    if a.low >= b.high:
        return forms.result(a)
    if b.low >= a.high:
        return forms.result(b)
    found = forms.plus(forms.result(b), curves.relu(forms.plus(forms.result(a), forms.negated(forms.result(b)))))
    return forms.within(forms.result(found), a.low.max(b.low), a.high.max(b.high))
