"""sigmoid(a)^(1/16): a decay that is near 1 where sigmoid(a) is not near 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

POWER = 2.0**-4

arity = 1
limits = (0.0, 1.0)
text, latex = "tempered_sigmoid({0})", r"\sigma({0})^{{1/16}}"
javascript = "Math.exp((Math.min({0}, 0) - Math.log1p(Math.exp(-Math.abs({0})))) / 16)"
cpp = "exp(0.0625 * logsigmoid({0}))"
gradient = ("{d} * {y} * 0.0625 * sigmoid(0 - {0})",)


def numbers(a: Any) -> Any:
    import jax

    from holdfast.alphabet import exp

    return exp.numbers(POWER * jax.nn.log_sigmoid(a))


def reference(a: Any) -> Any:
    import numpy as np

    return np.exp(-np.logaddexp(0, -a) / 16)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """As it is computed: exp of logsigmoid, multiplied by a power of two."""
    from flint import arb

    from holdfast.alphabet import exp, logsigmoid
    from holdfast.alphabet.enclosures import forms

    logarithm = forms.scaled(logsigmoid.bounds(rounding, a), arb(POWER))
    if rounding is None:
        return forms.within(exp.bounds(None, logarithm), forms.NOTHING, forms.ONE)
    return exp.bounds(rounding, rounding.flushed(logarithm))
