"""A GRU unit that measures time, for both implementations of registers on a GRU."""

from __future__ import annotations

import math

from holdfast.construction.budget import sigmoid
from holdfast.construction.gains import Gains
from holdfast.construction.layout import drive_name, last_flag, ranges
from holdfast.construction.program import RegisterProgram
from holdfast.construction.sheet import Sheet
from holdfast.construction.threshold import Range

FULL = 20.0
"""A candidate's pre-activation with tanh(20) = 1 - 8e-18: the constant 1."""


def clock(program: RegisterProgram, sheet: Sheet, gains: Gains) -> list[dict[str, Range]]:
    """A unit that measures time: h = 1 - kept^t. For a flag after one step it reaches 1 in that step."""
    last, name = last_flag(program), drive_name(program)
    if not last:
        return [{}]
    kept = sigmoid(-gains.open) if last == 1 else 1 - 1 / last
    sheet.unit(
        name,
        "flag" if last == 1 else "clock",
        update=(-gains.open if last == 1 else math.log(kept / (1 - kept)), {}),
        candidate=(FULL, {}),
    )
    heights = [0.0]
    for _ in range(last):
        heights.append(kept * heights[-1] + (1 - kept) * math.tanh(FULL))
    return ranges(heights, name)
