"""a - b, component by component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import SUM

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
text = latex = "{0} - {1:product}"
level = SUM
cpp = "{0} - {1}"
gradient = ("{d}", "0 - {d}")
javascript = "{0} - ({1})"
exact = True


def numbers(a: Any, b: Any) -> Any:
    return a - b


reference = numbers


def bounds(rounding: Rounding | None, a: Form, b: Form) -> Form:
    """In rounded arithmetic a sum of which every term of b has the other sign."""
    from holdfast.alphabet import add
    from holdfast.alphabet.enclosures import forms

    return add.bounds(rounding, a, forms.negated(b))
