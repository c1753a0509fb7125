"""a / b, component by component, for b other than 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
text = latex = "{0:product} / {1:atom}"
level = PRODUCT
cpp = "{0} / {1}"
gradient = ("{d} / {1}", "0 - {d} * {y} / {1}")
javascript = "{0} / ({1})"
domain = ((-2.0, 2.0), (0.25, 2.0))


def numbers(a: Any, b: Any) -> Any:
    """Between barriers, else XLA would compute a / (b / c) as (a * c) / b, (a / b) / c as a / (b * c), and so on. It
    removes the barriers before it compiles. A divisor that is the same for several components still becomes a factor
    1 / b, which the bounds allow for.
    """
    from jax import lax

    barrier = cast("Any", lax).optimization_barrier  # JAX has no type for it
    a, b = barrier((a, b))
    return barrier(a / b)


def reference(a: Any, b: Any) -> Any:
    return a / b


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    """a * (1 / b), with 1 / b on the side of 0 where b lies."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import RECIPROCAL

    if b.low > 0:
        found = forms.result(forms.times(a, RECIPROCAL(b)))
    elif b.high < 0:
        found = forms.result(forms.times(forms.negated(a), RECIPROCAL(forms.negated(b))))
    else:
        raise forms.Unbounded("a divisor may be 0")
    return found if rounding is None else rounding.quotient(found, a, b)
