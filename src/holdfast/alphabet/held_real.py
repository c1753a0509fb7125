"""Re((exp(z) - 1) / z) with z = x + i y: how an input that is held for a step adds to a complex state.

With the state's rate times the length of the step as z, the input is multiplied by this and by the length of the step
(zero-order hold).
It is not a number where z is 0. Source: Smith, Warrington & Linderman 2023, arXiv:2208.04933, equation 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
domain = ((-3.0, -0.1), (-3.0, 3.0))
text = "held_real({0}, {1})"
latex = r"\mathrm{{Re}}\frac{{e^{{{0} + i {1:product}}} - 1}}{{{0} + i {1:product}}}"
javascript = (
    "((Math.exp({0}) * Math.cos({1}) - 1) * {0} + Math.exp({0}) * Math.sin({1}) * {1}) / ({0} * {0} + {1} * {1})"
)
javascript_gradient = (
    "{d} * (Math.exp({0}) * ((1 + {0}) * Math.cos({1}) + {1} * Math.sin({1})) - 1 - 2 * {0} * {y})"
    " / ({0} * {0} + {1} * {1})",
    "{d} * (Math.exp({0}) * ((1 - {0}) * Math.sin({1}) + {1} * Math.cos({1})) - 2 * {1} * {y})"
    " / ({0} * {0} + {1} * {1})",
)


def numbers(x: Any, y: Any) -> Any:
    from holdfast.alphabet import divide

    p, q, size = parts(x, y)
    return divide.numbers(p * x + q * y, size)


def parts(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """The real and the imaginary part of exp(z) - 1, and |z|^2."""
    import jax.numpy as jnp

    from holdfast.alphabet import exp

    e = exp.numbers(x)
    return e * jnp.cos(y) - 1, e * jnp.sin(y), x * x + y * y


def reference(x: Any, y: Any) -> Any:
    return quotient(x, y).real


def quotient(x: Any, y: Any) -> Any:
    """(exp(z) - 1) / z in NumPy."""
    import numpy as np

    z = x + 1j * y
    return (np.exp(z) - 1) / z


def bounds(rounding: Rounding | None, x: Form, y: Form) -> Form:
    return enclosures(rounding, x, y)[0]


def enclosures(rounding: Rounding | None, x: Form, y: Form) -> tuple[Form, Form]:
    """Of the real and the imaginary part. In real arithmetic around the middle of the operands: the slope of the
    quotient, the integral of t exp(t z) over t from 0 to 1, is at most max(1, exp(x)) / 2. In rounded arithmetic as it
    is computed, word by word."""
    from flint import acb

    from holdfast.alphabet import add, divide, exp, multiply
    from holdfast.alphabet.contract import dot
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.circle import cosine_and_sine

    if rounding is None:
        z = acb((x.low + x.high) / 2, (y.low + y.high) / 2)
        if not abs(z) > 0:
            raise forms.Unbounded("a divisor may be 0")
        value = (z.exp() - 1) / z
        far = ((x.high - x.low) ** 2 + (y.high - y.low) ** 2).sqrt() / 2 if not (x.is_point and y.is_point) else None
        slack = forms.NOTHING if far is None else far * forms.ONE.max(x.high.exp()) / 2
        return forms.widened(forms.number(value.real), slack), forms.widened(forms.number(value.imag), slack)
    x, y = forms.result(x), forms.result(y)
    cosine, sine = cosine_and_sine(rounding, y)
    size, e = dot(rounding, (x, y), (x, y)), exp.bounds(rounding, x)
    p, q = (
        add.bounds(rounding, multiply.bounds(rounding, e, cosine), forms.number(-1)),
        multiply.bounds(rounding, e, sine),
    )
    tops = dot(rounding, (p, q), (x, y)), dot(rounding, (q, forms.negated(p)), (x, y))
    real, imaginary = (divide.bounds(rounding, forms.result(top), forms.result(size)) for top in tops)
    return real, imaginary
