"""exp(a): an exponential gate, which unlike sigmoid has no largest value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, float("inf"))
text, latex = "exp({0})", r"\exp({0})"
cpp = "exp({0})"
gradient = ("{d} * {y}",)
javascript = "Math.exp({0})"


def numbers(a: Any) -> Any:
    """Behind a barrier, else XLA would compute exp(a) * exp(b) as exp(a + b), and c / exp(a) as c * exp(-a)."""
    import jax.numpy as jnp
    from jax import lax

    barrier = cast("Any", lax).optimization_barrier  # JAX has no type for it
    return barrier(jnp.exp(a))


def reference(a: Any) -> Any:
    import numpy as np

    return np.exp(a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import EXP

    if rounding is None:
        return EXP(a)
    if a.is_number(0):
        return forms.UNIT
    if a.high <= rounding.accuracy.zero:
        return forms.ZERO
    found = rounding.rounded(EXP(a), roundings=rounding.accuracy.exp_errors)
    return forms.within(found, forms.NOTHING, found.high)
