"""k * a + (1 - k) * b, in this order of operations, for k in [0, 1].

With k exactly 1.0 and a finite b, a normal number a comes out bit for bit (of a zero, all but its sign); with
b + k * (a - b) it would not, because IEEE subtraction rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import SUM

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 3
domain = ((0.0, 1.0), (-2.0, 2.0), (-2.0, 2.0))
text = "{0:product} * {1:product} + (1 - {0:product}) * {2:product}"
latex = r"{0:product} \odot {1:product} + (1 - {0:product}) \odot {2:product}"
level = SUM
javascript = cpp = "{0} * {1} + (1 - {0}) * {2}"
gradient = ("{d} * ({1} - {2})", "{d} * {0}", "{d} * (1 - {0})")


def numbers(keep: Any, kept: Any, new: Any) -> Any:
    return keep * kept + (1 - keep) * new


reference = numbers


def bounds(rounding: Rounding | None, keep: Form, kept: Form, new: Form) -> Form:
    from holdfast.alphabet.enclosures import forms

    found = forms.result(forms.mixed(keep, kept, new))
    return found if rounding is None else rounding.mixed(found, keep, kept, new)
