"""outer(a, b): the matrix a b^T of every product of a component of a with one of b.

Shapes: a [..., n], b [..., m] to [..., n, m]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
shapes = ((2, 3), (2, 4))
text, latex = "outer({0}, {1})", r"{0:product} {1:product}^\top"
javascript = """
const columns = sizes[1].at(-1);
for (let i = 0; i < out.length; i++) {{
  const row = Math.floor(i / columns), head = Math.floor(row / sizes[0].at(-1));
  out[i] = {0}[row] * {1}[head * columns + i % columns];
}}
"""
javascript_gradient = (
    """
const columns = sizes[1].at(-1);
for (let i = 0; i < {d}.length; i++) {{
  const row = Math.floor(i / columns), head = Math.floor(row / sizes[0].at(-1));
  {to}[row] += {d}[i] * {1}[head * columns + i % columns];
}}
""",
    """
const columns = sizes[1].at(-1);
for (let i = 0; i < {d}.length; i++) {{
  const row = Math.floor(i / columns), head = Math.floor(row / sizes[0].at(-1));
  {to}[head * columns + i % columns] += {d}[i] * {0}[row];
}}
""",
)


def axes(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    if not a or not b or a[:-1] != b[:-1]:
        raise ValueError(f"{a} and {b} differ before their last axis")
    return (*a, b[-1])


def numbers(a: Any, b: Any) -> Any:
    return a[..., :, None] * b[..., None, :]


reference = numbers


def kernel(parts: Any, a: Any, b: Any) -> Any:
    return parts.multiply(a, b)


def bounds(rounding: Rounding | None, a: FormArray, b: FormArray) -> FormArray:
    from holdfast.alphabet import multiply
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis

    rows = zip(last_axis(a), last_axis(b), strict=True)
    return FormArray.of(
        axes(a.shape, b.shape), [multiply.bounds(rounding, x, y) for left, right in rows for x in left for y in right]
    )
