"""sqrt(1 - a^2), and 0 where |a| is above 1: what is written beside a factor a keeps the size of a state.

Where it is 0, its slope is taken as 0: it has none there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flint import arb

    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
limits = (0.0, 1.0)
domain = ((-0.95, 0.95),)
text, latex = "sqrt_one_minus_square({0})", r"\sqrt{{1 - {0:atom}^2}}"
javascript = "Math.sqrt(Math.max((1 - {0}) * (1 + {0}), 0))"
javascript_gradient = ("{y} > 0 ? 0 - {d} * {0} / {y} : 0",)


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    square = (1 - a) * (1 + a)
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def reference(a: Any) -> Any:
    import numpy as np

    return np.sqrt(np.maximum(1 - np.square(a), 0))


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """It is concave, and falls with |a|. What it depends on is followed from 0 to 1."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import Convex

    ends = _value(a.low), _value(a.high)
    if a.is_point:
        found = forms.number(ends[0])
    elif a.low >= 0 and a.high < 1:
        mirrored = Convex(
            value=lambda z: -_value(z),
            slope=lambda z: z / _value(z),
            at=lambda slope: slope / (1 + slope * slope).sqrt(),
            rises=True,
        )
        found = forms.negated(mirrored(forms.result(a)))
    else:
        sure = a.low >= 0 or a.high <= 0
        found = forms.interval(ends[0].min(ends[1]), ends[0].max(ends[1]) if sure else forms.ONE)
    found = forms.within(found, forms.NOTHING, forms.ONE)
    return found if rounding is None else rounding.root_of_rest(found)


def _value(z: arb) -> arb:
    """Of every number in this ball, which may reach beyond 1."""
    rest = (1 - z) * (1 + z)
    return rest.lower().max(rest * 0).sqrt().union(rest.upper().max(rest * 0).sqrt())
