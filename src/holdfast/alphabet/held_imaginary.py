"""Im((exp(z) - 1) / z) with z = x + i y: the imaginary part that belongs to ``held_real``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
domain = ((-3.0, -0.1), (-3.0, 3.0))
text = "held_imaginary({0}, {1})"
latex = r"\mathrm{{Im}}\frac{{e^{{{0} + i {1:product}}} - 1}}{{{0} + i {1:product}}}"
javascript = (
    "(Math.exp({0}) * Math.sin({1}) * {0} - (Math.exp({0}) * Math.cos({1}) - 1) * {1}) / ({0} * {0} + {1} * {1})"
)
javascript_gradient = (
    "{d} * (Math.exp({0}) * ((1 + {0}) * Math.sin({1}) - {1} * Math.cos({1})) - 2 * {0} * {y})"
    " / ({0} * {0} + {1} * {1})",
    "{d} * (Math.exp({0}) * (({0} - 1) * Math.cos({1}) + {1} * Math.sin({1})) + 1 - 2 * {1} * {y})"
    " / ({0} * {0} + {1} * {1})",
)


def numbers(x: Any, y: Any) -> Any:
    from holdfast.alphabet import divide, held_real

    p, q, size = held_real.parts(x, y)
    return divide.numbers(q * x - p * y, size)


def reference(x: Any, y: Any) -> Any:
    from holdfast.alphabet import held_real

    return held_real.quotient(x, y).imag


def bounds(rounding: Rounding | None, x: Form, y: Form) -> Form:
    from holdfast.alphabet import held_real

    return held_real.enclosures(rounding, x, y)[1]
