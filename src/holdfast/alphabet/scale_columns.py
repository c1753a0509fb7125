"""scale_columns(a, b): the matrix a diag(b), every column of a multiplied by its number.

Shapes: a [..., n, m], b [..., m] to [..., n, m]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
shapes = ((2, 3, 4), (2, 4))
componentwise = (0,)
text, latex = "scale_columns({0}, {1})", r"{0:product} \, \mathrm{{diag}}({1})"
level = PRODUCT
javascript = """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < out.length; i++) {{
  out[i] = {0}[i] * {1}[Math.floor(i / (rows * columns)) * columns + i % columns];
}}
"""
javascript_gradient = (
    """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < {d}.length; i++) {{
  {to}[i] += {d}[i] * {1}[Math.floor(i / (rows * columns)) * columns + i % columns];
}}
""",
    """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < {d}.length; i++) {{
  {to}[Math.floor(i / (rows * columns)) * columns + i % columns] += {d}[i] * {0}[i];
}}
""",
)


def axes(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(a) < 2 or (*a[:-2], a[-1]) != b:
        raise ValueError(f"{b} must have the axes {a} without the last but one")
    return a


def numbers(a: Any, b: Any) -> Any:
    return a * b[..., None, :]


reference = numbers


def kernel(parts: Any, a: Any, b: Any) -> Any:
    return parts.multiply(a, b)


def bounds(rounding: Rounding | None, a: FormArray, b: FormArray) -> FormArray:
    from holdfast.alphabet import multiply
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis

    factors = list(last_axis(b))
    return FormArray.of(
        a.shape,
        [
            multiply.bounds(rounding, x, y)
            for number, row in enumerate(last_axis(a))
            for x, y in zip(row, factors[number // a.shape[-2]], strict=True)
        ],
    )
