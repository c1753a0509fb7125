"""relu(a) = max(a, 0), with the slope 0 at 0, as in PyTorch and in the kernels (that of ``jnp.maximum`` is 1/2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "relu({0})", r"\mathrm{{relu}}({0})"
javascript = "{0} > 0 || Number.isNaN({0}) ? {0} : 0"
cpp = "relu({0})"
gradient = ("where_positive({y}, {d})",)


def numbers(a: Any) -> Any:
    import jax

    return jax.nn.relu(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.maximum(a, 0)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import curves, forms

    return forms.result(curves.relu(a))
