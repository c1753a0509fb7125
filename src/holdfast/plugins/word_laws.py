"""The laws of a word: all its implementations agree, in float64, on random operands.

Each law is a function of the word. It raises ``LawViolation`` if it does not hold, and ``NotApplicable`` if it does not
apply to the word.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from holdfast import alphabet
from holdfast.core.formats import Format
from holdfast.core.ops import Word
from holdfast.plugins.equations import WORDS
from holdfast.plugins.laws import NotApplicable, expect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.forms import Form
    from holdfast.alphabet.enclosures.rounding import Rounding

ROUNDED = 1e-13
"""The accepted difference between two ways of computing a number near 1."""
DIFFERENCES = 1e-8
"""The accepted absolute and relative difference between a finite difference and the gradient."""
STEP = 1e-6
DRAWS = 64
WIDE = (-3.0, 3.0)
"""The interval for operands whose domain the word does not restrict."""
CPP: dict[str, Any] = {
    "magnitude": np.abs,
    "where_positive": lambda a, d: np.where(a > 0, d, 0.0),
    "where_larger": lambda a, b, d: np.where(a > b, d, np.where(a == b, d / 2, 0.0)),
    "__builtins__": {},
}
"""Functions in templates that are not words."""


def numbers_are_the_reference(word: Word) -> None:
    """The JAX and NumPy implementations agree."""
    operands = drawn(word, 0)
    got = np.asarray(word.numbers(*map(jnp.asarray, operands)))
    _close(got, word.reference(*operands), ROUNDED, "numbers in JAX")


def results_have_the_axes(word: Word) -> None:
    """For operands with a leading batch axis, the result has the axes that the word declares."""
    operands = drawn(word, 7)
    got = np.shape(word.numbers(*map(jnp.asarray, operands)))
    wanted = (DRAWS, *word.axes_of_result([operand.shape[1:] for operand in operands]))
    expect(got == wanted, f"the result has the shape {got}, expected {wanted}")


def the_gradient_is_the_slope(word: Word) -> None:
    """JAX's gradient equals finite differences of the reference, for every operand (for words on whole arrays, in a
    random direction)."""
    operands = drawn(word, 1)
    if word.axes is not None:
        directions = drawn(word, 8)
        for place, along in enumerate(directions):

            def moved(change: Any, place: int = place, along: Any = along, numbers: Any = word.numbers) -> Any:
                changed = (o + change * along if n == place else o for n, o in enumerate(operands))
                return numbers(*changed)

            got = jax.jvp(moved, (0.0,), (1.0,))[1]
            wanted = _differences(partial(moved, numbers=word.reference))
            _close(np.asarray(got), wanted, DIFFERENCES, f"the gradient of operand {place + 1}")
        return
    for place in range(len(operands)):

        def total(a: Any, place: int = place) -> Any:
            return word.numbers(*(a if n == place else jnp.asarray(o) for n, o in enumerate(operands))).sum()

        got = np.asarray(jax.grad(total)(jnp.asarray(operands[place])))
        _close(got, _slope(word, operands, place), DIFFERENCES, f"the gradient of operand {place + 1}")


def cotangents_are_the_slope(word: Word) -> None:
    """The C++ templates of the gradient, evaluated as Python, equal finite differences of the reference."""
    if word.gradient is None or word.cpp is None:
        raise NotApplicable("there is no kernel for it")
    operands = drawn(word, 2)
    functions = CPP | {name: alphabet.get(name).reference for name in alphabet.FOLDER.names()}
    names = {f"a{n}": operand for n, operand in enumerate(operands)}
    result = eval(word.filled(word.cpp, list(names)), functions, names)
    _close(result, word.reference(*operands), ROUNDED, "the C++")
    templates = word.gradient * len(operands) if word.arity is None else word.gradient
    expect(len(templates) == len(operands), f"gradient has {len(templates)} templates for {len(operands)} operands")
    for place, template in enumerate(templates):
        text = template.format(*names, d="d", y="y")
        got = eval(text, functions, names | {"d": np.full(DRAWS, 2.0), "y": result})
        _close(got / 2, _slope(word, operands, place), DIFFERENCES, f"the cotangent of operand {place + 1}")


def the_text_is_the_reference(word: Word) -> None:
    """The formula in text, evaluated as Python, equals the reference."""
    operands = drawn(word, 3)
    names = {f"a{n}": operand for n, operand in enumerate(operands)}
    text = re.sub(r"\{(\d):\w+\}", r"{\1}", word.text)
    _close(eval(word.filled(text, list(names)), WORDS, names), word.reference(*operands), ROUNDED, "the text")


def results_are_within_the_limits(word: Word) -> None:
    """No result is outside the limits, and results for operands far from 0 come close to them."""
    if word.limits is None:
        raise NotApplicable("it has no limits")
    low, high = word.limits
    for spread in (1.0, 10.0, 200.0):
        with np.errstate(over="ignore"):
            found = word.reference(*(spread * operand for operand in drawn(word, 4)))
        expect(bool(np.all((found >= low) & (found <= high))), f"{found.min():g} ... {found.max():g} is outside them")


def bounds_contain_numbers(word: Word) -> None:
    """For operands that depend on one number and on independent errors, every result is within its bounds."""
    from flint import arb

    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.forms import made

    random = np.random.default_rng(5)
    for width in (1e-6, 1e-2, 0.3, 0.9):
        for operands in zip(*(operand[:16] for operand in drawn(word, 6)), strict=True):
            parts = [
                [_inside(word, n, a, width * random.uniform(0, 1, 2)) for a in np.ravel(operand)]
                for n, operand in enumerate(operands)
            ]
            shapes = [np.shape(operand) for operand in operands]
            values = [[made(arb(a), {"x": arb(b)}, arb(c)) for a, b, c in some] for some in parts]
            arrays = [FormArray.of(shape, some) for shape, some in zip(shapes, values, strict=True)]
            found = _bounds_of(word, None, arrays)
            for x in np.linspace(-1, 1, 9):
                chosen = [
                    np.reshape([a + b * x + c * random.uniform(-1, 1) for a, b, c in some], shape)
                    for some, shape in zip(parts, shapes, strict=True)
                ]
                results = np.ravel(word.reference(*chosen)).tolist()
                told = f"{word.name} of {[one.tolist() for one in chosen]}"
                for form, value in zip(found, results, strict=True):
                    _expect_inside(form, value, x, f"{told} is {value!r}")


def _bounds_of(word: Word, rounding: Rounding | None, operands: Sequence[FormArray]) -> Sequence[Form]:
    """The forms of the result, computed together for a word on whole arrays, otherwise number by number."""
    if word.axes is not None:
        return word.bounds(rounding, *operands)
    return [word.bounds(rounding, *(operand[0] for operand in operands))]


def _expect_inside(form: Form, value: float, x: float, told: str) -> None:
    from flint import arb

    middle = float(form.centre + sum((part * x for part in form.terms.values()), arb(0)))
    away = abs(value - middle) - float(form.slack.upper())
    expect(away <= ROUNDED * max(1.0, abs(value)), f"{told}, {away:.2g} outside its form")
    ends = float(form.low.lower()) - ROUNDED, float(form.high.upper()) + ROUNDED
    expect(ends[0] <= value <= ends[1], f"{told}, outside {ends}")


def rounded_bounds_contain_numbers(word: Word) -> None:
    """In float32 and float64, JAX's results for operands of all magnitudes are within the bounds for rounded
    arithmetic, where these are finite."""
    from flint import arb, ctx

    from holdfast.alphabet.enclosures.arrays import FormArray
    from holdfast.alphabet.enclosures.forms import Unbounded, number
    from holdfast.alphabet.enclosures.rounding import ACCURACIES, Rounding

    before, ctx.prec = ctx.prec, 128
    try:
        for dtype, accuracy in ACCURACIES.items():
            rounding, said = Rounding(accuracy), 0
            operands = [part.astype(dtype) for part in _of_all_sizes(word, accuracy.format)]
            with jax.enable_x64(True):
                results = np.asarray(jax.jit(word.numbers)(*map(jnp.asarray, operands)))
            for values, result in zip(zip(*operands, strict=True), results, strict=True):
                try:
                    read = [
                        FormArray.of(a.shape, (rounding.flushed(number(arb(one))) for one in np.ravel(a).tolist()))
                        for a in map(np.asarray, values)
                    ]
                    found = _bounds_of(word, rounding, read)
                except Unbounded:
                    continue
                said += 1
                for form, one in zip(found, np.ravel(result).tolist(), strict=True):
                    value = arb(one)
                    outside = value < form.low or value > form.high or abs(value - form.centre) > form.slack
                    told = f"{dtype}: {word.name} of {[np.asarray(a).tolist() for a in values]} is {one!r}"
                    expect(not outside, f"{told}, outside its rounded bounds")
            expect(said > DRAWS, f"{dtype}: rounded bounds say something of {said} of {len(results)} draws only")
    finally:
        ctx.prec = before


LAWS = (
    numbers_are_the_reference,
    results_have_the_axes,
    the_gradient_is_the_slope,
    cotangents_are_the_slope,
    the_text_is_the_reference,
    results_are_within_the_limits,
    bounds_contain_numbers,
    rounded_bounds_contain_numbers,
)


def drawn(word: Word, seed: int) -> list[np.ndarray]:
    """Random operands [draw, *axes] within the word's domain; three operands for a word with any number of them."""
    random = np.random.default_rng(seed)
    limits = word.domain or (WIDE,) * (word.arity or 3)
    shapes = word.shapes or ((),) * len(limits)
    return [random.uniform(low, high, (DRAWS, *shape)) for (low, high), shape in zip(limits, shapes, strict=True)]


def _of_all_sizes(word: Word, form: Format) -> list[np.ndarray]:
    """Operands [draw, *axes]: those of ``drawn`` multiplied by powers of two, if they stay in the word's domain."""
    random = np.random.default_rng(7)
    found = []
    for place, operand in enumerate(drawn(word, 8)):
        scale = 2.0 ** np.concatenate([random.integers(-3, 8, 8 * DRAWS), random.integers(form.least_normal, 0, DRAWS)])
        wide = np.concatenate([operand] * 9) * scale.reshape(-1, *(1,) * (operand.ndim - 1))
        if word.domain:
            wide = np.clip(wide, *word.domain[place])
        found.append(np.concatenate([operand, wide]))
    return found


def _inside(word: Word, place: int, centre: float, sizes: np.ndarray) -> tuple[float, float, float]:
    """A centre, a coefficient of x and an independent error that together stay within the domain."""
    low, high = word.domain[place] if word.domain else (-np.inf, np.inf)
    room = min(centre - low, high - centre, 1.0)
    return float(centre), float(sizes[0] * room / 2), float(sizes[1] * room / 2)


def _slope(word: Word, operands: list[np.ndarray], place: int) -> np.ndarray:
    def at(change: float) -> np.ndarray:
        return word.reference(*(o + change if n == place else o for n, o in enumerate(operands)))

    return _differences(at)


def _differences(at: Any) -> np.ndarray:
    """The derivative at 0 by fourth-order finite differences."""
    return (8 * (at(STEP * 100) - at(-STEP * 100)) - (at(STEP * 200) - at(-STEP * 200))) / (12 * STEP * 100)


def _close(got: Any, wanted: Any, tolerance: float, what: str) -> None:
    away = np.max(np.abs(got - wanted) / np.maximum(1, np.abs(wanted)))
    expect(bool(away <= tolerance), f"{what} is off by {away:.2g}, expected at most {tolerance:g}")
