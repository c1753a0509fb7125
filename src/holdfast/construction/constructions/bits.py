"""Bits for ever, against noise: a bistable unit for each.

                          slope a > 1 at 0
    m <- F(a m + w x)     o-----x-----o            two stable points o, the unstable one x between them
                        -m_lo   0   m_lo

Noise |x| <= nu moves the pre-activation by at most w nu. As long as F(a m - w nu) = m still has a solution m_lo, the
interval [m_lo, 1] is mapped into itself: a bit in it stays for ever. For F = tanh that is so while

    w nu < a m_c - atanh(m_c),    m_c = sqrt(1 - 1/a).
"""

from __future__ import annotations

from holdfast.construction.program import RegisterProgram
from holdfast.core.scenario import drawn
from holdfast.tasks.bits import Bits


def program(task: Bits, cell: str) -> RegisterProgram:
    """A program with one bistable unit for each sign."""
    made = RegisterProgram()
    _, noise = drawn(-task.noise, task.noise)
    signs = [made.real(f"sign {j}", -1.0, 1.0) for j in range(1, task.bits + 1)]
    for j, sign in enumerate(signs, 1):
        made.output(made.bit(f"bit {j}", sign, noise=noise))
    return made
