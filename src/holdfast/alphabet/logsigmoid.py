"""logsigmoid(a) = log(sigmoid(a)): a forget gate as what is added to a logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (float("-inf"), 0.0)
text, latex = "logsigmoid({0})", r"\log\sigma({0})"
cpp = "logsigmoid({0})"
gradient = ("{d} * sigmoid(0 - {0})",)
javascript = "Math.min({0}, 0) - Math.log1p(Math.exp(-Math.abs({0})))"


def numbers(a: Any) -> Any:
    import jax

    return jax.nn.log_sigmoid(a)


def reference(a: Any) -> Any:
    import numpy as np

    return -np.logaddexp(0, -a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """-softplus(-a), which is how it is computed."""
    from holdfast.alphabet import softplus
    from holdfast.alphabet.enclosures import forms

    return forms.negated(softplus.bounds(rounding, forms.negated(a)))
