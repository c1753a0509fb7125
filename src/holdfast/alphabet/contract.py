"""contract(a, b): the sum over the last axis of a * b: a matrix times a vector, or two vectors' scalar product.

Shapes: a [..., n, m] or [..., m], b [..., m] to [..., n] or [...]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
shapes = ((2, 3, 4), (2, 4))
text, latex = "contract({0}, {1})", "{0:product} {1:atom}"
level = PRODUCT
javascript = """
const columns = sizes[1].at(-1), rows = sizes[0].length > sizes[1].length ? sizes[0].at(-2) : 1;
for (let i = 0; i < out.length; i++) {{
  const head = Math.floor(i / rows);
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {0}[i * columns + j] * {1}[head * columns + j];
  out[i] = sum;
}}
"""
javascript_gradient = (
    """
const columns = sizes[1].at(-1), rows = sizes[0].length > sizes[1].length ? sizes[0].at(-2) : 1;
for (let i = 0; i < {d}.length; i++) {{
  const head = Math.floor(i / rows) * columns;
  for (let j = 0; j < columns; j++) {to}[i * columns + j] += {d}[i] * {1}[head + j];
}}
""",
    """
const columns = sizes[1].at(-1), rows = sizes[0].length > sizes[1].length ? sizes[0].at(-2) : 1;
for (let i = 0; i < {d}.length; i++) {{
  const head = Math.floor(i / rows) * columns;
  for (let j = 0; j < columns; j++) {to}[head + j] += {d}[i] * {0}[i * columns + j];
}}
""",
)


def axes(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    if not b or not (a == b or (len(a) > 1 and (*a[:-2], a[-1]) == b)):
        raise ValueError(f"{b} must have the axes {a}, with or without the last but one")
    return a[:-1]


def numbers(a: Any, b: Any) -> Any:
    return (a * (b if a.ndim == b.ndim else b[..., None, :])).sum(-1)


reference = numbers


def kernel(parts: Any, a: Any, b: Any) -> Any:
    return parts.sum_last(parts.multiply(a, b))


def bounds(rounding: Rounding | None, a: FormArray, b: FormArray) -> FormArray:
    """Each number is a sum of products, which may be added in any order."""
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis

    vectors = list(last_axis(b))
    rows = list(last_axis(a))
    repeat = len(rows) // max(1, len(vectors))
    return FormArray.of(
        axes(a.shape, b.shape), [dot(rounding, row, vectors[n // repeat]) for n, row in enumerate(rows)]
    )


def dot(rounding: Rounding | None, a: Any, b: Any) -> Any:
    """The bounds of the sum of a * b, both as many forms."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.rounding import is_power

    pairs = [(x, y) for x, y in zip(a, b, strict=True) if not (x.is_number(0) or y.is_number(0))]
    products = [forms.result(forms.times(forms.result(x), forms.result(y))) for x, y in pairs]
    if not products:
        return forms.ZERO
    exact = forms.added(products)
    if rounding is None:
        return exact
    if len(products) == 1:
        return rounding.product(exact, *pairs[0])
    rounded = sum(not (is_power(x) or is_power(y)) for x, y in pairs)
    size = forms.total(x.size * y.size for x, y in pairs)
    terms = forms.Summands(exact, len(products), rounded, len(products) - rounded, size)
    return rounding.sum(terms)._replace(summands=terms)
