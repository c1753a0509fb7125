"""a / sqrt(n), where n is the size of the last axis: the scale of scores in attention.

Shapes: a [..., n] to [..., n]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 1
shapes = ((2, 3),)
text, latex = "divide_by_root_size({0})", r"{0:product} / \sqrt{{n}}"
javascript = """
const root = Math.sqrt(sizes[0].at(-1));
for (let i = 0; i < out.length; i++) out[i] = {0}[i] / root;
"""
javascript_gradient = (
    """
const root = Math.sqrt(sizes[0].at(-1));
for (let i = 0; i < {d}.length; i++) {to}[i] += {d}[i] / root;
""",
)


def axes(a: tuple[Any, ...]) -> tuple[Any, ...]:
    if not a:
        raise ValueError("there is no axis whose size is divided by")
    return a


def numbers(a: Any) -> Any:
    return a * (a.shape[-1] ** -0.5)


def reference(a: Any) -> Any:
    return a / a.shape[-1] ** 0.5


def kernel(parts: Any, a: Any) -> Any:
    return parts.over_root_of_size(a)


def bounds(rounding: Rounding | None, a: FormArray) -> FormArray:
    """A product with a rounded constant, which is within its roundoff, and half a roundoff of float64, of 1/sqrt(n)."""
    from flint import arb

    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.arrays import FormArray

    exact = [forms.scaled(forms.result(x), 1 / arb(a.shape[-1]).sqrt()) for x in a]
    if rounding is None or a.shape[-1] == 1:
        return FormArray.of(a.shape, exact)
    return FormArray.of(a.shape, [x if x.is_number(0) else rounding.rounded(x, roundings=4) for x in exact])
