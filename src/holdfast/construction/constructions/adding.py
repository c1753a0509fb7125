"""Adding: a register that grows by the value whenever the marker is on.

    marker   0     1     0     0     1     0
    value    .3    .7    .1    .9    .2    .5
    sum      0     .7    .7    .7    .9    .9       the target, at the end

The write gate is a threshold on the marker, which is an input: no flag is needed, one unit does it on an LSTM or a
GRU. In the form of 1997 a mark on the very first pair does not count, so the gate also waits for ``started``, and the
read-out is 0.5 + sum/4. With |value| <= a each of two writes bends by at most w^2 a^3/3 and the read-out by
w^2 (2a)^3/3, so w = sqrt(e)/a is of the right size.
"""

from __future__ import annotations

from holdfast.construction.program import RegisterProgram
from holdfast.tasks.adding import Adding


def program(task: Adding, cell: str) -> RegisterProgram:
    """A program with one register: the sum of two marked values."""
    made, old = RegisterProgram(), task.variant == "1997"
    value = made.real("value", -1.0 if old else 0.0, 1.0)
    made.mark("marker", *((-1.0, 0.0, 1.0) if old else (0.0, 1.0)))
    marked = made.reads("marker")
    if old:
        marked = marked & made.flag("started", after=1)
    total = made.accumulate("sum", value, when=marked, writes=2)
    made.output(total * 0.25 + 0.5 if old else total)
    return made
