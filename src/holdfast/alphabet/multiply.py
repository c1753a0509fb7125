"""a * b, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
text = "{0:product} * {1:product}"
latex = r"{0:product} \odot {1:product}"
level = PRODUCT
javascript = cpp = "{0} * {1}"
gradient = ("{d} * {1}", "{d} * {0}")


def numbers(a: Any, b: Any) -> Any:
    return a * b


reference = numbers


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    from holdfast.alphabet.enclosures import forms

    found = forms.result(forms.times(a, b))
    return found if rounding is None else rounding.product(found, a, b)
