"""exp(-8 r softplus(a)), for a gate r in [0, 1]: the part of a state that is kept, at least exp(-8 softplus(a)).

It is b^(8 r) with b = sigmoid(-a)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
limits = (0.0, 1.0)
domain = ((0.0, 1.0), (-3.0, 3.0))
text, latex = "exp(-8 * {0:product} * softplus({1}))", r"\exp(-8 {0:product} \odot \mathrm{{softplus}}({1}))"
cpp = "exp(0 - 8 * ({0} * softplus({1})))"
gradient = ("0 - 8 * ({d} * {y} * softplus({1}))", "0 - 8 * ({d} * {y} * {0} * sigmoid({1}))")
javascript = "Math.exp(-8 * {0} * (Math.max({1}, 0) + Math.log1p(Math.exp(-Math.abs({1})))))"


def numbers(r: Any, a: Any) -> Any:
    from holdfast.alphabet import exp, softplus

    return exp.numbers(-8 * (r * softplus.numbers(a)))


def reference(r: Any, a: Any) -> Any:
    import numpy as np

    return np.exp(-8 * r * np.logaddexp(0, a))


def bounds(rounding: Rounding | None, r: Form, a: Form) -> Form:
    """Word by word, as it is computed. The product by 8 is not rounded."""
    from flint import arb

    from holdfast.alphabet import exp, multiply, softplus
    from holdfast.alphabet.enclosures import forms

    rate = forms.scaled(multiply.bounds(rounding, r, softplus.bounds(rounding, a)), arb(-8))
    if rounding is not None:
        rate = rounding.flushed(rate)
    found = exp.bounds(rounding, rate)
    return forms.within(found, forms.NOTHING, forms.ONE) if r.low >= 0 else found
