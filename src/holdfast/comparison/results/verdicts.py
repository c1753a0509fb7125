"""Verdicts on the claims of a study, and the comparison of two success rates.

A verdict is based on confidence intervals: "holds" if the claim is true everywhere in the 95 % interval, "does not
hold" if the interval excludes the claim, otherwise "undecided". ``apart`` compares two rates in this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.core.rates import Rate

Word = Literal["holds", "does not hold", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """A claim, the measured ``figures`` for it (name to text or number), the verdict, and its reason."""

    claim: str
    figures: dict[str, str | float | int | None]
    verdict: Word
    why: str

    def as_json(self) -> dict[str, object]:
        return {"claim": self.claim, "figures": self.figures, "verdict": self.verdict, "why": self.why}


def apart(more: Rate, less: Rate) -> Word:
    """Whether ``more`` is a higher rate than ``less``, by Newcombe's 95 % interval of the difference (1998, method 10,
    from the two Wilson intervals): "holds" if the interval is above 0, "does not hold" if it is below 0 or contains no
    value above 0.1, otherwise "undecided".

    >>> apart(Rate(20, 20), Rate(2, 20)), apart(Rate(2, 20), Rate(20, 20)), apart(Rate(9, 20), Rate(8, 20))
    ('holds', 'does not hold', 'undecided')
    """
    low, high = difference(more, less)
    if low > 0:
        return "holds"
    return "does not hold" if high < 0.1 else "undecided"


def difference(one: Rate, other: Rate) -> tuple[float, float]:
    """Newcombe's 95 % interval of the difference of two rates, ``one`` minus ``other``.

    >>> [round(d, 4) for d in difference(Rate(56, 70), Rate(48, 80))]  # Newcombe 1998, table II, example (a)
    [0.0524, 0.3339]
    """
    if not one.of or not other.of:
        return -1.0, 1.0
    p, q = one.solved / one.of, other.solved / other.of
    (l1, u1), (l2, u2) = one.interval, other.interval
    down = ((p - l1) ** 2 + (u2 - q) ** 2) ** 0.5
    up = ((u1 - p) ** 2 + (q - l2) ** 2) ** 0.5
    return p - q - down, p - q + up
