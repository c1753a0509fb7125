"""a + b + ...: the sum of independent terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import SUM

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = None
text = latex = javascript = cpp = "{0} + {1}"
level = SUM
gradient = ("{d}",)
exact = True


def numbers(*terms: Any) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


reference = numbers


def bounds(rounding: Rounding | None, *terms: Form) -> Form:
    """In rounded arithmetic a sum of sums may be added in any order: it is one sum of all their terms."""
    from holdfast.alphabet.enclosures import forms

    there = [term for term in terms if not term.is_number(0)]
    if len(there) < 2:
        return there[0] if there else forms.ZERO
    if rounding is None:
        return forms.added(there)
    parts = [term.summands or forms.Summands(term, 1, 0, 0, term.size) for term in there]
    together = forms.Summands(
        forms.added([part.exact for part in parts]),
        sum(part.number for part in parts),
        sum(part.rounded for part in parts),
        sum(part.subnormal for part in parts),
        forms.total(part.size for part in parts),
    )
    pending = together if any(term.summands for term in there) else None
    return rounding.sum(together)._replace(summands=pending)
