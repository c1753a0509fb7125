"""Arrays of forms: the value of a state or gate with any number of axes, in row-major order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from holdfast.alphabet.enclosures.forms import Form


class FormArray(tuple[Form, ...]):
    """Forms with a shape. A plain tuple of forms is an array of one axis."""

    shape: tuple[int, ...]

    @classmethod
    def of(cls, shape: tuple[int, ...], values: Iterable[Form]) -> FormArray:
        made = cls(values)
        assert len(made) == prod(shape), f"{len(made)} forms have not the shape {shape}"
        made.shape = shape
        return made


def as_array(values: tuple[Form, ...]) -> FormArray:
    """The same forms with a shape; one axis where they have none."""
    return values if isinstance(values, FormArray) else FormArray.of((len(values),), values)


def last_axis(values: FormArray) -> Iterator[tuple[Form, ...]]:
    """Every vector along the last axis."""
    size = values.shape[-1]
    return (tuple(values[first : first + size]) for first in range(0, len(values), max(1, size)))


def aligned(operands: tuple[tuple[Form, ...], ...]) -> tuple[tuple[int, ...], list[tuple[Form, ...]]]:
    """The largest shape, and every operand with that: one with fewer axes is repeated along the last ones, which it
    lacks. In row-major order each of its forms then stands for as many in a row."""
    arrays = [as_array(operand) for operand in operands]
    shape = arrays[0].shape
    if all(a.shape == shape for a in arrays):
        return shape, list[tuple[Form, ...]](arrays)
    shape = max((a.shape for a in arrays), key=len)
    found: list[tuple[Form, ...]] = []
    for a in arrays:
        assert a.shape == shape[: len(a.shape)], f"{a.shape} must be the first axes of {shape}"
        times = prod(shape[len(a.shape) :])
        found.append(a if times == 1 else tuple(form for form in a for _ in range(times)))
    return shape, found
