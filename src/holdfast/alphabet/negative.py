"""-a, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
text = latex = "-{0:product}"
level = PRODUCT
javascript = "-({0})"
cpp = "0 - {0}"
gradient = ("0 - {d}",)
exact = True


def numbers(a: Any) -> Any:
    return -a


reference = numbers


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """It rounds nothing."""
    from holdfast.alphabet.enclosures import forms

    return forms.result(forms.negated(a))
