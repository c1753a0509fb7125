"""Associative recall by a matrix memory: every value is stored under the key that is read before it.

    read      k2   v7   k5   v1   v3   v0   k5   v4   k2   v9
    stored    .    k2v7 .    k5v1 .    .    .    k5v4 .    k2v9
    answer                                  v1        v7

The value after a key that is asked for is to be ignored. It is stored under that key, too, which is never asked for
again.
How each cell stores is in ``construction/associative.py``.
"""

from __future__ import annotations

from holdfast.construction.program import RegisterProgram
from holdfast.tasks.mqar import Mqar


def program(task: Mqar, cell: str) -> RegisterProgram:
    """A program whose one memory is associative."""
    made, kinds = RegisterProgram(), range(1, task.symbols // 2 + 1)
    keys, values = [f"key {n}" for n in kinds], [f"value {n}" for n in kinds]
    made.symbols(*keys, *values)
    made.choose(made.pairs(keys, values), gap=1.0)
    return made
