"""a / b, component by component, for b other than 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
text = latex = "{0:product} / {1:atom}"
level = PRODUCT
javascript = "{0} / ({1})"
domain = ((-2.0, 2.0), (0.25, 2.0))


def numbers(a: Any, b: Any) -> Any:
    return a / b


reference = numbers


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    """a * (1 / b), with 1 / b on the side of 0 where b lies."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.convex import RECIPROCAL

    forms.exact_only(rounding, "divide")
    if b.low > 0:
        return forms.result(forms.times(a, RECIPROCAL(b)))
    if b.high < 0:
        return forms.result(forms.times(forms.negated(a), RECIPROCAL(forms.negated(b))))
    raise forms.Unbounded("a divisor may be 0")
