"""Results are data. What draws them, by their type, is in ``report/``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class Table:
    """Rows under heads; a head carries its unit. Every cell is text, already rounded as it is to be read."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph; ``title`` stands above it."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a ``LinePlot``; ``y`` has None where there is no finite number, ``low`` and ``high`` bound a band."""

    name: str
    x: tuple[float, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class LinePlot:
    """Lines over one axis; a label carries its unit. ``x_log`` and ``y_log`` ask for logarithmic axes."""

    lines: tuple[Line, ...]
    x_label: str
    y_label: str
    title: str = ""
    x_log: bool = False
    y_log: bool = False


@dataclass(frozen=True)
class Heatmap:
    """A number for every (row, column), None where there is none: ``values[row][column]``, ``unit`` says of what."""

    values: tuple[tuple[float | None, ...], ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_label: str
    column_label: str
    unit: str
    title: str = ""


Part = Table | Text | LinePlot | Heatmap
"""What a result is made of, in the order in which it is read."""


def finite(value: float) -> float | None:
    """The number, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def rounded_up(bound: float, digits: int = 6) -> str:
    """A bound in so many digits, never below the bound itself.

    >>> rounded_up(0.1234561), rounded_up(0.5), rounded_up(0.0)
    ('0.123457', '0.5', '0')
    """
    if bound == 0 or not math.isfinite(bound):
        return f"{bound:g}"
    exact = Decimal(bound)
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    mantissa, e, exponent = f"{exact.quantize(step, ROUND_CEILING, Context(prec=2000)):.{digits}g}".partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + e + exponent


def some(rows: Sequence[Row], most: int) -> list[Row]:
    """At most ``most`` of the rows, evenly spaced, with the first and the last.

    >>> some(range(101), 5)
    [0, 25, 50, 75, 100]
    """
    if len(rows) <= most:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]
