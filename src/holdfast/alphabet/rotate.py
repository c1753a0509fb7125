"""rotate(a, angle): pairs of numbers turned by an angle in radians, as a complex number is by a factor of size 1.

Shapes: a [..., 2], angle [...] to [..., 2]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 2
shapes = ((3, 2), (3,))
text, latex = "rotate({0}, {1})", r"R({1}) {0:atom}"
javascript = """
for (let i = 0; i < out.length; i += 2) {{
  const angle = {1}[i / 2], cosine = Math.cos(angle), sine = Math.sin(angle);
  const [x, y] = [{0}[i], {0}[i + 1]];
  out[i] = x * cosine - y * sine;
  out[i + 1] = x * sine + y * cosine;
}}
"""
javascript_gradient = (
    """
for (let i = 0; i < {d}.length; i += 2) {{
  const angle = {1}[i / 2], cosine = Math.cos(angle), sine = Math.sin(angle);
  {to}[i] += {d}[i] * cosine + {d}[i + 1] * sine;
  {to}[i + 1] += {d}[i + 1] * cosine - {d}[i] * sine;
}}
""",
    """
for (let i = 0; i < {d}.length; i += 2) {to}[i / 2] += {d}[i + 1] * {y}[i] - {d}[i] * {y}[i + 1];
""",
)


def axes(a: tuple[Any, ...], angle: tuple[Any, ...]) -> tuple[Any, ...]:
    if a[:-1] != angle or (a and isinstance(a[-1], int) and a[-1] != 2):
        raise ValueError(f"{a} is not {angle} with one more axis, of two numbers")
    return a


def numbers(a: Any, angle: Any) -> Any:
    import jax.numpy as jnp

    x, y, cosine, sine = a[..., 0], a[..., 1], jnp.cos(angle), jnp.sin(angle)
    return jnp.stack([x * cosine - y * sine, x * sine + y * cosine], -1)


def reference(a: Any, angle: Any) -> Any:
    import numpy as np

    turned = (a[..., 0] + 1j * a[..., 1]) * np.exp(1j * angle)
    return np.stack([turned.real, turned.imag], -1)


def bounds(rounding: Rounding | None, a: FormArray, angle: FormArray) -> FormArray:
    """The sums of products of a pair with the cosine and the sine."""
    from holdfast.alphabet.contract import dot
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis
    from holdfast.alphabet.enclosures.circle import cosine_and_sine

    found: list[forms.Form] = []
    for pair, turn in zip(last_axis(a), angle, strict=True):
        cosine, sine = cosine_and_sine(rounding, turn)
        found += [dot(rounding, pair, (cosine, forms.negated(sine))), dot(rounding, pair, (sine, cosine))]
    return FormArray.of(a.shape, found)
