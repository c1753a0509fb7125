"""2 a - 1: an opening, a number in [0, 1], as a number in [-1, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import SUM

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
text = "2 * {0:product} - 1"
latex = "2 {0:product} - 1"
level = SUM
cpp = javascript = "2 * {0} - 1"
gradient = ("2 * {d}",)
exact = True


def numbers(a: Any) -> Any:
    return 2 * a - 1


reference = numbers


def bounds(rounding: Rounding | None, a: Form) -> Form:
    """The product by 2 is not rounded."""
    from flint import arb

    from holdfast.alphabet import add
    from holdfast.alphabet.enclosures import forms

    twice = forms.scaled(forms.result(a), arb(2))
    if rounding is not None:
        twice = rounding.flushed(twice)
    return add.bounds(rounding, twice, forms.number(-1))
