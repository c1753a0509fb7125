"""A bit held for ever: one bistable unit m <- F(a m, w x), and how much noise it bears.

With F increasing in both and odd, all noise |x| <= nu, and m_lo the largest fixed point of m = F(a m, -w nu), the
interval from m_lo to the ceiling of F is mapped into itself, so a bit that is in it stays in it for ever, whatever is
read. The first step writes F(0, +-w), and w is chosen so that it lands inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.construction.budget import Budget
from holdfast.construction.layout import Layout
from holdfast.core.formats import Format

STEEPEST = 200.0
READ_ROUNDINGS = 4
"""Units of roundoff of a bit's read-out: of its weight, the product and the sum."""


@dataclass(frozen=True)
class Span:
    """``feedback`` a and ``write`` w; m is read as ``read`` * m with an error of at most ``error``."""

    feedback: float
    write: float
    read: float
    error: float

    def budget(self, format: Format) -> Budget:
        """What a bit may be off: where m is in its interval, and the read-out's roundings."""
        return Budget(hold=self.error, rounding=READ_ROUNDINGS * format.roundoff if self.error else 0.0)


def bistable(layout: Layout, curve: Callable[[float, float], float], high: float = 1.0) -> Span:
    """The gentlest feedback for which every bit is read within the tolerance; F stays below ``high``."""
    bits = layout.program.bits
    noise = max((b.noise for b in bits), default=0.0)
    if not bits:
        return Span(0.0, 0.0, 1.0, 0.0)
    best = None
    feedback = 1.5
    while feedback < STEEPEST:
        write = feedback / (1 + noise)
        low = 1.0
        for _ in range(500):
            low = curve(feedback * low, -write * noise)
        # The first step writes F(0, w); a little is left for rounding.
        low = min(low, curve(0.0, write)) - 16 * layout.demand.format.roundoff
        if low > 0 and curve(feedback * low, -write * noise) >= low:
            best = Span(feedback, write, 2 / (low + high), (high - low) / (high + low))
            if best.error <= layout.demand.tolerance:
                return best
        feedback *= 1.1
    for bit in bits:
        layout.refuse(
            f"'{bit.name}' must tolerate noise of {noise:g} and be read within {layout.demand.tolerance:g}"
            + (f"; the least error found is {best.error:.2g}" if best else "; no feedback gain achieves it")
        )
    return best or Span(1.0, 1.0, 1.0, 1.0)
