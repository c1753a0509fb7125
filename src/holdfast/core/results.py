"""Results are data. What draws them, by their type, is in ``report/``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


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


Part = Table | Text
"""What a result is made of, in the order in which it is read."""


def finite(value: float) -> float | None:
    """The number, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def some(rows: Sequence, most: int) -> list:
    """At most ``most`` of the rows, evenly spread, the first and the last among them.

    >>> some(range(101), 5)
    [0, 25, 50, 75, 100]
    """
    if len(rows) <= most:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]
