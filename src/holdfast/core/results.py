"""Results are data. What draws them, by their type, is in ``report/``."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows under heads; a head carries its unit. Every cell is text, already rounded as it is to be read."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""


def finite(value: float) -> float | None:
    """The number, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None
