"""exp(-c sigmoid(-a)), c = exp(-1/2): a decay between 0.545 and 1, which rises with a.

Source: Peng et al. 2025, arXiv:2503.14456, whose argument has the other sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

RATE = math.exp(-0.5)

arity = 1
limits = (0.54523, 1.0)
text, latex = "limited_decay({0})", r"\exp(-e^{{-1/2}} \sigma(-({0})))"
javascript = "Math.exp(-Math.exp(-0.5) / (1 + Math.exp({0})))"
cpp = f"exp(-{RATE!r} * sigmoid(0 - {{0}}))"
gradient = (f"{{d}} * {{y}} * {RATE!r} * sigmoid({{0}}) * sigmoid(0 - {{0}})",)


def numbers(a: Any) -> Any:
    import jax

    from holdfast.alphabet import exp

    return exp.numbers(-RATE * jax.nn.sigmoid(-a))


def reference(a: Any) -> Any:
    import numpy as np

    return np.exp(-RATE / (1 + np.exp(a)))


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """As it is computed: exp of a product of sigmoid with a constant, which is rounded twice."""
    from flint import arb

    from holdfast.alphabet import exp, sigmoid
    from holdfast.alphabet.enclosures import forms

    exponent = forms.scaled(sigmoid.bounds(rounding, forms.negated(a)), -(arb(-0.5).exp()))
    if rounding is None:
        return forms.within(exp.bounds(None, exponent), arb(limits[0]), forms.ONE)
    return exp.bounds(rounding, exponent if exponent.is_number(0) else rounding.rounded(exponent, roundings=4))
