"""exp(a): an exponential gate, which unlike sigmoid has no largest value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "exp({0})", r"\exp({0})"
javascript = "Math.exp({0})"


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    return jnp.exp(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.exp(a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import EXP

    forms.exact_only(rounding, "exp")
    return EXP(a)
