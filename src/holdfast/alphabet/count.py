"""a + 1, for a state that counts steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import SUM

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
text = latex = "{0} + 1"
javascript = "{0} + 1"
level = SUM
exact = True


def numbers(a: Any) -> Any:
    return a + 1


reference = numbers


def bounds(rounding: Rounding | None, a: Form) -> Form:
    from holdfast.alphabet import add
    from holdfast.alphabet.enclosures.forms import UNIT

    return add.bounds(rounding, a, UNIT)
