"""2 sigmoid(a) = 2 / (1 + exp(-a)): a writing strength that may exceed 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, 2.0)
text, latex = "2 * sigmoid({0})", r"2 \, \sigma({0})"
level = PRODUCT
javascript = "2 / (1 + Math.exp(-({0})))"
cpp = "2 * sigmoid({0})"
gradient = ("{d} * {y} * (1 - 0.5 * {y})",)


def numbers(a: Any) -> Any:
    import jax

    return 2 * jax.nn.sigmoid(a)


def reference(a: Any) -> Any:
    import numpy as np

    return 2 / (1 + np.exp(-a))


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """Twice those of sigmoid: the product by 2 is not rounded, and raises no number that is 0."""
    from flint import arb

    from holdfast.alphabet import sigmoid
    from holdfast.alphabet.enclosures import forms

    return forms.scaled(sigmoid.bounds(rounding, a), arb(2))
