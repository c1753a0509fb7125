"""a / rms(a), with the root of the mean of squares over the last axis: rms(a) = sqrt(mean(a * a) + 1e-6).

Shapes: a [..., n] to [..., n]. Source: Zhang & Sennrich 2019, arXiv:1910.07467, without the learned scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flint import arb

    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Computed, Rounding

LEAST = 1e-6
"""Added to the mean of squares, so that there is a slope where all of a is 0."""

arity = 1
shapes = ((2, 3),)
text, latex = "rms_normalise({0})", r"{0:atom} / \mathrm{{rms}}({0})"
javascript = """
const columns = sizes[0].at(-1);
for (let first = 0; first < out.length; first += columns) {{
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {0}[first + j] ** 2;
  const root = Math.sqrt(sum / columns + 1e-6);
  for (let j = 0; j < columns; j++) out[first + j] = {0}[first + j] / root;
}}
"""
javascript_gradient = (
    """
const columns = sizes[0].at(-1);
for (let first = 0; first < {d}.length; first += columns) {{
  let sum = 0, along = 0;
  for (let j = 0; j < columns; j++) sum += {0}[first + j] ** 2;
  for (let j = 0; j < columns; j++) along += {d}[first + j] * {y}[first + j];
  const root = Math.sqrt(sum / columns + 1e-6), mean = along / columns;
  for (let j = 0; j < columns; j++) {to}[first + j] += ({d}[first + j] - mean * {y}[first + j]) / root;
}}
""",
)


def axes(a: tuple[Any, ...]) -> tuple[Any, ...]:
    if not a:
        raise ValueError("there is no axis to take the mean over")
    return a


def numbers(a: Any) -> Any:
    import jax.numpy as jnp

    from holdfast.alphabet import divide

    return divide.numbers(a, jnp.sqrt((a * a).mean(-1, keepdims=True) + LEAST))


def reference(a: Any) -> Any:
    import numpy as np

    return a / np.sqrt((a * a).mean(-1, keepdims=True) + LEAST)


def bounds(rounding: Rounding | None, a: FormArray) -> FormArray:
    """Within what the components and their squares can be, and never beyond sqrt(n); what they depend on is followed
    through a times 1 / rms(a) where that says more."""
    from flint import arb

    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis
    from holdfast.alphabet.enclosures.convex import RECIPROCAL_ROOT
    from holdfast.alphabet.enclosures.norms import divided_by_norm

    count = arb(a.shape[-1])

    def at(value: arb, others: arb) -> arb:
        return value / ((value**2 + others) / count + arb(LEAST)).sqrt()

    found: list[forms.Form] = []
    ends = divided_by_norm(a, at, count.sqrt())
    for row in last_axis(a):
        squares = [forms.within(forms.times(x, x), forms.NOTHING, x.size**2) for x in row]
        mean = forms.plus(forms.scaled(forms.added(squares), 1 / count), forms.number(arb(LEAST)))
        value = None if rounding is None else _mean(rounding, forms.total(x.size**2 for x in row), len(row))
        factor = RECIPROCAL_ROOT(forms.within(mean, arb(LEAST), mean.high))
        for x, end in zip(row, ends, strict=False):
            moved = forms.times(forms.result(x), factor)
            exact = forms.within(moved, end.low, end.high) if moved.slack < end.slack else end
            found.append(rounding.over_root(exact, value) if rounding and value else exact)
    return FormArray.of(a.shape, found)


def _mean(rounding: Rounding, size: arb, count: int) -> Computed:
    """What the root is taken of: a sum of squares, a quotient of two roundings, a rounded constant, and their sum."""
    from flint import arb

    from holdfast.alphabet.enclosures.rounding import Computed

    squares = rounding.squares(size, count)
    rounding.fits(squares.most * (1 + rounding.gamma(count)) + squares.lost)
    lost = (squares.lost + 2 * rounding.tiny) * (1 + rounding.gamma(3))
    return Computed(count + 3, lost, arb(LEAST), size / count + arb(LEAST))
