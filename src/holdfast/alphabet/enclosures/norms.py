"""A vector divided by a norm of itself: each component rises with itself, and falls towards 0 with the size of every
other one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from flint import arb

from holdfast.alphabet.enclosures.forms import NOTHING, Form, interval, within

if TYPE_CHECKING:
    from holdfast.alphabet.enclosures.arrays import FormArray


def divided_by_norm(a: FormArray, at: Callable[[arb, arb], arb], most: arb) -> Iterator[Form]:
    """Every component over its vector's norm, as an interval: what it depends on is forgotten.

    ``at(value, others)`` is the component where it has this value and the squares of all others have this sum; no
    component is larger than ``most``, whatever is known of the vector.
    """
    from holdfast.alphabet.enclosures.arrays import last_axis

    for row in last_axis(a):
        least = [
            NOTHING if x.low <= 0 <= x.high or not (x.low > 0 or x.high < 0) else abs(x.low).min(abs(x.high))
            for x in row
        ]
        for place, x in enumerate(row):
            near = sum((one**2 for n, one in enumerate(least) if n != place), NOTHING)
            far = sum((y.size**2 for n, y in enumerate(row) if n != place), NOTHING)
            low = at(x.low, near).min(at(x.low, far))  # on both sides of 0: a ball may lie on both
            high = at(x.high, near).max(at(x.high, far))
            yield within(interval(low if low.is_finite() else -most, high if high.is_finite() else most), -most, most)
