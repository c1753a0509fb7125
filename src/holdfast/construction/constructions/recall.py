"""Recall of the k-th real number: written at one step, shut in at every later one.

    step        1      2      3      4    ...  n
    started     0      1      1      1         1        before the step
    write gate  open   shut   shut   shut      shut
    first       x_1    x_1    x_1    x_1       x_1      within the claim

The write gate is a threshold on ``started``: open at step 1, because a network starts from zero, and shut for ever
after, because ``started`` never falls. What is lost is the sum of what each gate lacks, and the curvature of tanh:
for an LSTM, with A, B, C, D the pre-activations and w the scale,

    |y - x_1| <= a (e^-A + e^-D + (n-1) (e^-C + e^-(B-A))) + (2/3) w^2 a^3      for |x| <= a.

For the k-th number a clock takes the place of ``started``: the latch is overwritten up to step k, then shut. Cells
that cannot overwrite open it for step k alone, between two flags.
"""

from __future__ import annotations

from holdfast.construction.program import RegisterProgram
from holdfast.core.scenario import drawn
from holdfast.tasks.recall import Recall

CLEARS = ("lstm", "gru")
"""Cells with a gate that can overwrite a kept value."""


def program(task: Recall, cell: str) -> RegisterProgram:
    """A program with one latch and the flags that it needs."""
    made, k = RegisterProgram(), task.position
    x = made.real("x", *drawn(*task.range))
    name = "first value" if k == 1 else f"value {k}"
    if k == 1:
        written = ~made.flag("started", after=1)
    elif cell in CLEARS:
        written = ~made.flag(f"step {k} read", after=k)
    else:
        written = made.flag(f"step {k - 1} read", after=k - 1) & ~made.flag(f"step {k} read", after=k)
    made.output(made.latch(name, x, when=written, writes=None if k > 1 and cell in CLEARS else 1))
    return made
