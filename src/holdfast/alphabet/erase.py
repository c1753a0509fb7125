"""erase(a, k, c) = a - (a k) c^T: what a matrix returns under k is taken from it along c.

Shapes: a [..., n, m], k and c [..., m] to [..., n, m]. One word, since a enters twice: with c = b k and |k| = 1 the
result is a (I - b k k^T), which is 0 along k for b = 1 and longer than a in no direction for b in [0, 2]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from holdfast.core.ops import PRODUCT

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

arity = 3
shapes = ((2, 3, 4), (2, 4), (2, 4))
text, latex = "erase({0}, {1}, {2})", r"{0:product} \, (I - {1:product} {2:product}^\top)"
level = PRODUCT
javascript = """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < out.length; i += columns) {{
  const head = Math.floor(i / (rows * columns)) * columns;
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {0}[i + j] * {1}[head + j];
  for (let j = 0; j < columns; j++) out[i + j] = {0}[i + j] - sum * {2}[head + j];
}}
"""
javascript_gradient = (
    """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < {d}.length; i += columns) {{
  const head = Math.floor(i / (rows * columns)) * columns;
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {d}[i + j] * {2}[head + j];
  for (let j = 0; j < columns; j++) {to}[i + j] += {d}[i + j] - sum * {1}[head + j];
}}
""",
    """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < {d}.length; i += columns) {{
  const head = Math.floor(i / (rows * columns)) * columns;
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {d}[i + j] * {2}[head + j];
  for (let j = 0; j < columns; j++) {to}[head + j] -= sum * {0}[i + j];
}}
""",
    """
const [rows, columns] = sizes[0].slice(-2);
for (let i = 0; i < {d}.length; i += columns) {{
  const head = Math.floor(i / (rows * columns)) * columns;
  let sum = 0;
  for (let j = 0; j < columns; j++) sum += {0}[i + j] * {1}[head + j];
  for (let j = 0; j < columns; j++) {to}[head + j] -= sum * {d}[i + j];
}}
""",
)


def axes(a: tuple[Any, ...], k: tuple[Any, ...], c: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(a) < 2 or not (*a[:-2], a[-1]) == k == c:
        raise ValueError(f"{k} and {c} must have the axes {a} without the last but one")
    return a


def numbers(a: Any, k: Any, c: Any) -> Any:
    return a - (a * k[..., None, :]).sum(-1)[..., None] * c[..., None, :]


reference = numbers


def kernel(parts: Any, a: Any, k: Any, c: Any) -> Any:
    return parts.subtract(a, parts.multiply(parts.sum_last(parts.multiply(a, k)), c))


def bounds(rounding: Rounding | None, a: FormArray, k: FormArray, c: FormArray) -> FormArray:
    """Number j of a row is (1 - k_j c_j) a_j - c_j * (the sum of k_i a_i over all other i)."""
    from holdfast.alphabet.enclosures import forms
    from holdfast.alphabet.enclosures.arrays import FormArray, last_axis

    keys, changes = list(last_axis(k)), list(last_axis(c))
    found: list[Form] = []
    for number, row in enumerate(last_axis(a)):
        of = number // a.shape[-2]
        found += _row(rounding, [forms.result(x) for x in row], keys[of], changes[of])
    return FormArray.of(a.shape, found)


def _row(rounding: Rounding | None, row: Sequence[Form], key: Sequence[Form], change: Sequence[Form]) -> Iterator[Form]:
    from holdfast.alphabet.enclosures import forms

    pairs = list(zip(row, key, strict=True))
    products = [forms.times(x, y) for x, y in pairs]
    for place, (x, y, z) in enumerate(zip(row, key, change, strict=True)):
        rest = forms.added([forms.ZERO, *products[:place], *products[place + 1 :]])
        own = forms.times(y, z)
        exact = forms.times(forms.plus(forms.UNIT, forms.negated(own)), x)
        exact = forms.plus(exact, forms.negated(forms.times(rest, z)))
        yield exact if rounding is None else _computed(rounding, exact, x, own, z, pairs)


def _computed(rounding: Rounding, exact: Form, x: Form, own: Form, z: Form, pairs: Sequence[tuple[Form, Form]]) -> Form:
    """One number as it is computed, x - p z. What ``away`` adds up: where x is subnormal it may be 0 in p and not in
    the difference, or the reverse (``own`` is its factor in p z); the scalar product p (Lemmas 2 and 4), its product
    with z (Lemmas 1 and 4), the difference (Lemma 3). Where p z is x without an error, as after a write of strength 1
    under a key of a single 1, the result is exactly 0.
    """
    from holdfast.alphabet.enclosures.forms import NOTHING, ONE, total, widened
    from holdfast.alphabet.enclosures.rounding import is_power

    pairs = [(a, b) for a, b in pairs if not (a.is_number(0) or b.is_number(0))]
    if not pairs:
        return x
    number, tiny, size = len(pairs), rounding.tiny, total(a.size * b.size for a, b in pairs)
    if number > 1:
        away = rounding.gamma(number) * size + (2 * number - 1) * (1 + rounding.gamma(number - 1)) * tiny
    elif any(is_power(one) and one.size >= 1 for one in pairs[0]):
        away = NOTHING
    else:
        away = tiny if any(map(is_power, pairs[0])) else rounding.gamma(1) * size + tiny
    rounding.fits(size + away)
    if z.is_number(0):
        return x
    size, away = (size + away) * z.size, away * z.size
    if not is_power(z):
        away += rounding.gamma(1) * size
    if not (is_power(z) and z.size >= 1):
        away += tiny
    rounding.fits(x.size + size + away)
    if rounding.underflows(x):
        away += own.size.max(ONE) * tiny
    away += rounding.gamma(1) * (exact.size + away)
    found = widened(exact, away)
    return widened(found, tiny) if rounding.underflows(found) else found
