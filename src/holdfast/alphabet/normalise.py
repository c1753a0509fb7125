"""a / |a|, with the Euclidean norm over the last axis; 0 where all of a is 0.

Shapes: a [..., n] to [..., n]. Below a norm of 1e-12 a is divided by that, as in PyTorch's ``normalize``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

LEAST = 1e-12
"""The least norm that is divided by."""

arity = 1
shapes = ((2, 3),)
limits = (-1.0, 1.0)
text, latex = "normalise({0})", r"{0:atom} / \lVert {0} \rVert"
javascript = """
const columns = sizes[0].at(-1);
for (let first = 0; first < out.length; first += columns) {{
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {0}[first + j] ** 2;
  const norm = Math.max(Math.sqrt(sum), 1e-12);
  for (let j = 0; j < columns; j++) out[first + j] = {0}[first + j] / norm;
}}
"""
javascript_gradient = (
    """
const columns = sizes[0].at(-1);
for (let first = 0; first < {d}.length; first += columns) {{
  let sum = 0, along = 0;
  for (let j = 0; j < columns; j++) sum += {0}[first + j] ** 2;
  for (let j = 0; j < columns; j++) along += {d}[first + j] * {y}[first + j];
  const norm = Math.sqrt(sum), least = norm < 1e-12;
  const by = least ? 1e-12 : norm, part = least ? 0 : along;
  for (let j = 0; j < columns; j++) {to}[first + j] += ({d}[first + j] - part * {y}[first + j]) / by;
}}
""",
)


def axes(a: tuple[Any, ...]) -> tuple[Any, ...]:
    if not a:
        raise ValueError("there is no axis to take the norm over")
    return a


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    from holdfast.alphabet import divide

    return divide.numbers(a, jnp.sqrt(jnp.maximum((a * a).sum(-1, keepdims=True), LEAST**2)))


def reference(a: Any) -> Any:
    import numpy as np

    return a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), LEAST)


def kernel(parts: Any, a: Any) -> Any:
    return parts.divide(a, parts.root(parts.sum_last(parts.multiply(a, a)), LEAST**2))


def bounds(rounding: Rounding | None, a: FormArray) -> FormArray:
    """Within what the components and their squares can be."""
    from flint import arb

    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis
    from holdfast.alphabet.enclosures.forms import ONE, Form, total
    from holdfast.alphabet.enclosures.norms import divided_by_norm

    def at(value: arb, others: arb) -> arb:
        return value / (value**2 + others).sqrt().max(arb(LEAST))

    found = list(divided_by_norm(a, at, ONE))
    if rounding is None:
        return FormArray.of(a.shape, found)
    least, count = arb(LEAST) ** 2, a.shape[-1]
    computed: list[Form] = []
    for place, row in enumerate(last_axis(a)):
        # Of two numbers the larger, the other a constant that is rounded from double precision, which rounds it too.
        squares = rounding.squares(total(x.size**2 for x in row), count)
        value = squares._replace(roundings=max(count, 2), least=least, most=squares.most + least)
        computed += [rounding.over_root(x, value) for x in found[place * count : (place + 1) * count]]
    return FormArray.of(a.shape, computed)
