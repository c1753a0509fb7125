"""sin(a): the sine of an angle in radians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (-1.0, 1.0)
text, latex = "sin({0})", r"\sin({0})"
javascript = "Math.sin({0})"
javascript_gradient = ("{d} * Math.cos({0})",)


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    return jnp.sin(a)


def reference(a: Any) -> Any:
    import numpy as np

    return np.sin(a)


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """What it depends on is forgotten."""
    from holdfast.alphabet.enclosures.circle import cosine_and_sine

    return cosine_and_sine(rounding, a)[1]
